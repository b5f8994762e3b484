//! A line for each request, also for those whose client did not wait.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Response, Uri};

use crate::router::Target;

/// What the log says of a request whose client went away: no status was sent.
/// Other servers call it 499.
const CLIENT_GONE: u16 = 499;

/// A line of the access log, written when the request ends.
pub(super) struct AccessLine {
    began: Instant,
    method: Method,
    uri: Uri,
    target: Option<Arc<Target>>,
    generation: u64,
    request_id: Arc<str>,
    written: bool,
}

impl AccessLine {
    pub(super) fn begin(
        method: Method,
        uri: Uri,
        target: Option<Arc<Target>>,
        generation: u64,
        request_id: Arc<str>,
    ) -> Self {
        Self {
            began: Instant::now(),
            method,
            uri,
            target,
            generation,
            request_id,
            written: false,
        }
    }

    /// Writes the line of a request that was answered.
    pub(super) fn answered(mut self, response: &Response<Bytes>) {
        self.write(response.status().as_u16(), response.body().len());
    }

    fn write(&mut self, status: u16, bytes: usize) {
        self.written = true;
        tracing::info!(
            target: "plinth::access",
            method = %self.method,
            path = self.uri.path(),
            status,
            bytes,
            micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX),
            plugin = self.target.as_ref().map(|target| target.plugin.name()),
            route = self.target.as_ref().map(|target| &*target.name),
            generation = self.generation,
            request_id = &*self.request_id,
        );
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        if !self.written {
            self.write(CLIENT_GONE, 0);
        }
    }
}
