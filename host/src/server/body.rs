//! Reads a request's body within its limits, before a plugin is woken for it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout, timeout_at};

use super::outgoing::Pace;
use super::rooms::Client;
use crate::budget::{Exhausted, Held};
use crate::config::ServerLimits;
use crate::problem::Problem;

/// What is read, and thrown away, of a body that was refused: a client that is
/// still sending would see its connection reset before it sees why.
const REFUSED_BYTES_MAX: usize = 1 << 20;
const REFUSED_WITHIN: Duration = Duration::from_secs(2);

/// A whole body, and its part of the room, which goes back with it.
#[derive(Default)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    /// Of all, and of its connection's part.
    pub(super) room: Option<[Held; 2]>,
}

/// Reads the whole body.
///
/// # Errors
///
/// When it is too large, too slow, or breaks off, or when others take the room.
pub(super) async fn read(
    mut body: Incoming,
    limits: &ServerLimits,
    client: &Client,
) -> Result<Body, Problem> {
    if body.is_end_stream() {
        return Ok(Body::default());
    }
    let read = read_within(&mut body, limits, client).await;
    if read.is_err() {
        tokio::spawn(timeout(REFUSED_WITHIN, throw_away(body)));
    }
    read
}

async fn read_within(
    body: &mut Incoming,
    limits: &ServerLimits,
    client: &Client,
) -> Result<Body, Problem> {
    let max = limits.body_bytes_max;
    if body.size_hint().lower() > max as u64 {
        return Err(Problem::body_too_large(max));
    }
    let pace = Pace {
        stall_max: Duration::from_millis(limits.body_timeout_ms),
        ..client.pace
    };
    let full = |_: Exhausted| Problem::bodies_full();
    // Taken as the bytes come: what is only announced takes nothing from anybody.
    let [all, own] = &client.bodies;
    let mut room = [all.hold(0).map_err(full)?, own.hold(0).map_err(full)?];
    let (mut whole, began) = (BytesMut::new(), Instant::now());
    loop {
        let deadline = began + pace.time_for(whole.len() as u64);
        let frame = match timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(Problem::body_timeout()),
            Ok(Some(Err(_))) => return Err(Problem::body_broken()),
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if whole.len() + data.len() > max {
            return Err(Problem::body_too_large(max));
        }
        let mut rooms = room.iter_mut();
        let taken = rooms.try_for_each(|room| room.more(data.len()));
        taken.map_err(full)?;
        if whole.is_empty() && body.is_end_stream() {
            return Ok(Body {
                bytes: data,
                room: Some(room),
            });
        }
        whole.extend_from_slice(&data);
    }
    Ok(Body {
        bytes: whole.freeze(),
        room: Some(room),
    })
}

async fn throw_away(mut body: Incoming) {
    let mut left = REFUSED_BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        let Some(rest) = left.checked_sub(length) else {
            return;
        };
        left = rest;
    }
}
