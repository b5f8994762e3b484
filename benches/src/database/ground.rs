//! The Postgres that all peers work on.

use anyhow::{Context, Result};
use plinth_host::dev::postgres::{PrivatePostgres, Storage};
use plinth_host::progress::Progress;
use tokio_postgres::{Client, NoTls};

const DATABASE: &str = "bench";

const SETUP: &str = include_str!("../../statements/setup.sql");

/// What would otherwise happen in the middle of a run. `events` is emptied
/// because it would grow from run to run, and with it what COPY waits for.
const SETTLE: [&str; 3] = [
    "TRUNCATE events",
    "VACUUM (ANALYZE) books, stock",
    "CHECKPOINT",
];

/// A private Postgres with the tables of the benchmark.
pub(super) struct Ground {
    postgres: PrivatePostgres,
    client: Client,
}

impl Ground {
    /// Starts it and fills the tables.
    pub(super) async fn prepare(progress: &Progress) -> Result<Self> {
        let postgres = PrivatePostgres::start(Storage::Temporary, progress).await?;
        postgres.create_database_if_missing(DATABASE).await?;
        let connected = postgres.config(DATABASE).connect(NoTls).await;
        let (client, connection) = connected.context("cannot connect to Postgres")?;
        tokio::spawn(connection);
        client.batch_execute(SETUP).await.context("the tables")?;
        Ok(Self { postgres, client })
    }

    /// How to reach it.
    pub(super) fn url(&self) -> String {
        self.postgres.url(DATABASE)
    }

    /// Leaves every run the same tables.
    pub(super) async fn settle(&self) -> Result<()> {
        for statement in SETTLE {
            self.client
                .batch_execute(statement)
                .await
                .with_context(|| format!("cannot {statement}"))?;
        }
        Ok(())
    }

    /// Stops it.
    pub(super) async fn stop(self) -> Result<()> {
        self.postgres.stop().await
    }
}
