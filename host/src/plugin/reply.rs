//! A plugin's answer, and what the host does to complete it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::outcome::CallError;
use crate::bindings::exports::plinth::host::handler::{self, Content, Delivery, QueryContent};
use crate::bindings::plinth::host::types::Header;
use crate::capability::database::{QueryBody, RowStream, StreamLimits};
use crate::config::PluginLimits;
use crate::state::Granted;
use crate::tally::Tally;

/// An answer, whose body is there or on its way.
#[derive(Debug)]
pub struct Reply {
    /// The status, any number that the plugin chose.
    pub status: u16,
    /// The headers, as the plugin wrote them.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Body,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// Rows that Postgres is still sending.
    Streamed(RowStream),
}

/// Completes the answers of one plugin.
pub(super) struct Replies {
    granted: Arc<Granted>,
    bytes_max: usize,
    stream_limits: StreamLimits,
    writing: Arc<Semaphore>,
    streaming: Arc<Semaphore>,
}

impl Replies {
    pub(super) fn new(granted: Arc<Granted>, limits: &PluginLimits) -> Self {
        let places = |max: usize| Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS)));
        Self {
            bytes_max: limits.reply_bytes_max,
            stream_limits: StreamLimits {
                bytes_max: limits.stream_bytes_max,
                time_max: Duration::from_millis(limits.stream_ms_max),
                stall_max: Duration::from_millis(limits.stream_stall_ms_max),
                bytes_per_second_min: granted.bytes_per_second_min,
            },
            writing: places(limits.replies_max),
            streaming: places(limits.streams_max),
            granted,
        }
    }

    /// Makes a body of what the plugin answered with. Its instance is free
    /// meanwhile.
    pub(super) async fn complete(
        &self,
        reply: handler::Reply,
        tally: &Tally,
        deadline: Instant,
    ) -> Result<Reply, CallError> {
        let headers = bytes(&reply.headers);
        let bytes_left = self.bytes_max.checked_sub(headers);
        let bytes_left = bytes_left.ok_or(CallError::ReplyTooLarge)?;
        let body = match reply.content {
            Content::Bytes(body) if body.len() > bytes_left => {
                return Err(CallError::ReplyTooLarge);
            }
            Content::Bytes(body) => Body::Whole(body.into()),
            Content::Query(query) => {
                let writing = self.write(query, tally, bytes_left);
                let written = timeout_at(deadline, writing).await;
                written.unwrap_or(Err(CallError::WallTime))?
            }
        };
        Ok(Reply {
            status: reply.status,
            headers: reply.headers,
            body,
        })
    }

    async fn write(
        &self,
        query: QueryContent,
        tally: &Tally,
        bytes_max: usize,
    ) -> Result<Body, CallError> {
        let body = match query.delivery {
            Delivery::Whole => {
                let _place = place(&self.writing)?;
                self.granted.write(query, tally, bytes_max).await?
            }
            Delivery::Streamed => {
                let place = place(&self.streaming)?;
                let limits = self.stream_limits;
                self.granted.stream(query, tally, limits, place).await?
            }
        };
        match body {
            QueryBody::Whole(body) => Ok(Body::Whole(body)),
            QueryBody::Streamed(rows) => Ok(Body::Streamed(rows)),
            QueryBody::NoRow => Err(CallError::NoRow),
        }
    }
}

fn place(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, CallError> {
    let place = Arc::clone(places).try_acquire_owned();
    place.map_err(|_| CallError::Busy)
}

/// What headers weigh.
fn bytes(headers: &[Header]) -> usize {
    let headers = headers.iter();
    headers
        .map(|header| header.name.len() + header.value.len())
        .sum()
}
