//! Several statements in one round trip.
//!
//! The driver sends a statement when its future is first polled and reads the
//! answers in the order of sending. So all are polled once, in order, before
//! the first answer is waited for.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::{MaybeDone, maybe_done};

use super::connection::{Connection, Scope};
use super::error;
use super::failure::Failure;
use super::prepared::Prepared;
use super::statements::Known;
use super::verb::Verb;
use super::want::Collected;
use crate::bindings::plinth::host::database::{Error, ErrorKind, PipelineError, Rows, Statement};

/// Statements that may go in one pipeline.
const STATEMENTS_MAX: usize = 1_000;

/// Rolled back to one, a failure would not be the end of the pipeline.
const NO_SAVEPOINTS: &str = "a pipeline holds no savepoints; set one before it";

/// Which statement of a pipeline failed, and why; the number of statements
/// where it was none of them.
pub(super) struct Broken {
    pub(super) index: usize,
    pub(super) failure: Failure,
}

impl Broken {
    pub(super) fn is_stale(&self) -> bool {
        self.failure.is_stale()
    }
}

impl AsRef<Error> for Broken {
    fn as_ref(&self) -> &Error {
        self.failure.as_ref()
    }
}

impl From<Broken> for PipelineError {
    fn from(broken: Broken) -> Self {
        Self {
            index: u32::try_from(broken.index).unwrap_or(u32::MAX),
            error: broken.failure.into(),
        }
    }
}

/// Refuses more statements than may go at once.
pub(super) fn check_length(statements: &[Statement]) -> Result<(), PipelineError> {
    if statements.len() <= STATEMENTS_MAX {
        return Ok(());
    }
    let message = format!("a pipeline may have {STATEMENTS_MAX} statements");
    Err(error::of_pipeline(statements, error::invalid(message)))
}

type Step<'a, T> = Pin<Box<MaybeDone<StepFuture<'a, T>>>>;
type StepFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

impl Connection {
    /// Runs statements in the transaction that is open.
    pub(super) async fn pipeline(
        &self,
        statements: &[Statement],
        known: &[Arc<Known>],
    ) -> Result<Vec<Rows>, Broken> {
        let prepared = self.prepare_all(statements, known).await?;
        let mut runs = self.runs(statements, known, &prepared)?;
        send(&mut runs).await;
        let outcome = self.answers(&mut runs).await;
        self.forget_if_stale(&outcome, known);
        outcome
    }

    /// Runs statements in a transaction of their own.
    pub(super) async fn atomic_pipeline(
        &self,
        statements: &[Statement],
        known: &[Arc<Known>],
    ) -> Result<Vec<Rows>, Broken> {
        let prepared = self.prepare_all(statements, known).await?;
        let mut runs = self.runs(statements, known, &prepared)?;
        let outcome = self.atomically("BEGIN", &mut runs).await;
        self.forget_if_stale(&outcome, known);
        outcome
    }

    /// Runs a statement that is prepared in a transaction of its own.
    pub(super) async fn run_in_own(
        &self,
        begin: &str,
        prepared: &Prepared,
        known: &Known,
        (statement, collected): (&Statement, Collected),
    ) -> Result<Rows, Failure> {
        let parameters = prepared.bind(statement)?;
        let running = self.run_prepared(prepared, known, parameters, collected);
        let mut runs = vec![step(running)];
        let rows = self.atomically(begin, &mut runs).await;
        let mut rows = rows.map_err(|broken| broken.failure)?;
        rows.pop().ok_or_else(|| gone().into())
    }

    /// Runs steps between a BEGIN and a COMMIT.
    async fn atomically(
        &self,
        begin: &str,
        runs: &mut Vec<Step<'_, Rows>>,
    ) -> Result<Vec<Rows>, Broken> {
        let count = runs.len();
        let whole = |failure| Broken {
            index: count,
            failure,
        };
        let mut begin = [self.control(begin)];
        send(&mut begin).await;
        let is_sent = send(runs).await;
        // What could not even be sent must not be left out of a commit.
        let mut end = [self.control(if is_sent { "COMMIT" } else { "ROLLBACK" })];
        send(&mut end).await;
        let begun = answer(&mut begin[0]).await;
        let outcome = self.answers(runs).await;
        // The answers to what stands behind a failure are read by nobody.
        runs.clear();
        let is_too_large = |broken: &Broken| broken.as_ref().kind == ErrorKind::TooLarge;
        let ended = match outcome.as_ref().is_err_and(is_too_large) {
            // The end is behind rows that nobody wants, so the server has to be stopped.
            true => Ok(()),
            false => answer(&mut end[0]).await,
        };
        begun.map_err(|failure| whole(error::not_begun(failure.into()).into()))?;
        let results = outcome?;
        ended.map_err(whole)?;
        Ok(results)
    }

