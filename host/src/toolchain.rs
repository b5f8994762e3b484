//! The `wasm32-wasip2` target: checks for it and installs it.
//!
//! `rustup target add wasm32-wasip2` is all there is to it where rustup can
//! download. Elsewhere the target's standard library is built from Debian's
//! source packages; see `docs/wasm-target.md`.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tempfile::TempDir;
use tokio::process::Command;

use crate::progress::{Progress, Step};

mod debian;

/// The compilation target of plugins.
pub const TARGET: &str = "wasm32-wasip2";

/// Crates without which the target is of no use, whichever way it came.
const CRATES: [&str; 3] = ["libcore-", "liballoc-", "libstd-"];

/// rustup downloads 20 MB; where there is another way it must not take long.
const RUSTUP_TIMEOUT: Duration = Duration::from_secs(20);

/// How long rustup may take where there is no other way.
const RUSTUP_TIMEOUT_ALONE: Duration = Duration::from_secs(300);

/// How often to look whether another process has finished its installation.
const LOCK_POLL: Duration = Duration::from_millis(200);

/// Unfinished installations lie beside the target's folder under such a name.
const STAGING_PREFIX: &str = ".plinth-";

/// Where the target came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was there already.
    Present,
    /// rustup installed it.
    Rustup,
    /// It was built from Debian's source packages.
    BuiltFromSource,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Present => "present",
            Self::Rustup => "installed by rustup",
            Self::BuiltFromSource => "built from Debian's source packages",
        })
    }
}

/// The Rust toolchain that cargo uses here.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// Its version, for example 1.95.0.
    pub version: String,
    sysroot: PathBuf,
}

impl Toolchain {
    /// Asks rustc.
    ///
    /// # Errors
    ///
    /// When there is none; the message says how to get one.
    pub async fn find() -> Result<Self> {
        let verbose = output(rustc().arg("-vV"))
            .await
            .context("rustc is missing: install Rust from https://rustup.rs")?;
        let release = verbose
            .lines()
            .find_map(|line| line.strip_prefix("release: "));
        let version = release.context("rustc -vV names no release")?.to_owned();
        let sysroot = output(rustc().args(["--print", "sysroot"]))
            .await?
            .trim()
            .into();
        Ok(Self { version, sysroot })
    }

    /// Whether the target's standard library is there.
    ///
    /// Only the files count: rustup's own list goes on naming a target whose
    /// folder was removed.
    pub fn has_target(&self) -> bool {
        let entries = std::fs::read_dir(self.target_folder().join("lib"))
            .into_iter()
            .flatten()
            .flatten();
        let names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        let has = |krate: &&str| {
            names
                .iter()
                .any(|name| name.starts_with(krate) && name.ends_with(".rlib"))
        };
        CRATES.iter().all(has)
    }

    fn target_folder(&self) -> PathBuf {
        self.targets_folder().join(TARGET)
    }

    /// The folder of all targets.
    fn targets_folder(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib")
    }

    /// One of the toolchain's own programs, which no `rust-toolchain.toml` redirects.
    fn program(&self, name: &str) -> Option<PathBuf> {
        Some(self.sysroot.join("bin").join(name)).filter(|path| path.is_file())
    }

