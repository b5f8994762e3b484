//! A statement with a timeout of its own.
//!
//! The server keeps the time, in a transaction of the statement's own, because
//! only its word is good for that the statement had no effect: a cancellation of
//! the host's can come when it has been committed.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::connection::Scope;
use super::error;
use super::failure::Failure;
use super::lease::Lease;
use super::statements::Known;
use super::want::Want;
use crate::bindings::plinth::host::database::{Error, Rows, Statement};

/// How much longer than the server the host waits. What is deferred to the commit
/// takes its time from this, for the server does not count it.
const SERVER_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

impl Lease {
    /// Runs a statement outside a transaction, for no longer than it says itself.
    pub(super) async fn run_timed(
        &mut self,
        statement: &Statement,
        known: &Known,
        want: &Want,
    ) -> Result<Rows, Error> {
        let begun = Instant::now();
        let deadline = begun + Duration::from_millis(statement.timeout_ms.into());
        let before = self.enter();
        let mut outcome = self.run_until(deadline, statement, known, want).await?;
        if outcome.as_ref().is_err_and(Failure::is_stale) {
            outcome = self.run_until(deadline, statement, known, want).await?;
        }
        let outcome = self.leave_with(before, outcome);
        if outcome.is_ok() {
            known.took(begun.elapsed());
        }
        outcome.map_err(Error::from)
    }

    /// What came of a statement that the server gives up at a deadline.
    ///
    /// # Errors
    ///
    /// When it does not. The statement is still under way then.
    async fn run_until(
        &self,
        deadline: Instant,
        statement: &Statement,
        known: &Known,
        want: &Want,
    ) -> Result<Result<Rows, Failure>, Error> {
        let connection = self.connection();
        let left = || deadline.saturating_duration_since(Instant::now());
        // Nothing takes effect before it is planned, so the host itself may keep the time.
        let preparing = async {
            let prepared = connection.prepare(statement, known, Scope::Outside).await?;
            let collected = connection.collect(&prepared, known, want).await?;
            Ok::<_, Failure>((prepared, collected))
        };
        let (prepared, collected) = match timeout(left(), preparing).await {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(failure)) => return Ok(Err(failure)),
            Err(_) => return Err(error::timeout(statement.timeout_ms)),
        };
        let begin = begin(left());
        let running = connection.run_in_own(&begin, &prepared, known, (statement, collected));
        let ran = timeout(left() + SERVER_ANSWERS_WITHIN, running).await;
        ran.map_err(|_| error::no_answer_in_time(statement.timeout_ms))
    }
}

fn begin(time: Duration) -> String {
    // Postgres takes 0 for no limit.
    let time_ms = time.as_millis().max(1);
    format!("BEGIN; SET LOCAL statement_timeout = {time_ms}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_left_is_not_all_the_time_there_is() {
        for (time, expected) in [(0, 1), (999, 1), (1_000, 1), (250_999, 250)] {
            let begin = begin(Duration::from_micros(time));
            assert!(begin.ends_with(&format!("= {expected}")), "{begin}");
        }
    }
}
