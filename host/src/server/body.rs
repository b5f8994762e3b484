//! Reads a request's body within its limits, before a plugin is woken for it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::ServerLimits;
use crate::problem::Problem;

/// The room is counted in pieces of this size, which a semaphore can count.
const PIECE_BYTES: usize = 1024;

/// The room for the bodies of all requests.
pub(crate) struct BodyRoom(Arc<Semaphore>);

impl BodyRoom {
    pub(crate) fn new(limits: &ServerLimits) -> Self {
        let pieces = limits.bodies_bytes_max.div_ceil(PIECE_BYTES);
        Self(Arc::new(Semaphore::new(pieces.min(Semaphore::MAX_PERMITS))))
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE_BYTES)).unwrap_or(u32::MAX);
        let taken = Arc::clone(&self.0).try_acquire_many_owned(pieces);
        taken.map_err(|_| Problem::bodies_full())
    }
}

/// A whole body, and its part of the room, which goes back with it.
#[derive(Default)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// Reads the whole body.
///
/// # Errors
///
/// When it is too large, too slow, or breaks off, or when others take the room.
pub(super) async fn read(
    body: Incoming,
    limits: &ServerLimits,
    room: &BodyRoom,
) -> Result<Body, Problem> {
    if body.is_end_stream() {
        return Ok(Body::default());
    }
    let max = limits.body_bytes_max;
    let size = body.size_hint();
    if size.lower() > max as u64 {
        return Err(Problem::body_too_large(max));
    }
    // One that does not say how long it will be can become as long as any.
    let announced = size.exact().and_then(|bytes| usize::try_from(bytes).ok());
    let room = room.take(announced.unwrap_or(max))?;
    let timeout = Duration::from_millis(limits.body_timeout_ms);
    match tokio::time::timeout(timeout, Limited::new(body, max).collect()).await {
        Ok(Ok(collected)) => Ok(Body {
            bytes: collected.to_bytes(),
            room: Some(room),
        }),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::body_too_large(max)),
        Ok(Err(_)) => Err(Problem::body_broken()),
        Err(_) => Err(Problem::body_timeout()),
    }
}
