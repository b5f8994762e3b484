//! Answers that must have no body, whatever was made for one.
//!
//! The one place that knows, behind whatever answered: HTTP/2 sends what it is
//! given.

use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body::Body as _;

use super::reply_body::ReplyBody;

/// Takes the body away where the method or the status allows none
/// (RFC 9110, sections 6.4.1 and 9.3.2).
pub(super) fn fit(method: &Method, mut response: Response<ReplyBody>) -> Response<ReplyBody> {
    let status = response.status();
    let is_of_head = method == Method::HEAD;
    if !is_of_head && !is_bodiless(status) {
        return response;
    }
    // What GET would have sent: of HEAD alone, and of what is not modified.
    let tells_length = is_of_head && !is_bodiless(status);
    if tells_length && let Some(length) = response.body().size_hint().exact() {
        let length = HeaderValue::from(length);
        response.headers_mut().insert(CONTENT_LENGTH, length);
    }
    response.map(ReplyBody::left_out)
}

fn is_bodiless(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    )
}
