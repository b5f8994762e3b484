//! `plinth doctor`: checks what building and serving plugins needs.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::dev::postgres::{Account, Programs, SOCKET_FOLDER_BYTES_MAX, fits_socket};
use crate::progress::Progress;
use crate::toolchain::{self, TARGET, Toolchain};

/// Checks what building and serving plugins needs, and says what to do.
///
/// One line a check: ✓ is well, ! works but could be better, ✗ has to be mended.
/// Exits with an error while there is a ✗.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Install the wasm target where it is missing.
    ///
    /// With rustup where that can download, else built from Debian's source
    /// packages; nothing is installed outside the Rust toolchain.
    #[arg(long)]
    fix: bool,
}

/// Rust below this can't build the host or the SDK.
const RUST_MIN: (u32, u32) = (1, 95);

/// Reading dirty pages from the kernel, which makes fresh instances cheap.
const PAGEMAP_SCAN_KERNEL: (u32, u32) = (6, 7);

/// Below this the host runs out of file descriptors before its own limit.
const OPEN_FILES_MIN: u64 = 4096;

/// What the builds of a plugin and its dependencies take, with some to spare.
const DISK_FREE_BYTES_MIN: u64 = 2 << 30;

/// What a check found.
enum Finding {
    Good(String),
    /// It works, but could be better: what to do.
    Poor(String, String),
    /// It does not work: what to do.
    Bad(String, String),
}

pub(super) async fn run(args: Args) -> Result<()> {
    // What can't be mended shows up among the checks, beside all others.
    let fixed = if args.fix {
        toolchain::ensure_wasm_target(&Progress::stderr())
            .await
            .map(drop)
    } else {
        Ok(())
    };
    let checks = [
        ("Rust", rust().await),
        ("cargo", cargo().await),
        ("wasm target", wasm_target().await),
        ("Postgres", postgres().await),
        ("unix socket", unix_socket()),
        ("open files", open_files()),
        ("free disk", free_disk()),
        ("kernel", kernel()),
    ];
    let bad = checks
        .iter()
        .filter(|(_, finding)| matches!(finding, Finding::Bad(..)))
        .count();
    for (name, finding) in checks {
        print!("{}", finding.lines(name));
    }
    fixed?;
    if bad > 0 {
        bail!("{bad} of the checks failed");
    }
    Ok(())
}

impl Finding {
    /// The line of a check, and where there is something to do, a second.
    fn lines(&self, name: &str) -> String {
        let (mark, found, advice) = match self {
            Self::Good(found) => ("✓", found, None),
            Self::Poor(found, advice) => ("!", found, Some(advice)),
            Self::Bad(found, advice) => ("✗", found, Some(advice)),
        };
        let advice = advice
            .map(|advice| format!("  {:<12} → {advice}\n", ""))
            .unwrap_or_default();
        format!("{mark} {name:<12} {found}\n{advice}")
    }
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

async fn cargo() -> Finding {
    match toolchain::cargo_version().await {
        Ok(version) => Finding::Good(version),
        Err(error) => Finding::Bad(
            format!("{error:#}"),
            "install it with Rust: https://rustup.rs".into(),
        ),
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
    let account = match Account::choose() {
        Ok(account) => account,
        Err(error) => return Finding::Bad("it would run as root".into(), format!("{error:#}")),
    };
    match Programs::find(&account).await {
        Err(error) => Finding::Bad("not found".into(), format!("{error:#}")),
        Ok(found) => {
            let folder = found.postgres.parent().unwrap_or(Path::new("/")).display();
            Finding::Good(format!(
                "{} in {folder}, would run as user {}",
                found.version,
                account.name()
            ))
        }
    }
}

fn unix_socket() -> Finding {
    let Ok(folder) = std::env::current_dir().map(|folder| folder.join(".plinth/postgres")) else {
        return Finding::Bad(
            "this folder is gone".into(),
            "change to one that exists".into(),
        );
    };
    if fits_socket(&folder) {
        return Finding::Good(format!(
            "{} of at most {SOCKET_FOLDER_BYTES_MAX} bytes",
            folder.as_os_str().len()
        ));
    }
    Finding::Poor(
        format!("{} can't hold one", folder.display()),
        format!(
            "nothing, it goes to /tmp; a plain path of at most {SOCKET_FOLDER_BYTES_MAX} bytes would do"
        ),
    )
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

fn free_disk() -> Finding {
    let places = [
        std::env::current_dir().unwrap_or_default(),
        std::env::temp_dir(),
    ];
    let free: Result<Vec<(u64, &Path)>> = places
        .iter()
        .map(|place| Ok((free_bytes(place)?, place.as_path())))
        .collect();
    let least = free.map(|free| free.into_iter().min());
    match least {
        Ok(Some((free, place))) if free < DISK_FREE_BYTES_MIN => Finding::Poor(
            format!("{} in {}", gigabytes(free), place.display()),
            format!(
                "builds take up to {}: make room, or set CARGO_TARGET_DIR and TMPDIR",
                gigabytes(DISK_FREE_BYTES_MIN)
            ),
        ),
        Ok(Some((free, _))) => Finding::Good(gigabytes(free)),
        Ok(None) => Finding::Good("nothing to look at".into()),
        Err(error) => Finding::Poor(format!("{error:#}"), "check the file system".into()),
    }
}

fn free_bytes(folder: &Path) -> Result<u64> {
    let found = rustix::fs::statvfs(folder)
        .with_context(|| format!("cannot ask about {}", folder.display()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

fn gigabytes(bytes: u64) -> String {
    format!("{}.{} GiB", bytes >> 30, ((bytes % (1 << 30)) * 10) >> 30)
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

    #[test]
    fn a_failing_check_says_what_to_do() {
        let lines = Finding::Bad("missing".into(), "install it".into()).lines("Rust");
        assert_eq!(
            lines,
            "✗ Rust         missing\n               → install it\n"
        );
        assert_eq!(
            Finding::Good("1.95.0".into()).lines("Rust"),
            "✓ Rust         1.95.0\n"
        );
    }

    #[test]
    fn sizes_are_rounded_down() {
        assert_eq!(gigabytes(DISK_FREE_BYTES_MIN), "2.0 GiB");
        assert_eq!(gigabytes((1 << 30) + (1 << 29)), "1.5 GiB");
    }
}
