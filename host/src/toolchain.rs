//! The `wasm32-wasip2` target: checks for it and installs it.
//!
//! `rustup target add wasm32-wasip2` is all there is to it where rustup can
//! download. Elsewhere the target's standard library is built from Debian's
//! source packages; see `docs/wasm-target.md`.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::progress::Progress;

mod debian;

/// The compilation target of plugins.
pub const TARGET: &str = "wasm32-wasip2";

/// rustup either downloads at once or can't at all.
const RUSTUP_TIMEOUT: Duration = Duration::from_secs(60);

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
            Self::BuiltFromSource => "built from source",
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
        let verbose = output(rustc().arg("-vV")).await.context("rustc is missing: install Rust from https://rustup.rs")?;
        let release = verbose.lines().find_map(|line| line.strip_prefix("release: "));
        let version = release.context("rustc -vV names no release")?.to_owned();
        let sysroot = output(rustc().args(["--print", "sysroot"])).await?.trim().into();
        Ok(Self { version, sysroot })
    }

    /// Whether the target's standard library is there.
    pub fn has_target(&self) -> bool {
        let is_std = |name: &str| name.starts_with("libstd-") && Path::new(name).extension().is_some_and(|end| end == "rlib");
        let entries = std::fs::read_dir(self.target_folder().join("lib"));
        entries.is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_str().is_some_and(is_std))
        })
    }

    fn target_folder(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(TARGET)
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
    let step = progress.step("Installing the wasm32-wasip2 target");
    step.note("waiting for another installation to end");
    let _lock = lock().await?;
    if toolchain.has_target() {
        step.done("installed meanwhile");
        return Ok(Origin::Present);
    }
    step.note("asking rustup");
    if rustup_add().await && toolchain.has_target() {
        step.done("by rustup");
        return Ok(Origin::Rustup);
    }
    match debian::build(&toolchain, &step).await {
        Ok(()) => {
            step.done("built from Debian's source packages");
            Ok(Origin::BuiltFromSource)
        }
        Err(error) => {
            step.fail("failed");
            Err(error).context(format!(
                "the {TARGET} target for Rust {} is missing, rustup can't download it, and it can't be built from \
                 source either; run `rustup target add {TARGET}` where the network allows",
                toolchain.version
            ))
        }
    }
}

async fn rustup_add() -> bool {
    let mut command = Command::new("rustup");
    command.args(["target", "add", TARGET]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let run = command.kill_on_drop(true).status();
    matches!(tokio::time::timeout(RUSTUP_TIMEOUT, run).await, Ok(Ok(status)) if status.success())
}

/// One installation at a time on this machine, by this user.
async fn lock() -> Result<File> {
    let user = rustix::process::geteuid().as_raw();
    let path = std::env::temp_dir().join(format!("plinth-wasm-target-{user}.lock"));
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await?;
    locked.with_context(|| format!("cannot lock {}", path.display()))
}

/// The rustc that cargo will use: the one cargo itself names, or the first on
/// the path.
fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// Runs a command to its end and gives what it printed.
async fn output(command: &mut Command) -> Result<String> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = run.await.with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed: {}", said.trim().lines().last().unwrap_or("it said nothing"));
    }
    String::from_utf8(output.stdout).with_context(|| format!("{name} did not print text"))
}
