//! A line for each request, and its part of the counts, also for those whose
//! client did not wait.

use std::sync::Arc;
use std::time::Instant;

use http::{Method, StatusCode, Uri};

use super::repeats;
use crate::host::Host;
use crate::metrics::Outcome;
use crate::router::Target;
use crate::tally::Tally;

/// What the log says of a request whose client went away: no status was sent.
/// Other servers call it 499.
fn client_gone() -> StatusCode {
    StatusCode::from_u16(499).expect("a number of three digits")
}

/// A line of the access log, written when the request ends.
pub(super) struct AccessLine {
    host: Arc<Host>,
    began: Instant,
    method: Method,
    uri: Uri,
    target: Option<Arc<Target>>,
    tally: Arc<Tally>,
    generation: u64,
    request_id: Arc<str>,
    /// What was sent.
    status: StatusCode,
    written: bool,
}

impl AccessLine {
    pub(super) fn begin(
        host: Arc<Host>,
        method: Method,
        uri: Uri,
        target: Option<Arc<Target>>,
        tally: Arc<Tally>,
        generation: u64,
        request_id: Arc<str>,
    ) -> Self {
        Self {
            host,
            began: Instant::now(),
            method,
            uri,
            target,
            tally,
            generation,
            request_id,
            status: client_gone(),
            written: false,
        }
    }

    /// Writes the line of a request that was answered.
    pub(super) fn answered(mut self, status: StatusCode, bytes: u64) {
        self.status = status;
        self.write(Outcome::of(status), bytes, false);
    }

    /// Notes the status of an answer whose body is still to come.
    pub(super) fn begun(&mut self, status: StatusCode) {
        self.status = status;
    }

    /// Writes the line of a request whose answer was streamed.
    pub(super) fn streamed(mut self, bytes: u64, is_truncated: bool) {
        self.write(Outcome::of(self.status), bytes, is_truncated);
    }

    /// Tells why the answer broke off.
    pub(super) fn broke_off(&self, cause: &str) {
        tracing::error!(
            target: "plinth::problem",
            problem = "broken-off",
            plugin = self.target.as_ref().map(|target| target.plugin.name()),
            route = self.target.as_ref().map(|target| &*target.name),
            request_id = &*self.request_id,
            "{cause}",
        );
    }

    fn write(&mut self, outcome: Outcome, bytes: u64, is_truncated: bool) {
        self.written = true;
        let took = self.began.elapsed();
        let target = self.target.as_deref();
        let unrouted = &self.host.metrics().unrouted;
        let metrics = target.map_or(unrouted, |target| &target.metrics);
        metrics.record(outcome, took);
        tracing::info!(
            target: "plinth::access",
            method = %self.method,
            path = self.uri.path(),
            status = self.status.as_u16(),
            bytes,
            truncated = is_truncated.then_some(true),
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            plugin = target.map(|target| target.plugin.name()),
            route = target.map(|target| &*target.name),
            statements = target.map(|_| self.tally.statements()),
            generation = self.generation,
            request_id = &*self.request_id,
        );
        if let Some(target) = target {
            repeats::report(&self.tally, target, &self.request_id);
            self.host.remember(&self.request_id, &self.tally);
        }
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        if !self.written {
            self.write(Outcome::Gone, 0, false);
        }
    }
}
