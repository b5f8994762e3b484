//! `wit/request.wit`: the request being served, read piece by piece.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Uri};

use crate::bindings::plinth::host::request::Host;
use crate::bindings::plinth::host::types::Header;
use crate::budget::Held;
use crate::state::State;
use crate::tally::Tally;

/// A request as a plugin can read it.
pub struct Request {
    /// The client's `x-request-id`, or the host's.
    pub id: Arc<str>,
    /// The name of the handler that answers it, for the log.
    pub route: Arc<str>,
    /// Path and query as they came.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// What it asks of the host.
    pub tally: Arc<Tally>,
    /// Its part of the room for all bodies.
    pub(crate) _room: Option<[Held; 2]>,
}

/// The request an instance is serving, if any.
#[derive(Default)]
pub(crate) struct CurrentRequest(Option<Request>);

impl CurrentRequest {
    pub(crate) fn begin(&mut self, request: Request) {
        self.0 = Some(request);
    }

    pub(crate) fn end(&mut self) {
        self.0 = None;
    }

    pub(crate) fn id(&self) -> &str {
        self.0.as_ref().map_or("", |request| &request.id)
    }

    /// What the request asks of the host; nothing is counted outside one.
    pub(crate) fn tally(&self) -> Option<&Tally> {
        self.0.as_ref().map(|request| &*request.tally)
    }

    pub(crate) fn route(&self) -> &str {
        self.0.as_ref().map_or("", |request| &request.route)
    }
}

impl Host for State {
    fn id(&mut self) -> wasmtime::Result<String> {
        Ok(self.request.id().to_owned())
    }

    fn target(&mut self) -> wasmtime::Result<String> {
        let target = |request: &Request| request.uri.path_and_query().map(ToString::to_string);
        Ok(self.request.0.as_ref().and_then(target).unwrap_or_default())
    }

    fn header_value(&mut self, name: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self
            .request
            .0
            .as_ref()
            .and_then(|request| joined(&request.headers, &name)))
    }

    fn headers(&mut self) -> wasmtime::Result<Vec<Header>> {
        let Some(request) = &self.request.0 else {
            return Ok(Vec::new());
        };
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| Header {
            name: name.as_str().to_owned(),
            value: value.as_bytes().to_vec(),
        };
        Ok(request.headers.iter().map(header).collect())
    }

    fn body(&mut self) -> wasmtime::Result<Vec<u8>> {
        let body = self
            .request
            .0
            .as_mut()
            .map(|request| std::mem::take(&mut request.body));
        Ok(body.unwrap_or_default().into())
    }
}

/// The values of a header, joined as RFC 9110 section 5.3 joins them, and cookies
/// as RFC 9113 section 8.2.3 does.
fn joined(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let separator: &[u8] = if name.eq_ignore_ascii_case("cookie") {
        b"; "
    } else {
        b", "
    };
    let mut values = headers.get_all(name).iter();
    let mut joined = values.next()?.as_bytes().to_vec();
    for value in values {
        joined.extend_from_slice(separator);
        joined.extend_from_slice(value.as_bytes());
    }
    Some(joined)
}
