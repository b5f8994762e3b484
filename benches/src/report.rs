//! What is printed: the command, the machine, a Markdown table.

use std::fs;

use anyhow::{Context, Result};
use plinth_host::dev::postgres::{Account, Programs};

/// The command that makes this table.
fn command() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!(
        "`cargo run --release -p plinth-benches -- {}`",
        arguments.join(" ")
    )
}

/// What a reader must know of the machine to compare figures.
pub(crate) async fn machine() -> Result<String> {
    let cores = std::thread::available_parallelism().context("the number of cores")?;
    let release =
        fs::read_to_string("/proc/sys/kernel/osrelease").context("the kernel's version")?;
    let kernel = release.trim().split('-').next().unwrap_or_default();
    let postgres = Programs::find(&Account::choose()?).await?.version;
    let architecture = std::env::consts::ARCH;
    Ok(format!(
        "{cores} cores ({architecture}), Linux {kernel}, Postgres {postgres}"
    ))
}

/// A Markdown table.
#[derive(Debug)]
pub(crate) struct Table {
    text: String,
    columns: usize,
    rows: usize,
}

impl Table {
    /// Begins with the names of the columns.
    pub(crate) fn new(columns: &[&str]) -> Self {
        let rule = "|---".repeat(columns.len());
        let text = format!("| {} |\n{rule}|\n", columns.join(" | "));
        Self {
            text,
            columns: columns.len(),
            rows: 0,
        }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: &[String; N]) {
        assert_eq!(
            cells.len(),
            self.columns,
            "a row has a cell for each column"
        );
        self.text.push_str(&format!("| {} |\n", cells.join(" | ")));
        self.rows += 1;
    }

    /// Whether it has no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Prints it below the command that makes it and what it is about.
    pub(crate) fn print(&self, about: &str) {
        println!("{}\n\n{about}\n\n{}", command(), self.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_below_their_columns() {
        let mut table = Table::new(&["plugin", "size"]);
        table.row(&["hello".into(), "74.0 KB".into()]);
        assert_eq!(
            table.text,
            "| plugin | size |\n|---|---|\n| hello | 74.0 KB |\n"
        );
    }

    #[tokio::test]
    async fn the_machine_is_told_in_general_words() {
        let machine = machine().await.expect("a machine");
        assert!(
            machine.contains(" cores (")
                && machine.contains("Linux ")
                && machine.contains("Postgres ")
        );
    }
}
