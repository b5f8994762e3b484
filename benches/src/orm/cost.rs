//! How long building and compiling queries takes.

use anyhow::{Context, Result, bail};
use plinth_host::config::InstancePolicy;
use plinth_host::dev::build::{PluginCrate, Profile};
use plinth_host::dev::postgres::{PrivatePostgres, Storage};
use plinth_host::progress::Progress;

use crate::connection::{Connection, request};
use crate::plugins;
use crate::report::{self, Table};
use crate::running_host::{RunningHost, Setup};
use crate::stability::median;

const QUERIES: &str = "queries";

/// What is asked of the component, and what it is.
const KINDS: [(&str, &str); 3] = [
    ("row", "a row by its key"),
    ("list", "a list over two joins, its shape compiled before"),
    ("rare-list", "the same, its shape new"),
];

/// What building and compiling a typical query may take.
const LIMIT_NANOSECONDS: f64 = 3_000.0;

/// How often each is measured: the median is the figure.
const RUNS: usize = 7;

pub(super) struct Cost {
    /// Nanoseconds of building, and of building and compiling, of each kind.
    figures: Vec<(&'static str, f64, f64)>,
}

pub(super) async fn measure(rounds: u32, progress: &Progress) -> Result<Cost> {
    let folder = plugins::workspace()
        .join("benches/components")
        .join(QUERIES);
    let source = PluginCrate::open(&folder).await?;
    let component = source.build(Profile::Release, progress).await?.component;
    let postgres = PrivatePostgres::start(Storage::Temporary, progress).await?;
    postgres.create_database_if_missing(QUERIES).await?;
    let folder = tempfile::tempdir()?;
    let setup = Setup {
        plugins: vec![(QUERIES, component)],
        database_url: postgres.url(QUERIES),
        data_dir: folder.path().to_owned(),
        instances: InstancePolicy::Reuse,
        fast_compilation: false,
        create_tables: true,
    };
    let running = RunningHost::start(&setup).await?;
    let step = progress.step("Queries");
    let mut connection = Connection::open(running.address()).await?;
    let mut figures = Vec::new();
    for (kind, name) in KINDS {
        let built = nanoseconds(&mut connection, &format!("{kind}-built"), rounds).await?;
        let compiled = nanoseconds(&mut connection, kind, rounds).await?;
        figures.push((name, built, compiled));
    }
    step.done("measured");
    running.stop().await?;
    postgres.stop().await?;
    Ok(Cost { figures })
}

async fn nanoseconds(connection: &mut Connection, kind: &str, rounds: u32) -> Result<f64> {
    let request = request(&format!("/{kind}/{rounds}"));
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let answer = connection.ask(&request).await?;
        let text = std::str::from_utf8(&answer).context("a number")?;
        runs.push(
            text.parse::<f64>()
                .with_context(|| format!("{kind}: {text}"))?,
        );
    }
    Ok(median(&runs))
}

impl Cost {
    pub(super) async fn print(&self) -> Result<()> {
        let mut table = Table::new(&["query", "built", "built and compiled", "limit"]);
        let micros = |nanoseconds: f64| format!("{:.2} µs", nanoseconds / 1000.0);
        for (name, built, compiled) in &self.figures {
            let cells = [*built, *compiled, LIMIT_NANOSECONDS].map(micros);
            let [built, compiled, limit] = cells;
            table.row(&[(*name).to_owned(), built, compiled, limit]);
        }
        let machine = report::machine().await?;
        table.print(&format!(
            "Queries in a plugin by its own clock, medians of {RUNS} runs. {machine}."
        ));
        Ok(())
    }

    pub(super) fn check(&self) -> Result<()> {
        let mut figures = self.figures.iter();
        match figures.find(|(_, _, compiled)| *compiled > LIMIT_NANOSECONDS) {
            Some((name, ..)) => bail!("{name} takes longer than the limit"),
            None => Ok(()),
        }
    }
}
