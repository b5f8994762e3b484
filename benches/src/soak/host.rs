//! The host that is soaked: a process of its own, so that its memory can be told
//! from the client's.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use plinth_host::config::{InstancePolicy, LogFormat};
use plinth_host::dev::build::{PluginCrate, Profile};
use plinth_host::logging;
use plinth_host::progress::Progress;
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::plugins;
use crate::running_host::{RunningHost, Setup};

const SOAK: &str = "soak";

/// The plugin that does everything it must not, and one beside it.
const OTHERS: [&str; 2] = ["hostile", "hello"];

/// Short, so that a run has many of it.
const WALL_MS_MAX: u64 = 5_000;

/// How long the host may take to start (the component is compiled), and to stop.
const GRACE: Duration = Duration::from_secs(60);

/// How much of the log is shown where something is wrong.
const LOG_LINES: usize = 20;

/// Serves `soak` as its host. Not for people.
#[derive(Debug, clap::Args)]
pub(crate) struct HostArgs {
    /// How to reach the database.
    url: String,
    /// The component's file.
    component: PathBuf,
    /// Those of the plugin that does everything, and of its neighbour.
    #[arg(num_args = 2)]
    others: Vec<PathBuf>,
}

impl HostArgs {
    pub(super) async fn serve(&self) -> Result<()> {
        let _flush = logging::start(LogFormat::Text);
        let folder = tempfile::tempdir()?;
        let setup = Setup {
            plugins: std::iter::once(SOAK)
                .chain(OTHERS)
                .zip(
                    std::iter::once(&self.component)
                        .chain(&self.others)
                        .cloned(),
                )
                .collect(),
            database_url: self.url.clone(),
            data_dir: folder.path().to_owned(),
            instances: InstancePolicy::Reuse,
            fast_compilation: false,
            create_tables: false,
        };
        let mut config = setup.config();
        // A pool of theirs, whose sessions can be told from the others.
        let mut theirs = config.databases["default"].clone();
        theirs.url += " application_name=plinth-others";
        config.databases.insert("others".into(), theirs);
        for name in OTHERS {
            if let Some(plugin) = config.plugins.get_mut(name) {
                plugin.databases = vec!["others".into()];
                plugin.prefix = format!("/{name}");
                plugin.limits.wall_ms_max = WALL_MS_MAX;
            }
        }
        let host = RunningHost::start_with(config).await?;
        println!("{}", host.address());
        let end = || std::io::stdin().lines().next();
        tokio::task::spawn_blocking(end).await?;
        host.stop().await
    }
}

/// The process. It ends with this.
pub(super) struct HostProcess {
    process: Child,
    lifeline: ChildStdin,
    address: SocketAddr,
    log: NamedTempFile,
}

/// Builds the component, and with `is_hostile` the others.
pub(super) async fn build(is_hostile: bool, progress: &Progress) -> Result<Vec<PathBuf>> {
    let mut folders = vec!["benches/components/soak"];
    if is_hostile {
        folders.extend(["tests/components/hostile", "plugins/hello"]);
    }
    let mut components = Vec::new();
    for folder in folders {
        let source = PluginCrate::open(&plugins::workspace().join(folder)).await?;
        components.push(source.build(Profile::Release, progress).await?.component);
    }
    Ok(components)
}

impl HostProcess {
    /// Starts it and waits until it serves.
    pub(super) async fn start(url: &str, components: &[PathBuf]) -> Result<Self> {
        let program = std::env::current_exe().context("this program's own path")?;
        let log = NamedTempFile::new()?;
        let mut process = Command::new(program)
            .args(["soak-host", url])
            .args(components)
            .env("PLINTH_LOG", "warn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.reopen()?)
            .kill_on_drop(true)
            .spawn()
            .context("the host does not start")?;
        let lifeline = process.stdin.take().expect("piped");
        let mut said = BufReader::new(process.stdout.take().expect("piped")).lines();
        let line = tokio::time::timeout(GRACE, said.next_line()).await;
        let Some(line) = line.context("the host does not start in time")?? else {
            bail!("the host does not start: {}", last_lines(log.path()))
        };
        let address = line.parse().context("the host's address")?;
        Ok(Self {
            process,
            lifeline,
            address,
            log,
        })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The memory that it holds now.
    pub(super) fn memory_bytes(&self) -> Result<u64> {
        let pid = self.process.id().context("the host has ended")?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"));
        resident_bytes(&status.context("the host has ended")?)
            .context("the kernel tells no process' memory")
    }

    /// The end of its log.
    pub(super) fn last_lines(&self) -> String {
        last_lines(self.log.path())
    }

    /// Ends it and waits for its end.
    pub(super) async fn stop(mut self) -> Result<()> {
        drop(self.lifeline);
        let ended = tokio::time::timeout(GRACE, self.process.wait()).await;
        let status = ended.context("the host does not stop")??;
        if !status.success() {
            bail!("the host failed: {status}");
        }
        Ok(())
    }
}

/// See proc_pid_status(5).
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_the_kernel_writes_it() {
        let status = "Name:\tplinth\nVmHWM:\t   90000 kB\nVmRSS:\t   81920 kB\n";
        assert_eq!(resident_bytes(status), Some(80 << 20));
        assert_eq!(resident_bytes("Name:\tzombie\n"), None);
    }
}
