//! The Postgres of a soak.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use plinth_host::dev::postgres::{PrivatePostgres, Storage};
use plinth_host::progress::Progress;
use tokio_postgres::{Client, NoTls};

const DATABASE: &str = "soak";

const SETUP: &str = "
    CREATE TABLE rows (id int8 PRIMARY KEY, paired bool NOT NULL);
    CREATE TABLE twins (id int8 PRIMARY KEY REFERENCES rows)";

/// The host cleans its connections beside the requests, so it may take a moment.
pub(super) const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);

/// How often to look.
pub(super) const POLL: Duration = Duration::from_millis(50);

/// The sessions of the host that are not idle between two transactions.
const UNSETTLED: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE application_name LIKE 'plinth%' AND (state IS DISTINCT FROM 'idle' OR xact_start IS NOT NULL)";

/// All sessions of the host, but for those of a hostile plugin.
const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'plinth'";

/// A private Postgres with two tables.
pub(super) struct Ground {
    postgres: PrivatePostgres,
    client: Client,
}

impl Ground {
    /// Starts it and creates the tables.
    pub(super) async fn prepare(progress: &Progress) -> Result<Self> {
        let postgres = PrivatePostgres::start(Storage::Temporary, progress).await?;
        postgres.create_database_if_missing(DATABASE).await?;
        let client = connect(&postgres).await?;
        client.batch_execute(SETUP).await.context("the tables")?;
        Ok(Self { postgres, client })
    }

    /// How to reach it.
    pub(super) fn url(&self) -> String {
        self.postgres.url(DATABASE)
    }

    /// A superuser's connection past the host.
    pub(super) async fn connect(&self) -> Result<Client> {
        connect(&self.postgres).await
    }

    /// How many sessions the host has.
    pub(super) async fn sessions(&self) -> Result<u32> {
        let count: i64 = self.client.query_one(SESSIONS, &[]).await?.get(0);
        Ok(u32::try_from(count)?)
    }

    /// How many of the host's sessions are still in a transaction or a statement
    /// after all that the host may need to clean them.
    pub(super) async fn unsettled_sessions(&self) -> Result<i64> {
        let began = Instant::now();
        loop {
            let unsettled = self.client.query_one(UNSETTLED, &[]).await?.get(0);
            if unsettled == 0 || began.elapsed() > SETTLE_TIMEOUT {
                return Ok(unsettled);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Stops it.
    pub(super) async fn stop(self) -> Result<()> {
        self.postgres.stop().await
    }
}

async fn connect(postgres: &PrivatePostgres) -> Result<Client> {
    let connected = postgres.config(DATABASE).connect(NoTls).await;
    let (client, connection) = connected.context("cannot connect to Postgres")?;
    tokio::spawn(connection);
    Ok(client)
}
