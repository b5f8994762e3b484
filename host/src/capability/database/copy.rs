//! COPY: rows that go into a table, or come out of a query, as a stream.
//!
//! Nothing is collected here. What the guest sends waits for the socket, and
//! what Postgres sends waits for the guest, so that a copy of any length takes
//! the memory of a few pieces.

mod direction;

use std::pin::Pin;

use bytes::{Buf, Bytes};
use futures_util::stream::Fuse;
use futures_util::{SinkExt, StreamExt};
use tokio_postgres::{Client, CopyInSink, CopyOutStream};

use super::connection::STATEMENT_BYTES_MAX;
use super::lease::{Lease, Loan};
use super::{Outcome, Transaction, error, verb};
use crate::bindings::plinth::host::database::{Error, ErrorKind, Statement};
use crate::config::DatabaseLimits;

pub(super) use direction::Direction;

/// What a transaction has to do with copies.
pub(super) struct Copy {
    state: State,
    chunk_bytes_max: usize,
    row_bytes_max: usize,
}

enum State {
    /// None is open.
    Closed,
    /// One is, and nothing else can run. Until it has ended, dropping the lease
    /// closes the connection.
    Open { stream: Stream, before: Loan },
    /// One was given up half-way, and the connection with it.
    Lost,
}

enum Stream {
    /// Dropping it tells Postgres that the copy failed.
    In(Pin<Box<CopyInSink<Bytes>>>),
    Out {
        stream: Pin<Box<Fuse<CopyOutStream>>>,
        /// What has come of a row and is still to be read.
        rest: Bytes,
    },
}

impl Copy {
    pub(super) fn new(limits: &DatabaseLimits) -> Self {
        Self {
            state: State::Closed,
            chunk_bytes_max: limits.copy_chunk_bytes_max,
            row_bytes_max: limits.result_bytes_max,
        }
    }

    /// Refuses whatever can't run beside a copy.
    pub(super) fn check_closed(&self) -> Outcome<()> {
        match self.state {
            State::Closed => Ok(()),
            State::Open { .. } => Err(error::invalid(
                "a COPY is open in this transaction; end it before anything else",
            )),
            State::Lost => Err(error::lost_in_copy()),
        }
    }

    /// Whether a copy is open, or was given up half-way.
    pub(super) fn is_unfinished(&self) -> bool {
        !matches!(self.state, State::Closed)
    }

    /// Ends the copy, whatever came of it.
    async fn close<T>(&mut self, lease: &mut Lease, outcome: Outcome<T>) -> Outcome<T> {
        let State::Open { stream, before } = std::mem::replace(&mut self.state, State::Lost) else {
            return outcome;
        };
        let direction = stream.direction();
        drop(stream);
        self.settle(lease, before, direction, outcome).await
    }

    /// Gives the connection back to the transaction, unless nobody knows what it
    /// is doing.
    async fn settle<T>(
        &mut self,
        lease: &mut Lease,
        before: Loan,
        direction: Direction,
        outcome: Outcome<T>,
    ) -> Outcome<T> {
        self.state = State::Lost;
        let is_known = match &outcome {
            Ok(_) => true,
            Err(error) if error.sqlstate.is_none() => false,
            Err(_) => direction == Direction::Out || is_in_step(lease).await,
        };
        if is_known {
            lease.leave(before, outcome.as_ref().err());
            self.state = State::Closed;
        }
        outcome
    }
}

impl Stream {
    fn direction(&self) -> Direction {
        match self {
            Self::In(_) => Direction::In,
            Self::Out { .. } => Direction::Out,
        }
    }
}

/// Whether the driver still takes each answer for that of its own question.
///
/// It ends a load with two Sync messages, of which Postgres ignores the first
/// while it reads rows. A load that is refused before leaves an answer too many,
/// which the driver would give to the next statement, and that statement's to
/// the one behind it: <https://github.com/rust-postgres/rust-postgres/issues/789>.
async fn is_in_step(lease: &mut Lease) -> bool {
    // What Postgres parses in a transaction that has failed.
    lease
        .connection()
        .client()
        .prepare("ROLLBACK")
        .await
        .is_ok()
}

impl Transaction {
    pub(super) async fn begin_copy(&mut self, sql: &str, direction: Direction) -> Outcome<()> {
        self.copy.check_closed()?;
        check(sql, direction)?;
        let before = self.lease.enter();
        self.is_new = false;
        let connection = self.lease.connection();
        if verb::touches_session(sql) {
            connection.touch_session();
        }
        let begun = open(connection.client(), sql, direction).await;
        match begun {
            Ok(stream) => {
                self.copy.state = State::Open { stream, before };
                Ok(())
            }
            Err(cause) => {
                let failed = Err(self.lease.connection().error(&cause));
                let copy = &mut self.copy;
                copy.settle(&mut self.lease, before, direction, failed)
                    .await
            }
        }
    }

