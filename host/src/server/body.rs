//! Reads a request's body within its limits, before a plugin is woken for it.

use std::time::Duration;

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;

use crate::config::ServerLimits;
use crate::problem::Problem;

/// The whole body.
///
/// # Errors
///
/// When it is too large, too slow, or breaks off.
pub(super) async fn read(body: Incoming, limits: &ServerLimits) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let max = limits.body_bytes_max;
    if body.size_hint().lower() > max as u64 {
        return Err(Problem::body_too_large(max));
    }
    let timeout = Duration::from_millis(limits.body_timeout_ms);
    match tokio::time::timeout(timeout, Limited::new(body, max).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::body_too_large(max)),
        Ok(Err(_)) => Err(Problem::body_broken()),
        Err(_) => Err(Problem::body_timeout()),
    }
}
