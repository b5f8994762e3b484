//! `reload`: from a plugin's new bytes to the first answer of the new version,
//! and from a host's start to its first answer.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use plinth_host::config::InstancePolicy;
use plinth_host::dev::build::Profile;
use plinth_host::dev::postgres::{PrivatePostgres, Storage};
use plinth_host::host::Reload;
use plinth_host::progress::Progress;

use crate::connection::{Connection, request};
use crate::plugins::{self, BOOKSTORE, HELLO};
use crate::report::{self, Table};
use crate::running_host::{RunningHost, Setup};
use crate::timings::{EVENTS_MIN, Timings};

mod editions;

use editions::{Edition, Editions};

const DATABASE: &str = "bookstore";

/// Measures a reload of the bookstore after a change to one function, and the
/// start of a host.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often each event is measured.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(i64::from(EVENTS_MIN)..=50))]
    runs: u32,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(measure(args))
}

async fn measure(args: &Args) -> Result<()> {
    let progress = Progress::stderr();
    let postgres = PrivatePostgres::start(Storage::Temporary, &progress).await?;
    postgres.create_database_if_missing(DATABASE).await?;
    let url = postgres.url(DATABASE);
    let mut table = Table::new(&["from", "to", "median", "fastest", "slowest"]);
    add_reloads(&mut table, args, &url, &progress).await?;
    add_starts(&mut table, args, &url, &progress).await?;
    let machine = report::machine().await?;
    table.print(&format!(
        "Reloads: the bookstore as `plinth dev` builds it. Starts: plugins as `plinth build` makes them, engine, \
         connections and first query included. {} times each. {machine}.",
        args.runs
    ));
    postgres.stop().await
}

async fn add_reloads(table: &mut Table, args: &Args, url: &str, progress: &Progress) -> Result<()> {
    let editions = Editions::build(args.runs, progress).await?;
    add(
        table,
        "one function saved",
        "cargo has built the plugin",
        editions.builds(),
    );
    for (fast, command) in [(true, "plinth dev"), (false, "plinth serve")] {
        let step = progress.step(&format!("Reloading as {command}"));
        let timings = reloads(&editions, fast, url).await?;
        step.done("measured");
        let to = format!("first answer, compiled as by `{command}`");
        add(table, "new bytes of the plugin", &to, &timings);
    }
    Ok(())
}

async fn add_starts(table: &mut Table, args: &Args, url: &str, progress: &Progress) -> Result<()> {
    for (name, target) in [(BOOKSTORE, "/api/v1/books"), (HELLO, "/hello/Ada")] {
        let component = &plugins::build(name, Profile::Release, progress).await?;
        let step = progress.step(&format!("Starting {name}"));
        let (kept, compiled) = starts(
            &Start {
                name,
                target,
                component,
                url,
            },
            args.runs,
        )
        .await?;
        step.done("measured");
        for (how, timings) in [("compiled code kept", kept), ("nothing kept", compiled)] {
            add(
                table,
                "start of a host",
                &format!("first answer of {name}, {how}"),
                &timings,
            );
        }
    }
    Ok(())
}

fn add(table: &mut Table, from: &str, to: &str, timings: &Timings) {
    let [median, fastest, slowest] = timings.cells();
    table.row(&[from.into(), to.into(), median, fastest, slowest]);
}

/// Brings every edition into one host, one after the other.
async fn reloads(editions: &Editions, fast_compilation: bool, url: &str) -> Result<Timings> {
    let folder = tempfile::tempdir()?;
    let component = folder.path().join("bookstore.wasm");
    tokio::fs::write(&component, editions.first()).await?;
    let setup = Setup {
        plugins: vec![(BOOKSTORE, component)],
        database_url: url.to_owned(),
        data_dir: folder.path().join("data"),
        instances: InstancePolicy::Reuse,
        fast_compilation,
        create_tables: true,
    };
    let running = RunningHost::start(&setup).await?;
    let mut connection = Connection::open(running.address()).await?;
    connection.ask(&request(Editions::TARGET)).await?;
    let mut timings = Timings::default();
    for edition in editions.others() {
        timings.push(reload(&running, &mut connection, edition).await?);
    }
    running.stop().await?;
    Ok(timings)
}

async fn reload(
    running: &RunningHost,
    connection: &mut Connection,
    edition: &Edition,
) -> Result<Duration> {
    let wasm = edition.wasm.clone();
    let began = Instant::now();
    if running.host().reload(BOOKSTORE, wasm).await? == Reload::Unchanged {
        bail!("cargo built the same bytes from a changed source");
    }
    let body = connection.ask(&request(Editions::TARGET)).await?;
    let took = began.elapsed();
    if !edition.answered(&body)? {
        bail!("an old version of the plugin answered after a reload");
    }
    Ok(took)
}

/// A host to start, and what to ask it first.
struct Start<'a> {
    name: &'static str,
    target: &'a str,
    component: &'a Path,
    url: &'a str,
}

/// Starts of a host that finds the plugin's compiled code, and of one that does
/// not.
async fn starts(start: &Start<'_>, runs: u32) -> Result<(Timings, Timings)> {
    let (mut kept, mut compiled) = (Timings::default(), Timings::default());
    for _ in 0..runs {
        let folder = tempfile::tempdir()?;
        compiled.push(start.measure(folder.path()).await?);
        kept.push(start.measure(folder.path()).await?);
    }
    Ok((kept, compiled))
}

impl Start<'_> {
    async fn measure(&self, data_dir: &Path) -> Result<Duration> {
        let setup = Setup {
            plugins: vec![(self.name, self.component.to_owned())],
            database_url: self.url.to_owned(),
            data_dir: data_dir.to_owned(),
            instances: InstancePolicy::Reuse,
            fast_compilation: false,
            create_tables: false,
        };
        let began = Instant::now();
        let running = RunningHost::start(&setup).await?;
        let mut connection = Connection::open(running.address()).await?;
        connection
            .ask(&request(self.target))
            .await
            .with_context(|| self.name)?;
        let took = began.elapsed();
        running.stop().await?;
        Ok(took)
    }
}
