//! Ending what a connection does: by asking, by force, and by leaving it.
//!
//! A block can catch a cancellation and go on, so a limit that only asks is none.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::connection::{Connection, Reach};
use super::dial::{self, DialError, dial};

/// How long each of the ways may take.
pub(super) const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// How long a statement may go on after it was asked to stop, and how often it is
/// asked: a cancellation that comes between two statements stops neither.
const STOPS_WITHIN: Duration = Duration::from_secs(2);
const ASKED_EVERY: Duration = Duration::from_millis(500);

/// What the host's own question may return.
const ROW_BYTES_MAX: usize = 1 << 10;

impl Connection {
    /// Has the server stop what this connection is doing, of which `is_over` tells
    /// whether it has. In the end the connection is broken.
    pub(super) async fn stop(&self, is_over: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_over() && begun.elapsed() < STOPS_WITHIN {
            if let Ok(Err(cause)) = timeout(STOPS_WITHIN, self.cancel()).await {
                tracing::debug!(target: "plinth::database", %cause, "a cancellation failed");
            }
            until(ASKED_EVERY, &is_over).await;
        }
        if !is_over() {
            let ended = timeout(ENDS_WITHIN, self.terminate()).await;
            let process = self.reach.backend.process();
            tracing::warn!(
                target: "plinth::database", process, was_ended = matches!(ended, Ok(Ok(()))),
                "a statement did not stop when it was cancelled, so its session was ended"
            );
            until(STOPS_WITHIN, &is_over).await;
        }
        if !is_over() {
            self.abort();
        }
    }

    /// Whether the server has answered everything.
    pub(super) async fn is_at_rest(&self) -> bool {
        timeout(STOPS_WITHIN, self.is_alive()).await.is_ok()
    }

    /// Asks the server to stop what this connection is doing.
    async fn cancel(&self) -> Result<(), DialError> {
        let Reach {
            config,
            tls,
            server,
            ending,
            ..
        } = &self.reach;
        let _place = ending.acquire().await;
        dial::cancel(config, tls, server, &self.client).await
    }

    /// Has the server end this connection's session, by another session of the
    /// same role: a role may end its own.
    async fn terminate(&self) -> Result<(), DialError> {
        let _place = self.reach.ending.acquire().await;
        let dialed = dial(&self.reach.config, &self.reach.tls, ROW_BYTES_MAX).await?;
        let driver = tokio::spawn(dialed.driver);
        let sql = format!(
            "SELECT pg_catalog.pg_terminate_backend({})",
            self.reach.backend.process()
        );
        let ended = dialed.client.batch_execute(&sql).await;
        driver.abort();
        ended.map_err(DialError::from)
    }

    /// Breaks the connection, whatever is under way on it: nobody waits for the
    /// server any more.
    fn abort(&self) {
        self.reach.driver.abort();
    }
}

/// Waits for something, and no longer than that.
async fn until(limit: Duration, is_over: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_over() && begun.elapsed() < limit {
        sleep(limit / 20).await;
    }
}
