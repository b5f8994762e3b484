//! Runs a program that ends with ours.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::{Child, ChildStdin, Command};

use super::Account;

/// How long a program may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs a program, its output going to the file `$2`, until standard input ends;
/// then stops it and removes the folder `$1`. Our end of that input closes when
/// our process ends, even by SIGKILL.
///
/// A shell, because only another process can outlive ours. Two signals, because
/// a shell's background jobs begin with SIGINT ignored and SIGTERM not: before
/// Postgres has handlers the second ends it, after that the first does.
const SCRIPT: &str = r#"
remove=$1 log=$2; shift 2
exec 3<&0
"$@" 3<&- </dev/null >"$log" 2>&1 & program=$!
( read -r _ <&3; kill -TERM $program; kill -INT $program; exit 0 ) & reader=$!
exec 3<&-
wait $program; status=$?
kill $reader
if wait $reader && [ -n "$remove" ]; then rm -rf "$remove"; fi
exit $status
"#;

/// A running program and our end of its lifeline.
#[derive(Debug)]
pub(super) struct Guard {
    process: Child,
    lifeline: ChildStdin,
}

impl Guard {
    /// Starts `command`: a program with its arguments. Where ours ends first, the
    /// folder `remove` goes too.
    pub(super) fn spawn(
        account: &Account,
        command: &[&OsStr],
        log: &Path,
        remove: Option<&Path>,
    ) -> Result<Self> {
        let mut shell: Command = account.command(Path::new("/bin/sh"));
        shell.arg("-c").arg(SCRIPT).arg("plinth-postgres");
        shell
            .arg(remove.map_or("".as_ref(), Path::as_os_str))
            .arg(log)
            .args(command);
        // Whoever reads our output must not wait for the guard's end.
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Ctrl-C in the terminal is for us; we stop the program ourselves.
        shell.process_group(0);
        let mut process = shell
            .spawn()
            .with_context(|| format!("cannot start a program as user {}", account.name()))?;
        let lifeline = process.stdin.take().expect("piped");
        Ok(Self { process, lifeline })
    }

    /// Waits for the program to end by itself.
    pub(super) async fn end(mut self) -> Result<ExitStatus> {
        let status = self.process.wait().await?;
        drop(self.lifeline);
        Ok(status)
    }

    /// Whether the program has ended by itself.
    pub(super) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.process.try_wait()?.is_some())
    }

    /// Stops the program and waits for its end.
    pub(super) async fn stop(mut self) -> Result<()> {
        drop(self.lifeline);
        let ended = tokio::time::timeout(STOP_TIMEOUT, self.process.wait()).await;
        ended.with_context(|| {
            format!(
                "the private Postgres did not stop within {} s",
                STOP_TIMEOUT.as_secs()
            )
        })??;
        Ok(())
    }
}
