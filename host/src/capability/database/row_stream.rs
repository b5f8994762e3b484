//! Rows on their way from Postgres into a response, a piece at a time.
//!
//! A task reads them on a connection of its own and hands over a piece when the
//! one before was taken, so neither the host nor the driver holds more than a
//! few: a client that reads slowly makes Postgres wait.
//! The task and not the response keeps the time, because nobody asks a response
//! for more whose client takes nothing.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, timeout};

use super::json::Out;
use super::lease::Lease;
use super::projection::Plan;
use super::{Outcome, error, want};
use crate::bindings::exports::plinth::host::handler::{Cardinality, Projection};
use crate::bindings::plinth::host::database::{Error, ErrorKind};

/// Large enough that what each costs does not show, and small enough for a
/// thousand of them.
const PIECE_BYTES: usize = 32 << 10;

/// What a stream may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamLimits {
    pub(crate) bytes_max: u64,
    /// From its first row to its last.
    pub(crate) time_max: Duration,
    /// How long a client may take no piece.
    pub(crate) stall_max: Duration,
    /// What it must take, on average, besides that time.
    pub(crate) bytes_per_second_min: u64,
}

/// The pieces of a body. Dropping it gives the query up.
#[derive(Debug)]
pub struct RowStream {
    pieces: mpsc::Receiver<Bytes>,
    /// How it ended, when there are no more pieces.
    ended: Arc<OnceLock<Outcome<()>>>,
}

impl RowStream {
    /// Has the rest of some rows read by a task.
    pub(super) fn start(
        source: RowSource,
        first: Bytes,
        limits: StreamLimits,
        places: [OwnedSemaphorePermit; 2],
    ) -> Self {
        let (sender, pieces) = mpsc::channel(1);
        let ended = Arc::new(OnceLock::new());
        let outcome = Arc::clone(&ended);
        tokio::spawn(async move {
            let pumping = pump(source, first, &sender, limits);
            let pumped = timeout(limits.time_max, pumping).await;
            let pumped = pumped.unwrap_or_else(|_| Err(out_of_time("stream_ms_max")));
            // Told before the sender is gone, which is what ends the pieces.
            let _ = outcome.set(pumped);
            drop((sender, places));
        });
        Self { pieces, ended }
    }
}

impl Stream for RowStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(self.pieces.poll_recv(context));
        Poll::Ready(match (piece, self.ended.get()) {
            (Some(piece), _) => Some(Ok(piece)),
            (None, Some(Ok(()))) => None,
            (None, Some(Err(error))) => Some(Err(error.clone())),
            // The task is gone without a word.
            (None, None) => Some(Err(error::invalid("the rows were given up"))),
        })
    }
}

/// Hands over pieces until there are no more.
async fn pump(
    mut source: RowSource,
    first: Bytes,
    sender: &mpsc::Sender<Bytes>,
    limits: StreamLimits,
) -> Outcome<()> {
    let mut piece = first;
    // Of the client alone: what Postgres needs is not its fault.
    let (mut waited, mut bytes) = (Duration::ZERO, 0_u64);
    loop {
        let per_second = limits.bytes_per_second_min.max(1);
        let may_wait = Duration::from_millis(bytes.saturating_mul(1_000) / per_second);
        let patience = (limits.stall_max + may_wait).saturating_sub(waited);
        bytes += piece.len() as u64;
        let begun = Instant::now();
        let sent = timeout(patience.min(limits.stall_max), sender.send(piece)).await;
        waited += begun.elapsed();
        match sent {
            Ok(Ok(())) if source.is_over => return Ok(()),
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(gone()),
            Err(_) => return Err(out_of_time("stream_stall_ms_max")),
        }
        piece = tokio::select! {
            next = source.next_piece() => next?,
            () = sender.closed() => return Err(gone()),
        };
    }
}

fn gone() -> Error {
    error::invalid("the client went away")
}

fn out_of_time(limit: &str) -> Error {
    let message = format!("the answer took longer than {limit}");
    error::error(ErrorKind::Timeout, message)
}

/// Where the pieces come from: a query under way in a transaction of its own.
pub(super) struct RowSource {
    rows: Pin<Box<tokio_postgres::RowStream>>,
    /// Behind the rows, so that it is dropped after them.
    lease: Lease,
    plan: Arc<Plan>,
    projection: Projection,
    row_bytes_max: usize,
    has_rows: bool,
    bytes_left: u64,
    /// Whether the last piece was given.
    pub(super) is_over: bool,
}

impl RowSource {
    pub(super) fn new(
        lease: Lease,
        (rows, plan): (tokio_postgres::RowStream, Arc<Plan>),
        projection: Projection,
        row_bytes_max: usize,
        bytes_max: u64,
    ) -> Self {
        Self {
            rows: Box::pin(rows),
            lease,
            plan,
            projection,
            row_bytes_max,
            has_rows: false,
            bytes_left: bytes_max,
            is_over: false,
        }
    }

    /// The first piece; `None` where there had to be a row and is none.
    pub(super) async fn first_piece(&mut self) -> Outcome<Option<Bytes>> {
        let before = std::mem::take(&mut self.projection.before);
        let piece = self.piece(before.into_bytes()).await?;
        let is_missing = !self.has_rows && self.projection.rows == Cardinality::One;
        Ok((!is_missing).then_some(piece))
    }

    async fn next_piece(&mut self) -> Outcome<Bytes> {
        self.piece(Vec::with_capacity(PIECE_BYTES)).await
    }

    /// Fills a buffer.
    async fn piece(&mut self, mut buffer: Vec<u8>) -> Outcome<Bytes> {
        while buffer.len() < PIECE_BYTES {
            let before = buffer.len();
            let Some(row) = self.rows.next().await else {
                self.lease.rows_ended();
                self.is_over = true;
                buffer.extend_from_slice(self.projection.after.as_bytes());
                break;
            };
            let row = row.map_err(|cause| self.lease.connection().error(&cause))?;
            let (plan, projection) = (&self.plan, &self.projection);
            let row_bytes_max = self.row_bytes_max;
            let mut out = Out::new(&mut buffer, before + row_bytes_max);
            let full = || error::too_large("result_bytes_max", row_bytes_max);
            want::write(&row, plan, projection, self.has_rows, &mut out, full)?;
            self.has_rows = true;
        }
        let left = self.bytes_left.checked_sub(buffer.len() as u64);
        self.bytes_left = left.ok_or_else(|| error::too_large("stream_bytes_max", "it"))?;
        Ok(Bytes::from(buffer))
    }
}
