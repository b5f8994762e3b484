//! `load`: CPU time per request and requests per second, of plugins and of a
//! native server doing the same work.
//!
//! Each server has a thread of its own, whose time on a core is read from the
//! kernel; clients and Postgres don't count, nor does the host's clock thread,
//! which wakes a hundred times a second. The servers take turns, so that a slow
//! spell of the machine meets all of them.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use plinth_host::config::LogFormat;
use plinth_host::logging;
use plinth_host::progress::Progress;

use crate::cpu::Cores;
use crate::report::{self, Table};

mod client;
mod comparison;
mod equality;
mod guest;
mod native;
mod route;
mod sample;
mod server_thread;
mod site;

use client::Pressure;
use comparison::Comparison;
use route::Route;
use site::Site;

/// Connections open and caches fill before each run.
const WARM_UP: Duration = Duration::from_secs(1);

/// Measures requests on a host, with instances reused and fresh, and on a native
/// server doing the same work.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds of each run; below 5 nothing counts as a result.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Runs of each server on each route; below 3 nothing counts as a result.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=25))]
    runs: u32,
    /// Connections that ask at once.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,
    /// The routes, with commas between them.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Route::ALL)]
    routes: Vec<Route>,
    /// Have the servers write their logs to standard error, which must lead to a
    /// file: without this nothing is logged.
    #[arg(long)]
    log: bool,
}

impl Args {
    fn pressure(&self) -> Pressure {
        let run = Duration::from_secs(self.seconds);
        Pressure {
            connections: self.connections.into(),
            warm_up: WARM_UP,
            run,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.log {
        if std::io::stderr().is_terminal() {
            bail!("--log needs standard error in a file, for example with `2> log.txt`");
        }
        let _flush = logging::start(LogFormat::Text);
    }
    let progress = Progress::stderr();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let machine = runtime.block_on(report::machine())?;
    let cores = Cores::divide();
    let site = Site::start(&runtime, cores, &progress)?;
    let mut comparisons = Vec::new();
    for route in &args.routes {
        runtime.block_on(equality::check(*route, &site))?;
        comparisons.push(runtime.block_on(compare(*route, args, &site, &progress))?);
    }
    site.stop(&runtime)?;
    let about = format!(
        "{machine}; {}. {} × {} s for each server, by turns; {} connections. Median ± jitter.",
        cores.describe(),
        args.runs,
        args.seconds,
        args.connections,
    );
    print(&comparisons, &about)
}

/// Lets the servers take turns on one route.
async fn compare(
    route: Route,
    args: &Args,
    site: &Site,
    progress: &Progress,
) -> Result<Comparison> {
    let pressure = args.pressure();
    let requests: Arc<[Bytes]> = route.requests().into();
    let names = site.servers().iter().map(server_thread::ServerThread::name);
    let mut comparison = Comparison::new(route, pressure.run, names);
    for run in 1..=args.runs {
        for (number, server) in site.servers().iter().enumerate() {
            let step = progress.step(&format!("{}, {}", route.name(), server.name()));
            let requests = Arc::clone(&requests);
            let sample =
                client::measure(pressure, server.address(), requests, server.clock()).await?;
            let (cpu_us, rate) = (sample.cpu_us(), sample.rate());
            step.done(&format!("run {run}: {cpu_us:.2} µs, {rate:.0} requests/s"));
            comparison.push(number, sample);
        }
    }
    Ok(comparison)
}

fn print(comparisons: &[Comparison], about: &str) -> Result<()> {
    let mut table = Table::new(&Comparison::COLUMNS);
    let mut any_stable = false;
    for comparison in comparisons {
        any_stable |= comparison.rows(&mut table);
    }
    table.print(about);
    if !any_stable {
        bail!(
            "no figure is stable: it takes at least 3 runs of 5 seconds, on a machine that does nothing else"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use server_thread::ServerThread;

    #[tokio::test]
    async fn a_server_is_asked_and_measured() {
        // The greeting needs no database, so none is there.
        let serve = async |stage| native::serve(stage, tokio_postgres::Config::new()).await;
        let server = ServerThread::start("native", Cores::divide(), serve).expect("starts");
        let (warm_up, run) = (Duration::from_millis(20), Duration::from_millis(200));
        let pressure = Pressure {
            connections: 4,
            warm_up,
            run,
        };
        let requests = Route::Hello.requests().into();
        let sample = client::measure(pressure, server.address(), requests, server.clock()).await;
        let sample = sample.expect("answers");
        assert!(
            sample.requests > 0 && sample.cpu > Duration::ZERO,
            "{sample:?}"
        );
        assert!(sample.elapsed >= run, "{sample:?}");
        let requests = Route::PrimaryKey.requests().into();
        let failed = client::measure(pressure, server.address(), requests, server.clock()).await;
        assert!(
            failed.is_err(),
            "an answer that is no success is no measurement"
        );
        server.stop().expect("stops");
    }

    #[test]
    fn a_server_that_cannot_start_says_why() {
        let fail = async |_| anyhow::bail!("no such database");
        let error = ServerThread::start("broken", Cores::divide(), fail)
            .err()
            .expect("fails");
        assert!(
            format!("{error:#}").contains("no such database"),
            "{error:#}"
        );
    }
}