    /// Forgets all statements of a pipeline if one of them went stale: a migration
    /// seldom changes what one alone returns, and those behind it were not tried.
    fn forget_if_stale<T>(&self, outcome: &Result<T, Broken>, known: &[Arc<Known>]) {
        if outcome.as_ref().is_err_and(Broken::is_stale) {
            known.iter().for_each(|known| self.forget(known));
        }
    }

    async fn prepare_all(
        &self,
        statements: &[Statement],
        known: &[Arc<Known>],
    ) -> Result<Vec<Arc<Prepared>>, Broken> {
        let mut all = Vec::with_capacity(statements.len());
        // One after the other, so that a text that comes twice is prepared once.
        for (index, (statement, known)) in statements.iter().zip(known).enumerate() {
            if known.verb == Verb::Savepoint {
                let failure = error::invalid(NO_SAVEPOINTS).into();
                return Err(Broken { index, failure });
            }
            let prepared = self.prepare(statement, known, Scope::Inside).await;
            all.push(prepared.map_err(|failure| Broken { index, failure })?);
        }
        Ok(all)
    }

    fn runs<'a>(
        &'a self,
        statements: &'a [Statement],
        known: &'a [Arc<Known>],
        prepared: &'a [Arc<Prepared>],
    ) -> Result<Vec<Step<'a, Rows>>, Broken> {
        let mut runs = Vec::with_capacity(statements.len());
        for (index, statement) in statements.iter().enumerate() {
            let (known, prepared) = (&known[index], &prepared[index]);
            let parameters = prepared.bind(statement).map_err(|error| Broken {
                index,
                failure: error.into(),
            })?;
            let collected = self.collect_rows().map_err(|error| Broken {
                index,
                failure: error.into(),
            })?;
            runs.push(step(
                self.run_prepared(prepared, known, parameters, collected),
            ));
        }
        Ok(runs)
    }

    fn control<'a>(&'a self, sql: &'a str) -> Step<'a, ()> {
        step(async move { self.command(sql).await.map_err(Failure::Error) })
    }

    /// Waits for the answers, in order, until one is a failure.
    async fn answers(&self, runs: &mut [Step<'_, Rows>]) -> Result<Vec<Rows>, Broken> {
        let mut results = Vec::with_capacity(runs.len());
        let mut bytes = 0_usize;
        for (index, run) in runs.iter_mut().enumerate() {
            let rows = answer(run)
                .await
                .map_err(|failure| Broken { index, failure })?;
            bytes = bytes.saturating_add(rows.data.len());
            if bytes > self.result_bytes_max() {
                let failure = Failure::Error(self.too_large());
                return Err(Broken { index, failure });
            }
            results.push(rows);
        }
        Ok(results)
    }
}

fn step<'a, T>(future: impl Future<Output = Result<T, Failure>> + Send + 'a) -> Step<'a, T> {
    Box::pin(maybe_done(Box::pin(future) as StepFuture<'a, T>))
}

/// Sends steps in order, up to the first that fails at once, which one that
/// cannot be sent does. Tells whether all were sent.
async fn send<T>(steps: &mut [Step<'_, T>]) -> bool {
    poll_fn(|context| {
        for step in steps.iter_mut() {
            let _ = step.as_mut().poll(context);
            if step
                .as_mut()
                .output_mut()
                .is_some_and(|outcome| outcome.is_err())
            {
                return Poll::Ready(false);
            }
        }
        Poll::Ready(true)
    })
    .await
}

async fn answer<T>(step: &mut Step<'_, T>) -> Result<T, Failure> {
    step.as_mut().await;
    step.as_mut()
        .take_output()
        .unwrap_or_else(|| Err(gone().into()))
}

fn gone() -> Error {
    error::error(ErrorKind::Invalid, "the answer was taken before")
}
