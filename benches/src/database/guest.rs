//! The guest as a peer: a host in this process, and a plugin in it that runs
//! the operation many times for each request.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use plinth_host::config::InstancePolicy;

use super::operation::Operation;
use super::protocol::Request;
use super::serving::{self, Caller, Peer};
use crate::connection::{Connection, request};
use crate::running_host::{RunningHost, Setup};

/// What the component is called.
pub(super) const STATEMENTS: &str = "statements";

/// How long a request for many operations is meant to take: a thousand times
/// what HTTP costs, and a hundredth of a run.
const BATCH: Duration = Duration::from_millis(50);

/// A request of so many milliseconds on a core is no runaway here.
const CPU_MS_MAX: u64 = 10_000;

/// Nor is one of so many statements.
const STATEMENTS_MAX: u32 = 1_000_000;

/// Answers the benchmark until it is told to stop.
pub(super) async fn serve(url: &str, component: &Path, lanes: bool) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let setup = Setup {
        plugins: vec![(STATEMENTS, component.to_owned())],
        database_url: url.to_owned(),
        data_dir: folder.path().to_owned(),
        instances: InstancePolicy::Reuse,
        fast_compilation: false,
        create_tables: false,
    };
    let mut config = setup.config();
    for plugin in config.plugins.values_mut() {
        plugin.limits.cpu_ms_max = CPU_MS_MAX;
        plugin.limits.statements_max = STATEMENTS_MAX;
    }
    if !lanes {
        for database in config.databases.values_mut() {
            database.limits.lanes_max = 0;
        }
    }
    let host = RunningHost::start_with(config).await?;
    let guest = Guest { host };
    serving::serve(&guest, "a plugin on a host").await?;
    guest.host.stop().await
}

struct Guest {
    host: RunningHost,
}

impl Peer for Guest {
    type Caller = GuestCaller;

    async fn caller(&self, request: &Request, _: u16, turn: i64) -> Result<GuestCaller> {
        Ok(GuestCaller {
            connection: Connection::open(self.host.address()).await?,
            operation: request.operation,
            turn,
            batch: 1,
        })
    }
}

struct GuestCaller {
    connection: Connection,
    operation: Operation,
    turn: i64,
    /// Grows until a request takes long enough.
    batch: u32,
}

impl Caller for GuestCaller {
    async fn step(&mut self) -> Result<u32> {
        let (name, turn, batch) = (self.operation.name(), self.turn, self.batch);
        let request = request(&format!("/{name}/{turn}/{batch}"));
        let began = Instant::now();
        let answer = self.connection.ask(&request).await?;
        ensure!(
            answer == batch.to_string(),
            "the plugin answered {answer:?}"
        );
        if began.elapsed() < BATCH / 2 {
            self.batch *= 2;
        }
        self.turn += i64::from(batch);
        Ok(batch * self.operation.counts())
    }
}
