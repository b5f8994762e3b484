//! Counts and times the statements of a guest, and refuses what is more than a
//! request may send.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Instant;

use super::{Outcome, error};
use crate::bindings::plinth::host::database::{Error, ErrorKind, PipelineError, Rows, Statement};
use crate::budget::Held;
use crate::metrics::{PluginMetrics, StatementFailure};
use crate::plugin::host_time::HostTime;
use crate::plugin::limits::CpuExhausted;
use crate::state::{Granted, State};
use crate::tally::Tally;

/// A call under way that sends statements. Dropped before its end, it counts as
/// abandoned.
pub(super) struct Meter {
    metrics: Arc<PluginMetrics>,
    /// Where the host's work for it is charged, while a guest waits.
    host_time: Option<Arc<HostTime>>,
    /// What the statements themselves take in memory.
    _arguments: Held,
    began: Instant,
    ended: bool,
}

impl State {
    /// Begins a call that sends these statements.
    ///
    /// # Errors
    ///
    /// When they are more than the request has left, or the host holds too much
    /// for the plugin already.
    pub(super) fn meter(&self, statements: &[Statement]) -> Outcome<Meter> {
        let mut meter = Meter::begin(&self.granted, self.request.tally(), statements)?;
        meter.host_time = Some(Arc::clone(self.cpu.host_time()));
        Ok(meter)
    }

    /// Counts a transaction that is about to be begun.
    ///
    /// # Errors
    ///
    /// When the request has begun as many as it may.
    pub(super) fn count_transaction(&self) -> Outcome<()> {
        let counted = self.request.tally().map(Tally::count_transaction);
        if let Some(Err(refused)) = counted {
            self.granted.metrics.statements.over_limit.increment();
            return Err(error::invalid(refused.to_string()));
        }
        Ok(())
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
    /// When they are more than the request has left, or the host holds too much
    /// for the plugin already.
    pub(super) fn begin(
        granted: &Granted,
        tally: Option<&Tally>,
        statements: &[Statement],
    ) -> Outcome<Self> {
        let metrics = &granted.metrics;
        let arguments = statements.iter().map(bytes).sum();
        let arguments = granted.held.hold(arguments).map_err(error::no_room)?;
        let texts = statements.iter().map(|statement| &*statement.sql);
        let counted = tally.map(|tally| tally.count(texts));
        if let Some(Err(refused)) = counted {
            metrics.statements.over_limit.increment();
            return Err(error::invalid(refused.to_string()));
        }
        metrics.statements.sent.add(statements.len() as u64);
        Ok(Self {
            metrics: Arc::clone(metrics),
            host_time: None,
            _arguments: arguments,
            began: Instant::now(),
            ended: false,
        })
    }

    /// Makes the call, and charges for the host's work.
    async fn run<T>(&self, call: Pin<&mut impl Future<Output = T>>) -> Result<T, Error> {
        match &self.host_time {
            None => Ok(call.await),
            Some(time) => time.charge(call).await.map_err(exhausted),
        }
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
    // Pinned here, so that it is moved no further.
    let outcome = meter.run(pin!(call)).await.and_then(|outcome| outcome);
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
    let whole = |error| PipelineError { index, error };
    let meter = meter.map_err(whole)?;
    let outcome = meter.run(pin!(call)).await.map_err(whole);
    let outcome = outcome.and_then(|outcome| outcome);
    meter.end(outcome.as_ref().err().map(|failure| failure.error.kind));
    outcome
}

/// A call that sends no statement of its own, charged for the host's work.
pub(super) async fn charged<T>(
    time: &HostTime,
    call: impl Future<Output = Outcome<T>>,
) -> Outcome<T> {
    let outcome = time.charge(pin!(call)).await.map_err(exhausted);
    outcome.and_then(|outcome| outcome)
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err has it")]
fn exhausted(cause: CpuExhausted) -> Error {
    error::error(ErrorKind::Timeout, cause.to_string())
}

/// What a statement takes in memory.
fn bytes(statement: &Statement) -> usize {
    statement.sql.len() + statement.parameters.len() + size_of_val(&*statement.parameter_types)
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
