//! The request being served, read piece by piece.

use crate::bindings::plinth::host::types::Header;

/// The request being served.
///
/// A handler that takes one as an argument asks the host for what it needs;
/// nothing is copied into the plugin before.
///
/// ```
/// use plinth::Request;
///
/// /// Receive a hook.
/// #[plinth::post("/hooks/git")]
/// fn hook(request: Request) -> String {
///     let event = request.header("x-event").unwrap_or_default();
///     let body = request.body();
///     format!("{event}: {} bytes", body.len())
/// }
/// ```
///
/// In a unit test, away from a host, it is empty.
#[derive(Clone, Debug, Default)]
pub struct Request {
    query: String,
}

impl Request {
    pub(crate) fn new(query: String) -> Request {
        Request { query }
    }

    /// The request's identifier: the client's `x-request-id`, or the host's.
    #[must_use]
    pub fn id(&self) -> String {
        id()
    }

    /// The path and query as they came, before percent-decoding.
    #[must_use]
    pub fn target(&self) -> String {
        host::target()
    }

    /// What stands behind the question mark, as it came.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The value of a header, if it is there and is UTF-8. The values of a
    /// repeated one are joined by `, `.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        String::from_utf8(self.header_bytes(name)?).ok()
    }

    /// The value of a header as octets.
    #[must_use]
    pub fn header_bytes(&self, name: &str) -> Option<Vec<u8>> {
        host::header_value(name)
    }

    /// All headers, in the order they came.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, Vec<u8>)> {
        let pair = |header: Header| (header.name, header.value);
        host::headers().into_iter().map(pair).collect()
    }

    /// The whole body.
    ///
    /// The host hands it over once: where the handler has also a
    /// [`Json`](crate::http::Json) argument, or calls this again, it is empty.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        host::body()
    }

    /// The whole body as text, as [`body`](Request::body) gives it.
    ///
    /// # Errors
    ///
    /// A problem with status 400 where it is not UTF-8.
    pub fn text(&self) -> Result<String, crate::http::Problem> {
        String::from_utf8(self.body())
            .map_err(|_| crate::http::Problem::bad_request("The body is not UTF-8 text."))
    }
}

/// The identifier of the request being served; empty where there is none.
pub(crate) fn id() -> String {
    host::id()
}

#[cfg(target_family = "wasm")]
use crate::bindings::plinth::host::request as host;

/// Outside a host there is no request, so it is empty, as the contract says.
#[cfg(not(target_family = "wasm"))]
mod host {
    use super::Header;

    pub(super) fn id() -> String {
        String::new()
    }

    pub(super) fn target() -> String {
        String::new()
    }

    pub(super) fn header_value(_name: &str) -> Option<Vec<u8>> {
        None
    }

    pub(super) fn headers() -> Vec<Header> {
        Vec::new()
    }

    pub(super) fn body() -> Vec<u8> {
        Vec::new()
    }
}
