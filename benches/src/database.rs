//! `database`: what operations on the database cost through a guest, natively,
//! and in psycopg 3, on one Postgres in one run.
//!
//! Each client is a process of its own, the peer, which is asked for one run at
//! a time; so the runs take turns, and the kernel counts the CPU time of each
//! client alike.

use std::time::Duration;

use anyhow::{Result, bail};
use plinth_host::progress::Progress;

use crate::cpu::Cores;
use crate::report;

mod callers;
mod client;
mod comparison;
mod ground;
mod guest;
mod mark;
mod native;
mod operation;
mod peer;
mod peers;
mod process;
mod protocol;
mod psycopg;
mod rows;
mod sample;
mod serving;
mod single;

use ground::Ground;
use mark::Verdict;
use operation::Operation;
use peers::Peers;
pub(crate) use process::PeerArgs;
use protocol::Request;

/// Connections open and caches fill before each run.
const WARM_UP: Duration = Duration::from_secs(1);

/// Measures operations on the database through a guest, natively and in
/// psycopg 3.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds of each run; below 5 nothing counts as a result.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Runs of each client on each operation; below 3 nothing counts as a
    /// result.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=25))]
    runs: u32,
    /// Callers at once, in the comparison of many; 0 leaves it out.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(0..=64))]
    callers: u16,
    /// The operations of a single caller, with commas between them; those they
    /// are compared with come along.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        conflicts_with = "only_callers"
    )]
    operations: Vec<Operation>,
    /// Leave the single caller out.
    #[arg(long)]
    only_callers: bool,
    /// Leave psycopg out, where there is no Python or no network.
    #[arg(long)]
    without_psycopg: bool,
}

impl Args {
    fn request(&self, operation: Operation, callers: u16) -> Request {
        Request {
            operation,
            callers,
            warm_up: WARM_UP,
            run: Duration::from_secs(self.seconds),
        }
    }

    /// The groups with an operation that was asked for.
    fn groups(&self) -> Vec<&'static [Operation]> {
        if self.only_callers {
            return Vec::new();
        }
        let wanted = |operation| self.operations.is_empty() || self.operations.contains(operation);
        let groups = Operation::GROUPS.into_iter();
        groups.filter(|group| group.iter().any(wanted)).collect()
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure(args))
}

/// Answers as a peer, until standard input ends.
pub(crate) fn serve(args: &PeerArgs) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(args.serve())
}

async fn measure(args: &Args) -> Result<()> {
    let progress = Progress::stderr();
    let machine = report::machine().await?;
    let cores = Cores::divide();
    // Postgres inherits the core of the thread that starts it.
    cores.enter_others();
    let ground = Ground::prepare(&progress).await?;
    let mut peers = Peers::start(&ground, cores, args, &progress).await?;
    let clients = peers.about();
    let single = single::measure(args, &ground, &mut peers, &progress).await?;
    let callers = callers::measure(args, &ground, &mut peers, &progress).await?;
    let about = format!(
        "{machine}; the client on one core, Postgres on the other. {} × {} s for each client, by turns. \
         Median ± jitter.",
        args.runs, args.seconds
    );
    let mut verdicts = single.print(&format!("{about} {clients}"));
    if let Some(callers) = callers {
        verdicts.extend(callers.print(&about));
    }
    peers.stop().await?;
    ground.stop().await?;
    conclude(&verdicts)
}

/// Fails when a mark is not reached, or nothing can be said of it.
fn conclude(verdicts: &[(String, Verdict)]) -> Result<()> {
    let missed = verdicts
        .iter()
        .filter(|(_, verdict)| *verdict != Verdict::Pass);
    let missed: Vec<&str> = missed.map(|(mark, _)| mark.as_str()).collect();
    if missed.is_empty() {
        return Ok(());
    }
    bail!("not all marks are reached:\n  {}", missed.join("\n  "))
}
