//! `plinth doctor`: checks what building and serving plugins needs.

use std::path::Path;

use anyhow::{Result, bail};

use crate::dev::postgres::{Account, Programs};
use crate::progress::Progress;
use crate::toolchain::{self, TARGET, Toolchain};

/// Checks what building and serving plugins needs, and says what to do.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Install the wasm target where it is missing.
    #[arg(long)]
    fix: bool,
}

/// Rust below this can't build the host or the SDK.
const RUST_MIN: (u32, u32) = (1, 95);

/// Reading dirty pages from the kernel, which makes fresh instances cheap.
const PAGEMAP_SCAN_KERNEL: (u32, u32) = (6, 7);

/// Below this the host runs out of file descriptors before its own limit.
const OPEN_FILES_MIN: u64 = 4096;

/// What a check found.
enum Finding {
    Good(String),
    /// It works, but could be better: what to do.
    Poor(String, String),
    /// It does not work: what to do.
    Bad(String, String),
}

pub(super) async fn run(args: Args) -> Result<()> {
    if args.fix {
        toolchain::ensure_wasm_target(&Progress::stderr()).await?;
    }
    let checks = [
        ("Rust", rust().await),
        ("wasm target", wasm_target().await),
        ("Postgres", postgres().await),
        ("open files", open_files()),
        ("kernel", kernel()),
    ];
    let mut bad = 0;
    for (name, finding) in checks {
        let (mark, found, advice) = match finding {
            Finding::Good(found) => ("✓", found, None),
            Finding::Poor(found, advice) => ("!", found, Some(advice)),
            Finding::Bad(found, advice) => {
                bad += 1;
                ("✗", found, Some(advice))
            }
        };
        println!("{mark} {name:<12} {found}");
        if let Some(advice) = advice {
            println!("  {:<12} → {advice}", "");
        }
    }
    if bad > 0 {
        bail!("{bad} of the checks failed");
    }
    Ok(())
}

async fn rust() -> Finding {
    let (major, minor) = RUST_MIN;
    let update = format!(
        "plugins need Rust {major}.{minor} or later: `rustup update`, or https://rustup.rs"
    );
    match Toolchain::find().await {
        Err(error) => Finding::Bad(format!("{error:#}"), update),
        Ok(found) if version(&found.version) < Some(RUST_MIN) => {
            Finding::Bad(found.version, update)
        }
        Ok(found) => Finding::Good(found.version),
    }
}

async fn wasm_target() -> Finding {
    let install = format!("`plinth doctor --fix`, or `rustup target add {TARGET}`");
    match Toolchain::find().await {
        Ok(found) if found.has_target() => Finding::Good(TARGET.into()),
        Ok(_) => Finding::Bad(format!("{TARGET} is not installed"), install),
        Err(_) => Finding::Bad("no Rust, so no target".into(), install),
    }
}

async fn postgres() -> Finding {
    let found = match Programs::find().await {
        Ok(found) => found,
        Err(error) => {
            let advice = "only `serve` and `dev --database` work without";
            return Finding::Bad(format!("{error:#}"), advice.into());
        }
    };
    let folder = found
        .postgres
        .parent()
        .unwrap_or(Path::new("/"))
        .display()
        .to_string();
    match Account::choose() {
        Ok(account) => Finding::Good(format!(
            "{} in {folder}, run as user {}",
            found.version,
            account.name()
        )),
        Err(error) => Finding::Bad(
            format!("{error:#}"),
            "create a user: `useradd --system postgres`".into(),
        ),
    }
}

fn open_files() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match limit {
        Some(limit) if limit < OPEN_FILES_MIN => Finding::Poor(
            format!("at most {limit}"),
            format!(
                "each connection takes one: `ulimit -n {OPEN_FILES_MIN}` or LimitNOFILE= in systemd"
            ),
        ),
        Some(limit) => Finding::Good(format!("at most {limit}")),
        None => Finding::Good("no limit".into()),
    }
}

fn kernel() -> Finding {
    let name = rustix::system::uname();
    let system = name.sysname().to_string_lossy().into_owned();
    let release = name.release().to_string_lossy().into_owned();
    let found = format!("{system} {release}");
    if system != "Linux" || version(&release) >= Some(PAGEMAP_SCAN_KERNEL) {
        return Finding::Good(found);
    }
    let (major, minor) = PAGEMAP_SCAN_KERNEL;
    Finding::Poor(
        found,
        format!("Linux {major}.{minor} or later makes `instances = \"fresh\"` 2.5 times cheaper"),
    )
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(version("1.100.0") > Some(RUST_MIN));
        assert!(version("1.95.0-nightly") >= Some(RUST_MIN));
        assert!(version("6.10.3-generic") > Some(PAGEMAP_SCAN_KERNEL));
        assert_eq!(version("x"), None);
    }
}
