//! Turns of those who prepare one database at a time.
//!
//! A row in a table that no plugin may touch: an advisory lock can be taken by any
//! role, and then a plugin prevents its own replacement.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

/// The host's own schema, and in it the row.
const PREPARE: &str = "
    CREATE SCHEMA IF NOT EXISTS plinth;
    CREATE TABLE IF NOT EXISTS plinth.preparing (one boolean PRIMARY KEY CHECK (one));
    INSERT INTO plinth.preparing VALUES (true) ON CONFLICT DO NOTHING;
    REVOKE ALL ON SCHEMA plinth FROM PUBLIC;
    REVOKE ALL ON plinth.preparing FROM PUBLIC";

const TAKE: &str = "
    SET idle_in_transaction_session_timeout = 0;
    BEGIN;
    SELECT FROM plinth.preparing FOR UPDATE NOWAIT";

/// How long to wait for one's turn, and how often to look.
const WAITS: Duration = Duration::from_secs(60);
const POLLED_EVERY: Duration = Duration::from_millis(100);

/// One's turn, until this is dropped.
pub(super) struct Turn {
    _client: Client,
}

impl Turn {
    /// Waits for it, on a connection of its own.
    ///
    /// # Errors
    ///
    /// When somebody else takes too long, or Postgres refuses.
    pub(super) async fn take(client: Client) -> Result<Self> {
        prepare(&client).await?;
        let deadline = Instant::now() + WAITS;
        loop {
            match client.batch_execute(TAKE).await {
                Ok(()) => return Ok(Self { _client: client }),
                // Lock not available.
                Err(cause) if cause.code().is_some_and(|state| state.code() == "55P03") => {}
                Err(cause) => return Err(cause.into()),
            }
            client.batch_execute("ROLLBACK").await?;
            if Instant::now() > deadline {
                bail!(
                    "somebody else has been preparing this database for {} s (see who holds \
                     plinth.preparing in pg_locks); try again when that has ended",
                    WAITS.as_secs()
                );
            }
            sleep(POLLED_EVERY).await;
        }
    }
}

/// Makes the row, unless it is there. Two who make it at once can be in each
/// other's way, in spite of IF NOT EXISTS.
async fn prepare(client: &Client) -> Result<()> {
    let mut tries_left = 5;
    loop {
        match client.batch_execute(PREPARE).await {
            Ok(()) => return Ok(()),
            Err(cause) if tries_left == 0 => return Err(cause.into()),
            Err(_) => {
                tries_left -= 1;
                sleep(POLLED_EVERY).await;
            }
        }
    }
}
