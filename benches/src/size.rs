//! `size`: the `.wasm` files that `plinth build` makes.

use anyhow::{Result, bail};
use plinth_host::dev::build::Profile;
use plinth_host::progress::Progress;

use crate::plugins::{self, BOOKSTORE, HELLO};
use crate::report::Table;

/// What each plugin's file may weigh, with a margin: the standard library of the
/// target differs between machines.
const LIMITS_BYTES: [(&str, u64); 2] = [(HELLO, 200_000), (BOOKSTORE, 1_200_000)];

pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let sizes = runtime.block_on(sizes())?;
    let mut table = Table::new(&["plugin", ".wasm", "limit"]);
    for Size {
        plugin,
        bytes,
        limit,
    } in &sizes
    {
        table.row(&[(*plugin).to_owned(), kilobytes(*bytes), kilobytes(*limit)]);
    }
    table.print("Sizes of the components that `plinth build` makes.");
    match sizes.iter().find(|size| size.bytes > size.limit) {
        Some(Size {
            plugin,
            bytes,
            limit,
        }) => {
            bail!(
                "{plugin} has {}, its limit is {}",
                kilobytes(*bytes),
                kilobytes(*limit)
            )
        }
        None => Ok(()),
    }
}

struct Size {
    plugin: &'static str,
    bytes: u64,
    limit: u64,
}

async fn sizes() -> Result<Vec<Size>> {
    let progress = Progress::stderr();
    let mut sizes = Vec::new();
    for (plugin, limit) in LIMITS_BYTES {
        let component = plugins::build(plugin, Profile::Release, &progress).await?;
        sizes.push(Size {
            plugin,
            bytes: std::fs::metadata(component)?.len(),
            limit,
        });
    }
    Ok(sizes)
}

fn kilobytes(bytes: u64) -> String {
    format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kilobyte_is_a_thousand_bytes() {
        assert_eq!(kilobytes(200_000), "200.0 KB");
        assert_eq!(kilobytes(74_079), "74.0 KB");
    }
}
