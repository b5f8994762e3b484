//! Kills one of the host's sessions after the other.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

/// How long to wait between two kills: anything between these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    pub min_ms: u32,
    pub max_ms: u32,
}

/// Kills any of the host's sessions, and tells how many and when to kill the
/// next: Postgres' random numbers are as good as ours.
const KILL: &str = "
    WITH victim AS (
        SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'plinth%'
        ORDER BY random() LIMIT 1
    )
    SELECT (SELECT count(*) FROM victim WHERE pg_terminate_backend(pid)),
        $1::float8 + random() * ($2::float8 - $1::float8)";

/// Kills sessions until it is stopped.
pub(super) struct Killer {
    stop: oneshot::Sender<()>,
    killing: JoinHandle<Result<u64>>,
}

impl Killer {
    /// Begins with a superuser's connection.
    pub(super) fn start(client: Client, pause: Pause) -> Self {
        let (stop, stopped) = oneshot::channel();
        let killing = tokio::spawn(kill(client, pause, stopped));
        Self { stop, killing }
    }

    /// Stops it, and tells how many it has killed.
    pub(super) async fn stop(self) -> Result<u64> {
        drop(self.stop);
        self.killing.await?
    }
}

async fn kill(client: Client, pause: Pause, mut stopped: oneshot::Receiver<()>) -> Result<u64> {
    let (min, max) = (f64::from(pause.min_ms), f64::from(pause.max_ms));
    let mut killed = 0;
    loop {
        let row = client.query_one(KILL, &[&min, &max]).await;
        let row = row.context("cannot kill a session")?;
        killed += u64::try_from(row.get::<_, i64>(0))?;
        let next = Duration::from_secs_f64(row.get::<_, f64>(1) / 1000.0);
        tokio::select! {
            _ = &mut stopped => return Ok(killed),
            () = tokio::time::sleep(next) => {}
        }
    }
}
