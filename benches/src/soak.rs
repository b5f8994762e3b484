//! `soak`: whether a host loses committed rows, or leaves its pool unclean, while
//! its connections to Postgres are killed at random.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use plinth_host::progress::Progress;

use crate::report;

mod ground;
mod host;
mod hostile;
mod killer;
mod ledger;
mod pool;
mod traffic;
mod verdict;

use ground::Ground;
pub(crate) use host::HostArgs;
use host::HostProcess;
use hostile::Hostility;
use killer::{Killer, Pause};
use pool::Pool;
use traffic::Traffic;
use verdict::Verdict;

/// Memory grows while connections open and instances are made; what grows after
/// that is watched.
const WARM_UP: Duration = Duration::from_secs(5);

/// Asks a host for writes and reads on many connections, while its connections
/// to Postgres are killed at random. Fails when an acknowledged row is missing,
/// or the host does not recover.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(6..=86_400))]
    seconds: u64,
    /// HTTP connections that ask at once.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=2048))]
    connections: u16,
    /// The shortest time between two kills, in milliseconds.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    kill_ms_min: u32,
    /// Beside it, a plugin and clients that do everything they must not.
    #[arg(long)]
    hostile: bool,
    /// The longest.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    kill_ms_max: u32,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(
        args.kill_ms_min <= args.kill_ms_max,
        "--kill-ms-min must not be more than --kill-ms-max"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(soak(args))
}

/// Serves as the host that is soaked, until standard input ends.
pub(crate) fn serve(args: &HostArgs) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(args.serve())
}

async fn soak(args: &Args) -> Result<()> {
    let progress = Progress::stderr();
    let machine = report::machine().await?;
    let components = host::build(args.hostile, &progress).await?;
    let ground = Ground::prepare(&progress).await?;
    let host = HostProcess::start(&ground.url(), &components).await?;
    let step = progress.step("Soaking");
    let pause = Pause {
        min_ms: args.kill_ms_min,
        max_ms: args.kill_ms_max,
    };
    let began = Instant::now();
    let traffic = Traffic::start(host.address(), args.connections).await?;
    let hostility = args.hostile.then(|| Hostility::start(host.address()));
    let killer = Killer::start(ground.connect().await?, pause);
    tokio::time::sleep(WARM_UP).await;
    let memory_begin = host.memory_bytes()?;
    tokio::time::sleep(Duration::from_secs(args.seconds).saturating_sub(began.elapsed())).await;
    let killed = killer.stop().await?;
    let noticed = match hostility {
        Some(hostility) => Some(hostility.stop().await?),
        None => None,
    };
    let traffic = traffic.stop().await?;
    let memory_end = host.memory_bytes()?;
    step.done(&format!("{} requests", traffic.tally.total()));
    let step = progress.step("Looking at what is left");
    let verdict = Verdict {
        machine,
        seconds: args.seconds,
        connections: args.connections,
        killed,
        memory: (memory_begin, memory_end),
        noticed,
        unsettled: ground.unsettled_sessions().await?,
        missing: ledger::missing(&ground.connect().await?, &traffic.acknowledged).await?,
        after: traffic::ask_once_more(host.address(), args.connections).await?,
        pool: Pool::settled(host.address(), &ground).await?,
        traffic,
    };
    step.done("done");
    if !verdict.print() {
        eprintln!("the host's log ends:\n{}", host.last_lines());
    }
    host.stop().await?;
    ground.stop().await?;
    verdict.conclude()
}
