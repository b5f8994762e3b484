//! Counts and times the statements of a guest, and refuses what is more than a
//! request may send.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use super::{Outcome, error};
use crate::bindings::plinth::host::database::{ErrorKind, PipelineError, Rows, Statement};
use crate::metrics::{PluginMetrics, StatementFailure};
use crate::state::State;
use crate::tally::Tally;

/// A call under way that sends statements. Dropped before its end, it counts as
/// abandoned.
pub(super) struct Meter {
    metrics: Arc<PluginMetrics>,
    began: Instant,
    ended: bool,
}

impl State {
    /// Begins a call that sends these statements.
    ///
    /// # Errors
    ///
    /// When they are more than the request has left.
    pub(super) fn meter(&self, statements: &[Statement]) -> Outcome<Meter> {
        Meter::begin(&self.granted.metrics, self.request.tally(), statements)
    }

    /// Counts what came of a COPY that was begun before, if it failed.
    pub(super) fn count_failure<T>(&self, outcome: &Outcome<T>) {
        if let Err(error) = outcome {
            let failure = failure_of(error.kind);
            self.granted.metrics.statements.failed(failure);
        }
    }
}

impl Meter {
    /// Begins a call that sends these statements for a request.
    ///
    /// # Errors
    ///
    /// When they are more than the request has left.
    pub(super) fn begin(
        metrics: &Arc<PluginMetrics>,
        tally: Option<&Tally>,
        statements: &[Statement],
    ) -> Outcome<Self> {
        let texts = statements.iter().map(|statement| &*statement.sql);
        let counted = tally.map(|tally| tally.count(texts));
        if let Some(Err(refused)) = counted {
            metrics.statements.over_limit.increment();
            return Err(error::invalid(refused.to_string()));
        }
        metrics.statements.sent.add(statements.len() as u64);
        Ok(Self {
            metrics: Arc::clone(metrics),
            began: Instant::now(),
            ended: false,
        })
    }

    /// The call has ended, with this failure if with any.
    pub(super) fn end(mut self, failure: Option<ErrorKind>) {
        self.ended = true;
        self.metrics
            .statements
            .seconds
            .observe(self.began.elapsed());
        if let Some(kind) = failure {
            self.metrics.statements.failed(failure_of(kind));
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if !self.ended {
            self.metrics.statements.failed(StatementFailure::Abandoned);
        }
    }
}

/// A call that sends one statement, unless it was refused.
pub(super) async fn metered<T>(
    meter: Outcome<Meter>,
    call: impl Future<Output = Outcome<T>>,
) -> Outcome<T> {
    let meter = meter?;
    let outcome = call.await;
    meter.end(outcome.as_ref().err().map(|error| error.kind));
    outcome
}

/// A call that sends several statements, unless it was refused.
pub(super) async fn metered_pipeline(
    meter: Outcome<Meter>,
    statements: usize,
    call: impl Future<Output = Result<Vec<Rows>, PipelineError>>,
) -> Result<Vec<Rows>, PipelineError> {
    let index = u32::try_from(statements).unwrap_or(u32::MAX);
    let meter = meter.map_err(|error| PipelineError { index, error })?;
    let outcome = call.await;
    meter.end(outcome.as_ref().err().map(|failure| failure.error.kind));
    outcome
}

fn failure_of(kind: ErrorKind) -> StatementFailure {
    match kind {
        ErrorKind::Server => StatementFailure::Server,
        ErrorKind::Busy => StatementFailure::Busy,
        ErrorKind::Disconnected => StatementFailure::Disconnected,
        ErrorKind::Timeout => StatementFailure::Timeout,
        ErrorKind::TooLarge => StatementFailure::TooLarge,
        ErrorKind::Denied => StatementFailure::Denied,
        ErrorKind::Invalid => StatementFailure::Invalid,
    }
}