    pub(super) async fn copy_write(&mut self, data: Vec<u8>) -> Outcome<()> {
        let State::Open {
            stream: Stream::In(sink),
            ..
        } = &mut self.copy.state
        else {
            return Err(self.not_open());
        };
        let limit = self.copy.chunk_bytes_max;
        if data.len() > limit {
            return Err(error::error(
                ErrorKind::TooLarge,
                format!("a piece of a COPY may have copy_chunk_bytes_max = {limit} bytes"),
            ));
        }
        // Waits until the socket has taken what was sent before.
        match sink.send(Bytes::from(data)).await {
            Ok(()) => Ok(()),
            Err(cause) => {
                let failed = Err(self.lease.connection().error(&cause));
                self.copy.close(&mut self.lease, failed).await
            }
        }
    }

    pub(super) async fn copy_finish(&mut self) -> Outcome<u64> {
        let State::Open {
            stream: Stream::In(sink),
            ..
        } = &mut self.copy.state
        else {
            return Err(self.not_open());
        };
        let finished = sink.as_mut().finish().await;
        let finished = finished.map_err(|cause| self.lease.connection().error(&cause));
        self.copy.close(&mut self.lease, finished).await
    }

    pub(super) async fn copy_read(&mut self) -> Outcome<Vec<u8>> {
        let (chunk_bytes_max, row_bytes_max) = (self.copy.chunk_bytes_max, self.copy.row_bytes_max);
        let State::Open {
            stream: Stream::Out { stream, rest },
            ..
        } = &mut self.copy.state
        else {
            return Err(self.not_open());
        };
        let mut chunk = Vec::with_capacity(chunk_bytes_max);
        loop {
            let taken = rest.len().min(chunk_bytes_max - chunk.len());
            chunk.extend_from_slice(&rest[..taken]);
            rest.advance(taken);
            if chunk.len() == chunk_bytes_max {
                return Ok(chunk);
            }
            match stream.next().await {
                // What is larger is not passed to the driver: see `protocol.rs`.
                Some(Ok(row)) if row.is_empty() => {
                    let failed = Err(row_too_large(row_bytes_max));
                    return self.copy.close(&mut self.lease, failed).await;
                }
                Some(Ok(row)) => *rest = row,
                Some(Err(cause)) => {
                    let failed = Err(self.lease.connection().error(&cause));
                    return self.copy.close(&mut self.lease, failed).await;
                }
                // The end shows in the call after the last bytes.
                None if !chunk.is_empty() => return Ok(chunk),
                None => return self.copy.close(&mut self.lease, Ok(chunk)).await,
            }
        }
    }

    /// Gives up the copy. Of a load, Postgres undoes what it did since the last
    /// savepoint; rows that are on their way can't be called back, so reading
    /// takes the connection with it.
    pub(super) async fn copy_abort(&mut self) {
        match self.copy.state {
            State::Open {
                stream: Stream::In(_),
                ..
            } => {
                let aborted = Err::<(), _>(error::copy_aborted());
                let _ = self.copy.close(&mut self.lease, aborted).await;
            }
            State::Open { .. } => self.copy.state = State::Lost,
            State::Closed | State::Lost => {}
        }
    }

    fn not_open(&self) -> Error {
        match self.copy.state {
            State::Lost => error::lost_in_copy(),
            _ => error::invalid("no COPY of this direction is open in this transaction"),
        }
    }
}

/// The statement of a copy, as it is counted.
pub(super) fn statement(sql: String) -> Statement {
    Statement {
        sql,
        parameter_types: Vec::new(),
        parameters: Vec::new(),
        timeout_ms: 0,
    }
}

async fn open(
    client: &Client,
    sql: &str,
    direction: Direction,
) -> Result<Stream, tokio_postgres::Error> {
    let statement = client.prepare(sql).await?;
    Ok(match direction {
        Direction::In => Stream::In(Box::pin(client.copy_in(&statement).await?)),
        Direction::Out => Stream::Out {
            stream: Box::pin(client.copy_out(&statement).await?.fuse()),
            rest: Bytes::new(),
        },
    })
}

fn check(sql: &str, direction: Direction) -> Outcome<()> {
    if sql.len() > STATEMENT_BYTES_MAX || sql.contains('\0') {
        return Err(error::invalid(format!(
            "a statement may have {STATEMENT_BYTES_MAX} bytes, and none of them may be NUL"
        )));
    }
    if Direction::of(sql) == Some(direction) {
        return Ok(());
    }
    Err(error::invalid(match direction {
        Direction::In => "a load is one statement `COPY … FROM STDIN`",
        Direction::Out => "a copy that is read is one statement `COPY … TO STDOUT`",
    }))
}

fn row_too_large(limit: usize) -> Error {
    error::error(
        ErrorKind::TooLarge,
        format!("a row of the COPY is larger than result_bytes_max = {limit}"),
    )
}
