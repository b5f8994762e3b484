//! `seed`: how long loading the bookstore's demonstration data takes.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use plinth_host::config::InstancePolicy;
use plinth_host::dev::build::Profile;
use plinth_host::dev::postgres::{PrivatePostgres, Storage};
use plinth_host::progress::Progress;

use crate::plugins::{self, BOOKSTORE};
use crate::report::{self, Table};
use crate::running_host::{RunningHost, Setup};
use crate::timings::{EVENTS_MIN, Timings};

/// Nobody should wait longer at the first `plinth dev`.
const LIMIT: Duration = Duration::from_secs(2);

/// Loads the bookstore's demonstration data into empty databases.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often it is loaded with each build.
    #[arg(long, default_value_t = EVENTS_MIN, value_parser = clap::value_parser!(u32).range(i64::from(EVENTS_MIN)..=100))]
    runs: u32,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(measure(args))
}

async fn measure(args: &Args) -> Result<()> {
    let progress = Progress::stderr();
    let postgres = PrivatePostgres::start(Storage::Temporary, &progress).await?;
    let mut table = Table::new(&[
        "plugin built and served by",
        "median",
        "fastest",
        "slowest",
        "limit",
    ]);
    let mut slowest = Duration::ZERO;
    for (command, profile) in [
        ("`plinth dev`", Profile::Dev),
        ("`plinth build`, `plinth serve`", Profile::Release),
    ] {
        let component = plugins::build(BOOKSTORE, profile, &progress).await?;
        let step = progress.step(&format!("Loading, built by {command}"));
        let mut timings = Timings::default();
        for _ in 0..args.runs {
            timings.push(loading(&component, profile, &postgres).await?);
        }
        step.done("measured");
        let [median, fastest, longest] = timings.cells();
        table.row(&[
            command.into(),
            median,
            fastest,
            longest,
            format!("{} s", LIMIT.as_secs()),
        ]);
        slowest = slowest.max(timings.slowest());
    }
    let machine = report::machine().await?;
    let rows = "1,000 books, 200 authors and 5,000 reviews";
    table.print(&format!(
        "Loading {rows} through the ORM into an empty database, {} times each. {machine}.",
        args.runs
    ));
    postgres.stop().await?;
    if slowest > LIMIT {
        bail!("loading took {slowest:.1?}, the limit is {LIMIT:?}");
    }
    Ok(())
}

async fn loading(
    component: &Path,
    profile: Profile,
    postgres: &PrivatePostgres,
) -> Result<Duration> {
    const EMPTY: &str = "empty";
    postgres.drop_database(EMPTY).await?;
    postgres.create_database_if_missing(EMPTY).await?;
    let folder = tempfile::tempdir()?;
    let setup = Setup {
        plugins: vec![(BOOKSTORE, component.to_owned())],
        database_url: postgres.url(EMPTY),
        data_dir: folder.path().to_owned(),
        instances: InstancePolicy::Reuse,
        fast_compilation: profile == Profile::Dev,
        create_tables: true,
    };
    let running = RunningHost::start(&setup).await?;
    let site = running.host().site();
    let plugin = site.plugin(BOOKSTORE).context("the bookstore is served")?;
    let began = Instant::now();
    plugin.seed().await?;
    let took = began.elapsed();
    running.stop().await?;
    Ok(took)
}
