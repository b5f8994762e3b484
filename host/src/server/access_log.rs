//! A line for each request, and its part of the counts, also for those whose
//! client did not wait.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Response, Uri};

use super::repeats;
use crate::host::Host;
use crate::metrics::Outcome;
use crate::router::Target;
use crate::tally::Tally;

/// What the log says of a request whose client went away: no status was sent.
/// Other servers call it 499.
const CLIENT_GONE: u16 = 499;

/// A line of the access log, written when the request ends.
pub(super) struct AccessLine<'h> {
    host: &'h Host,
    began: Instant,
    method: Method,
    uri: Uri,
    target: Option<Arc<Target>>,
    tally: Arc<Tally>,
    generation: u64,
    request_id: Arc<str>,
    written: bool,
}

impl<'h> AccessLine<'h> {
    pub(super) fn begin(
        host: &'h Host,
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
            written: false,
        }
    }

    /// Writes the line of a request that was answered.
    pub(super) fn answered(mut self, response: &Response<Bytes>) {
        let status = response.status();
        self.write(Outcome::of(status), status.as_u16(), response.body().len());
    }

    fn write(&mut self, outcome: Outcome, status: u16, bytes: usize) {
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
            status,
            bytes,
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

impl Drop for AccessLine<'_> {
    fn drop(&mut self) {
        if !self.written {
            self.write(Outcome::Gone, CLIENT_GONE, 0);
        }
    }
}