    /// Lets one process at a time install. The lock is on the folder itself, so
    /// it leaves nothing behind.
    async fn lock(&self) -> Result<File> {
        let folder = self.targets_folder();
        let file =
            File::open(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_POLL).await,
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", folder.display()));
                }
            }
        }
    }

    /// A folder beside the target's to make it in, so that it can be renamed when
    /// it is complete. Call it with the lock held: what it finds of earlier ones
    /// is nobody's.
    fn staging(&self) -> Result<TempDir> {
        let parent = self.targets_folder();
        for entry in std::fs::read_dir(&parent).into_iter().flatten().flatten() {
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with(STAGING_PREFIX)
            {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let staging = tempfile::Builder::new()
            .prefix(STAGING_PREFIX)
            .tempdir_in(&parent);
        staging.map_err(|error| {
            anyhow!(
                "the {TARGET} target is missing and {} can't be written to ({}): run `plinth doctor --fix` as its owner",
                parent.display(),
                error.kind()
            )
        })
    }
}

/// Makes sure that plugins can be compiled.
///
/// Several processes may call it at once: one installs, the others wait.
///
/// # Errors
///
/// When the target is missing and can't be installed; the message says what to
/// do.
pub async fn ensure_wasm_target(progress: &Progress) -> Result<Origin> {
    let toolchain = Toolchain::find().await?;
    if toolchain.has_target() {
        return Ok(Origin::Present);
    }
    let step = progress.step("wasm32-wasip2 target");
    step.note("waiting for another installation to end");
    let _lock = toolchain.lock().await?;
    if toolchain.has_target() {
        step.done("installed by another process");
        return Ok(Origin::Present);
    }
    match install(&toolchain, &step).await {
        Ok(origin) => {
            step.done(&origin.to_string());
            Ok(origin)
        }
        Err(error) => {
            step.fail("can't be installed");
            Err(error)
        }
    }
}

async fn install(toolchain: &Toolchain, step: &Step) -> Result<Origin> {
    // First of all, so that nothing is fetched that can't be put in its place.
    let staging = toolchain.staging()?;
    step.note("asking rustup");
    let Err(rustup) = rustup_add(toolchain).await else {
        return Ok(Origin::Rustup);
    };
    let built = debian::build(toolchain, staging.path(), step).await;
    built.map(|()| Origin::BuiltFromSource).map_err(|debian| {
        anyhow!(
            "the {TARGET} target of Rust {} is missing: run `rustup target add {TARGET}` where the network allows \
             (rustup: {rustup:#}; build from Debian's source packages: {debian:#})",
            toolchain.version
        )
    })
}

/// What cargo says its version is.
///
/// # Errors
///
/// When there is no cargo.
pub async fn cargo_version() -> Result<String> {
    let said = output(Command::new(cargo()).arg("--version")).await?;
    Ok(said.trim().trim_start_matches("cargo ").to_owned())
}

async fn rustup_add(toolchain: &Toolchain) -> Result<()> {
    let limit = if debian::is_possible() {
        RUSTUP_TIMEOUT
    } else {
        RUSTUP_TIMEOUT_ALONE
    };
    let mut command = Command::new("rustup");
    let run = output(command.args(["target", "add", TARGET]));
    let ended = tokio::time::timeout(limit, run).await;
    ended.map_err(|_| anyhow!("not done after {} s", limit.as_secs()))??;
    if !toolchain.has_target() {
        bail!(
            "the files of {TARGET} are missing in {} though it calls it installed",
            toolchain.sysroot.display()
        );
    }
    Ok(())
}

/// The rustc that cargo will use: the one cargo itself names, or the first on
/// the path.
fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// The cargo that runs us, or the first on the path.
fn cargo() -> PathBuf {
    std::env::var_os("CARGO")
        .unwrap_or_else(|| "cargo".into())
        .into()
}

/// Runs a command to its end and gives what it printed.
async fn output(command: &mut Command) -> Result<String> {
    let name = Path::new(command.as_std().get_program())
        .display()
        .to_string();
    let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = run.await.with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{name} failed: {}",
            said.trim().lines().last().unwrap_or("it said nothing")
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("{name} did not print text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toolchain(files: &[&str]) -> (TempDir, Toolchain) {
        let folder = tempfile::tempdir().expect("a folder");
        let toolchain = Toolchain {
            version: "1.95.0".into(),
            sysroot: folder.path().to_owned(),
        };
        let lib = toolchain.target_folder().join("lib");
        std::fs::create_dir_all(&lib).expect("a folder");
        for name in files {
            std::fs::write(lib.join(name), "").expect("a file");
        }
        (folder, toolchain)
    }

    #[test]
    fn half_a_target_does_not_count() {
        assert!(!toolchain(&[]).1.has_target());
        assert!(!toolchain(&["libstd-1.rlib"]).1.has_target());
        assert!(
            !toolchain(&["libcore-1.rlib", "liballoc-1.rlib", "libstd-1.rmeta"])
                .1
                .has_target()
        );
    }

    #[test]
    fn a_target_is_known_by_its_crates() {
        let (_folder, toolchain) = toolchain(&[
            "libcore-1.rlib",
            "liballoc-1.rlib",
            "libstd-1.rlib",
            "libwasi-1.rlib",
        ]);
        assert!(toolchain.has_target());
    }

    #[tokio::test]
    async fn one_process_installs_at_a_time() {
        let (_folder, toolchain) = toolchain(&[]);
        let first = toolchain.lock().await.expect("free");
        let waiting = tokio::time::timeout(LOCK_POLL / 2, toolchain.lock()).await;
        assert!(waiting.is_err());
        drop(first);
        toolchain.lock().await.expect("free again");
    }

    #[test]
    fn leftovers_of_an_installation_are_removed() {
        let (_folder, toolchain) = toolchain(&[]);
        let left = toolchain.targets_folder().join(".plinth-left");
        std::fs::create_dir(&left).expect("a folder");
        toolchain.staging().expect("writable");
        assert!(!left.exists() && toolchain.target_folder().exists());
    }
}
