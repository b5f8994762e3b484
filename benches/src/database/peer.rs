//! A peer as the benchmark sees it: a process that is asked a line at a time.
//!
//! A process each, so that the kernel counts the time of each alike.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::protocol::{Answer, Request};
use super::sample::Sample;
use crate::cpu::Cores;

/// How long a peer may take to start (the guest's component is compiled), and
/// to answer beyond what it was asked to run.
const GRACE: Duration = Duration::from_secs(60);

/// A peer's process. It ends with this.
pub(super) struct PeerProcess {
    name: &'static str,
    about: String,
    process: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl PeerProcess {
    /// Starts it on the core of those that are measured, and waits until it is
    /// ready.
    pub(super) async fn start(
        name: &'static str,
        mut command: Command,
        cores: Cores,
    ) -> Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        // A process inherits the core of the thread that starts it.
        cores.enter_server();
        let spawned = command.spawn();
        cores.enter_others();
        let mut process = spawned.with_context(|| format!("the peer {name} does not start"))?;
        let requests = process.stdin.take().expect("piped");
        let answers = BufReader::new(process.stdout.take().expect("piped")).lines();
        let mut peer = Self {
            name,
            about: String::new(),
            process,
            requests,
            answers,
        };
        match peer.answer(GRACE).await? {
            Answer::Ready(about) => peer.about = about,
            other => bail!("the peer {name} began with: {other}"),
        }
        Ok(peer)
    }

    /// What it says of itself.
    pub(super) fn about(&self) -> &str {
        &self.about
    }

    /// Has it do something.
    ///
    /// # Errors
    ///
    /// When it can't, or takes much longer than it should.
    pub(super) async fn run(&mut self, request: &Request) -> Result<Sample> {
        self.requests
            .write_all(format!("{request}\n").as_bytes())
            .await
            .with_context(|| format!("the peer {} is gone", self.name))?;
        match self.answer(request.warm_up + request.run + GRACE).await? {
            Answer::Ran(sample) => Ok(sample),
            other => bail!("the peer {} was asked to {request}: {other}", self.name),
        }
    }

    async fn answer(&mut self, limit: Duration) -> Result<Answer> {
        let line = tokio::time::timeout(limit, self.answers.next_line()).await;
        let line = line.with_context(|| format!("the peer {} does not answer", self.name))??;
        line.with_context(|| format!("the peer {} has ended", self.name))?
            .parse()
    }

    /// Ends it and waits for its end.
    pub(super) async fn stop(mut self) -> Result<()> {
        drop(self.requests);
        let ended = tokio::time::timeout(GRACE, self.process.wait()).await;
        let status = ended.with_context(|| format!("the peer {} does not end", self.name))??;
        if !status.success() {
            bail!("the peer {} failed: {status}", self.name);
        }
        Ok(())
    }
}
