//! psycopg 3: Python from the machine, its packages in a virtual environment of
//! the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use plinth_host::progress::Progress;
use tokio::process::Command;

/// The packages, each of one version.
const REQUIREMENTS: &str = include_str!("../../peers/requirements.txt");

/// How long installing the packages may take.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(300);

/// How many callers at once come about in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callers {
    /// A thread each.
    Threads,
    /// A task each, of one event loop.
    Tasks,
}

impl Callers {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Tasks => "tasks",
        }
    }
}

/// A Python that has psycopg.
pub(super) struct Psycopg {
    python: PathBuf,
}

impl Psycopg {
    /// Installs the packages, if they are not there from before.
    ///
    /// # Errors
    ///
    /// When Python or the packages can't be had; `--without-psycopg` does
    /// without.
    pub(super) async fn install(progress: &Progress) -> Result<Self> {
        let step = progress.step("psycopg");
        match environment().await {
            Ok(folder) => {
                step.done(&folder.display().to_string());
                let python = folder.join("bin/python");
                Ok(Self { python })
            }
            Err(error) => {
                step.fail("cannot be installed");
                Err(error.context("no psycopg; --without-psycopg measures without it"))
            }
        }
    }

    /// The command that runs the peer.
    pub(super) fn command(&self, url: &str, callers: Callers) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(peers().join("psycopg_peer.py"));
        command.args([url, callers.name()]);
        command
    }
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// The folder of the virtual environment, made where it is missing or has other
/// packages.
async fn environment() -> Result<PathBuf> {
    let program = std::env::current_exe().context("this program's own path")?;
    let target = program.parent().context("this program's folder")?;
    let folder = target.join("psycopg");
    // Written last, so that half an environment is made anew.
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(folder);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    run(make).await?;
    let mut install = Command::new(folder.join("bin/pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check", "-r"]);
    install.arg(peers().join("requirements.txt"));
    run(install).await?;
    fs::write(&stamp, REQUIREMENTS).context("cannot write into the virtual environment")?;
    Ok(folder)
}

async fn run(mut command: Command) -> Result<()> {
    command.kill_on_drop(true);
    let name = command.as_std().get_program().display().to_string();
    let output = tokio::time::timeout(INSTALL_TIMEOUT, command.output()).await;
    let output = output
        .with_context(|| format!("{name} takes too long"))?
        .with_context(|| format!("{name} does not start"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed: {}", said.trim());
    }
    Ok(())
}
