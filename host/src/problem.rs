//! RFC 9457 problem details: every answer of the host's own that is not a
//! success.
//!
//! Two audiences, two texts: `detail` goes to the client, the cause to the log;
//! only in `dev` does the response carry the cause too.

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderName, Response, StatusCode};
use serde::Serialize;

use crate::plugin::CallError;

mod query;

/// The media type of RFC 9457.
pub const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A problem the host tells a client of.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    /// Names the kind: `urn:plinth:problem:<slug>`.
    slug: &'static str,
    /// Its type is `about:blank`: the status says it all.
    is_blank: bool,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
}

/// The members of RFC 9457, and ours.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
}

impl Problem {
    fn new(status: StatusCode, slug: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            slug,
            is_blank: false,
            detail: detail.into(),
            headers: Vec::new(),
            cause: None,
        }
    }

    /// One that clients know by its status alone; the slug is for the log.
    fn blank(status: StatusCode, slug: &'static str, detail: &str) -> Self {
        Self {
            is_blank: true,
            ..Self::new(status, slug, detail)
        }
    }

    /// 404: no route has this path.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "Nothing is served at this path.",
        )
    }

    /// 400: the path is not percent-encoded UTF-8.
    pub fn malformed_path() -> Self {
        let detail = "The path is not percent-encoded UTF-8.";
        Self::new(StatusCode::BAD_REQUEST, "malformed-path", detail)
    }

    /// 405: the path is served, but not with this method.
    pub fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("This path answers to {allow}.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
            .with_header(ALLOW, allow)
    }

    /// 413: the body is larger than the operator allows.
    pub fn body_too_large(limit: usize) -> Self {
        let detail = format!("The body is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
            .with_header(CONNECTION, "close")
    }

    /// 503: the bodies of other requests take all the room.
    pub fn bodies_full() -> Self {
        let detail = "The service is busy; try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
            .with_header(RETRY_AFTER, "1")
            .with_header(CONNECTION, "close")
    }

    /// 503: answers that were not sent yet take all the room.
    pub fn answers_full() -> Self {
        let detail = "The service is busy; try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).with_header(RETRY_AFTER, "1")
    }

    /// 505: the answer has no end that HTTP/1.0 could tell.
    pub fn too_long_for_http_1_0(limit: usize) -> Self {
        let detail =
            format!("The answer is larger than {limit} bytes, which HTTP/1.0 can't tell whole.");
        let status = StatusCode::HTTP_VERSION_NOT_SUPPORTED;
        Self::new(status, "http-version", detail)
    }

    /// 400: the request is for no authority, or has no end that is clear.
    pub fn malformed_request(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed-request", detail)
            .with_header(CONNECTION, "close")
    }

    /// 421: the name that was asked for does not lead here.
    pub fn misdirected() -> Self {
        let detail = "`plinth dev` answers for localhost, for addresses, and for the hosts of its \
                      plugins alone.";
        Self::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", detail)
    }

    /// 501: the body is coded in a way that is not undone here.
    pub fn unknown_coding() -> Self {
        let detail = "The only Transfer-Encoding that is known is chunked.";
        Self::new(StatusCode::NOT_IMPLEMENTED, "unknown-coding", detail)
            .with_header(CONNECTION, "close")
    }

    /// 408: the body did not come in time.
    pub fn body_timeout() -> Self {
        let detail = "The body did not arrive in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "body-timeout", detail)
            .with_header(CONNECTION, "close")
    }

    /// 400: the body broke off.
    pub fn body_broken() -> Self {
        let detail = "The body ended before it was complete.";
        Self::new(StatusCode::BAD_REQUEST, "body-broken", detail).with_header(CONNECTION, "close")
    }

    /// 500: the plugin's answer is not an HTTP response.
    pub fn bad_reply(cause: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "bad-reply",
            "The plugin gave no valid answer.",
        )
        .with_cause(cause)
    }

    /// 500: the plugin gave up because it may send no further statement.
    pub fn statements_limit(statements_max: u32) -> Self {
        let detail = "The request needed too much of the database.";
        let cause = format!("it wanted to send more than statements_max = {statements_max}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "statements-limit",
            detail,
        )
        .with_cause(cause)
    }

    /// 503: these databases do not answer. For operators, so it names them.
    pub fn databases_silent(names: impl IntoIterator<Item = String>) -> Self {
        let names: Vec<String> = names.into_iter().collect();
        let detail = format!("These databases do not answer: {}.", names.join(", "));
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "databases-silent", detail)
    }

    /// The statuses differ so that an access log alone tells what happened; 507
    /// and 508 are RFC 4918's and RFC 5842's.
    pub fn from_call(error: CallError) -> Self {
        match error {
            CallError::Busy => {
                let detail = "The service is busy; try again in a moment.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
                    .with_header(RETRY_AFTER, "1")
            }
            CallError::WallTime => {
                let detail = "The request took too long.";
                Self::new(StatusCode::GATEWAY_TIMEOUT, "wall-time-limit", detail)
            }
            CallError::CpuTime => {
                let detail = "The request needed too much computing time.";
                Self::new(StatusCode::LOOP_DETECTED, "cpu-limit", detail)
            }
            CallError::Memory => {
                let detail = "The request needed too much memory.";
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "memory-limit", detail)
            }
            CallError::ReplyTooLarge => Self::bad_reply(error.to_string()),
            CallError::Query(error) => query::problem(&error),
            CallError::NoRow => query::no_row(),
            CallError::Trap(cause) => {
                let detail = "The request could not be answered because of an internal error.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "trap", detail).with_cause(cause)
            }
        }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What it is about, for the log.
    pub fn slug(&self) -> &'static str {
        self.slug
    }

    /// Why it happened, for the log and for `dev`.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The response. `show_cause` is for `dev` alone.
    pub fn into_response(self, request_id: &str, show_cause: bool) -> Response<Bytes> {
        let kind = match self.is_blank {
            true => "about:blank".to_owned(),
            false => format!("urn:plinth:problem:{}", self.slug),
        };
        let body = Body {
            kind,
            title: title(self.status),
            status: self.status.as_u16(),
            detail: &self.detail,
            request_id,
            cause: self.cause.as_deref().filter(|_| show_cause),
        };
        let body = serde_json::to_vec(&body).expect("a problem is JSON");
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, MEDIA_TYPE);
        response.headers_mut().extend(self.headers);
        response
    }

    fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("our own header values are visible ASCII");
        self.headers.push((name, value));
        self
    }

    fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

/// The reason phrase of RFC 9110, where the `http` crate has an older one.
fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
        status => status.canonical_reason().unwrap_or("Error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_shown_in_dev_alone() {
        for (dev, shown) in [(true, true), (false, false)] {
            let problem = Problem::from_call(CallError::Trap("at src/lib.rs:3".into()));
            let response = problem.into_response("r1", dev);
            assert_eq!(response.status(), 500);
            let body = String::from_utf8(response.body().to_vec()).expect("JSON");
            assert_eq!(body.contains("lib.rs"), shown, "{body}");
            assert!(body.contains(r#""request_id":"r1""#), "{body}");
        }
    }
}
