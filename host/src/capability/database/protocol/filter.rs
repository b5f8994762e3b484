//! What becomes of each message.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::backend::{
    BACKEND_KEY_DATA_TAG, COPY_DATA_TAG, DATA_ROW_TAG, ERROR_RESPONSE_TAG, NOTICE_RESPONSE_TAG,
    NOTIFICATION_RESPONSE_TAG, PARAMETER_DESCRIPTION_TAG, PARAMETER_STATUS_TAG,
    ROW_DESCRIPTION_TAG,
};
use tokio_postgres::Column;
use tokio_postgres::types::Type;

use super::server_text::{self, ServerText};

/// A message's tag, and its length with that of the length itself.
const HEADER_BYTES: usize = 5;
const LENGTH_BYTES: usize = 4;

/// The most that a description of 65,535 parameters or of 1,664 columns takes is
/// less.
const DESCRIPTION_BYTES_MAX: usize = 1 << 20;

/// Many times what any message of another kind takes.
const OTHER_BYTES_MAX: usize = 64 << 10;

/// Stands for a type that the driver does not know.
const PLACEHOLDER: Type = Type::UNKNOWN;

/// What Postgres says of a type that has no modifier, as the placeholder's own
/// have none.
const NO_MODIFIER: i32 = -1;

/// In place of a row that is too large: one with no values, which the driver
/// takes for malformed, since its statement has columns.
const NO_ROW: &[u8] = &[DATA_ROW_TAG, 0, 0, 0, 6, 0, 0];

/// In place of a row of a COPY that is too large. Postgres itself sends none that
/// is empty.
const NO_DATA: &[u8] = &[COPY_DATA_TAG, 0, 0, 0, 4];

/// Whether an error of the driver's means that a row was too large to be passed.
pub(in super::super) fn is_too_large(cause: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(cause);
    let io = source.and_then(|source| source.downcast_ref::<io::Error>());
    io.is_some_and(|io| io.kind() == io::ErrorKind::InvalidData)
}

/// The number of a column's type, which the driver may not know.
pub(in super::super) fn type_of(column: &Column) -> u32 {
    match column.type_modifier() {
        NO_MODIFIER => column.type_().oid(),
        oid if *column.type_() == PLACEHOLDER => oid.cast_unsigned(),
        _ => column.type_().oid(),
    }
}

/// The number of the process that serves a connection, which the server tells when
/// it takes it. The driver keeps it to itself.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Backend(Arc<AtomicI32>);

impl Backend {
    /// The number, or 0 before it is known.
    pub(in super::super) fn process(&self) -> i32 {
        self.0.load(Ordering::Relaxed)
    }

    fn learn(&self, body: &[u8]) -> Option<()> {
        let process = body.first_chunk::<4>()?;
        self.0
            .store(i32::from_be_bytes(*process), Ordering::Relaxed);
        Some(())
    }
}

/// Follows the messages of one connection.
pub(in super::super) struct MessageFilter {
    row_bytes_max: usize,
    backend: Backend,
    state: State,
}

enum State {
    /// Between two messages, with what has come of the next one's header.
    Header {
        bytes: [u8; HEADER_BYTES],
        have: usize,
    },
    /// In a message that passes as it comes.
    Pass { left: usize },
    /// In one that does not pass.
    Skip { left: usize },
    /// In one that is changed when it is whole.
    Hold { message: BytesMut, left: usize },
    /// In an error or a notice, whose texts are cut.
    Text { text: ServerText, left: usize },
}

const BETWEEN: State = State::Header {
    bytes: [0; HEADER_BYTES],
    have: 0,
};

impl MessageFilter {
    pub(in super::super) fn new(row_bytes_max: usize, backend: Backend) -> Self {
        Self {
            row_bytes_max,
            backend,
            state: BETWEEN,
        }
    }

    /// How many of the bytes that have come pass as they are. The others are to
    /// be [taken](Self::take).
    pub(in super::super) fn plain(&mut self, came: &[u8]) -> usize {
        let mut at = 0;
        loop {
            match &mut self.state {
                State::Pass { left } => {
                    let passed = (*left).min(came.len() - at);
                    at += passed;
                    *left -= passed;
                    if *left > 0 {
                        return at;
                    }
                    self.state = BETWEEN;
                }
                State::Header { have: 0, .. } => {
                    let Some(header) = came[at..].first_chunk() else {
                        return at;
                    };
                    match self.begin(*header) {
                        Ok((State::Pass { left }, _)) => self.state = State::Pass { left },
                        _ => return at,
                    }
                    at += HEADER_BYTES;
                }
                _ => return at,
            }
        }
    }

    /// Takes bytes, and gives what becomes of them.
    ///
    /// # Errors
    ///
    /// When they are no messages of Postgres', or none that it has a reason to
    /// send.
    pub(in super::super) fn take(&mut self, mut came: &[u8], out: &mut BytesMut) -> io::Result<()> {
        while !came.is_empty() {
            match &mut self.state {
                State::Header { bytes, have } => {
                    let part = split(&mut came, HEADER_BYTES - *have);
                    bytes[*have..*have + part.len()].copy_from_slice(part);
                    *have += part.len();
                    if *have == HEADER_BYTES {
                        let header = *bytes;
                        let (state, instead) = self.begin(header)?;
                        out.put_slice(instead.as_ref());
                        self.state = state;
                    }
                }
                State::Pass { left } => {
                    let part = split(&mut came, *left);
                    out.put_slice(part);
                    *left -= part.len();
                }
                State::Skip { left } => *left -= split(&mut came, *left).len(),
                State::Hold { message, left } => {
                    let part = split(&mut came, *left);
                    message.put_slice(part);
                    *left -= part.len();
                }
                State::Text { text, left } => {
                    let part = split(&mut came, *left);
                    text.take(part);
                    *left -= part.len();
                }
            }
            self.end(out)?;
        }
        Ok(())
    }

    /// What becomes of a message, and what stands at its beginning.
    fn begin(&self, header: [u8; HEADER_BYTES]) -> io::Result<(State, Instead)> {
        let [tag, length @ ..] = header;
        let length = usize::try_from(i32::from_be_bytes(length)).ok();
        let left = length.and_then(|length| length.checked_sub(LENGTH_BYTES));
        let left = left.ok_or_else(|| malformed("a message has no length"))?;
        let state = match tag {
            // Behind the number of its values.
            DATA_ROW_TAG if left > self.row_bytes_max + 2 => {
                return Ok((State::Skip { left }, Instead::Message(NO_ROW)));
            }
            COPY_DATA_TAG if left > self.row_bytes_max => {
                return Ok((State::Skip { left }, Instead::Message(NO_DATA)));
            }
            ROW_DESCRIPTION_TAG | PARAMETER_DESCRIPTION_TAG if left <= DESCRIPTION_BYTES_MAX => {
                let mut message = BytesMut::with_capacity(HEADER_BYTES + left);
                message.put_slice(&header);
                State::Hold { message, left }
            }
            BACKEND_KEY_DATA_TAG if left <= OTHER_BYTES_MAX => {
                let mut message = BytesMut::with_capacity(HEADER_BYTES + left);
                message.put_slice(&header);
                State::Hold { message, left }
            }
            ERROR_RESPONSE_TAG | NOTICE_RESPONSE_TAG if left > server_text::TEXT_BYTES_MAX => {
                let text = ServerText::new(tag);
                State::Text { text, left }
            }
            // Settings and notifications are a guest's to choose, and nobody's to read.
            PARAMETER_STATUS_TAG | NOTIFICATION_RESPONSE_TAG if left > OTHER_BYTES_MAX => {
                State::Skip { left }
            }
            DATA_ROW_TAG | COPY_DATA_TAG => return Ok((State::Pass { left }, header.into())),
            _ if left > OTHER_BYTES_MAX => return Err(malformed("a message is too large")),
            _ => return Ok((State::Pass { left }, header.into())),
        };
        Ok((state, Instead::Message(&[])))
    }

    /// Ends the message of which nothing is left.
    fn end(&mut self, out: &mut BytesMut) -> io::Result<()> {
        match &mut self.state {
            State::Pass { left: 0 } | State::Skip { left: 0 } => {}
            State::Hold { message, left: 0 } => {
                let changed = match message[0] {
                    BACKEND_KEY_DATA_TAG => self.backend.learn(&message[HEADER_BYTES..]),
                    ROW_DESCRIPTION_TAG => hide_column_types(&mut message[HEADER_BYTES..]),
                    _ => hide_parameter_types(&mut message[HEADER_BYTES..]),
                };
                changed.ok_or_else(|| malformed("a description is cut off"))?;
                out.put_slice(message);
            }
            State::Text { text, left: 0 } => text.end(out),
            _ => return Ok(()),
        }
        self.state = BETWEEN;
        Ok(())
    }
}

/// What stands for a message's header.
enum Instead {
    Header([u8; HEADER_BYTES]),
    Message(&'static [u8]),
}

impl From<[u8; HEADER_BYTES]> for Instead {
    fn from(header: [u8; HEADER_BYTES]) -> Self {
        Self::Header(header)
    }
}

impl AsRef<[u8]> for Instead {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Header(header) => header,
            Self::Message(message) => message,
        }
    }
}

/// Takes as many bytes off, or all.
fn split<'a>(came: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (part, rest) = came.split_at(most.min(came.len()));
    *came = rest;
    part
}

/// Puts the placeholder in place of the types that the driver does not know. What
/// they are is kept as the modifier, which nobody reads.
fn hide_column_types(body: &mut [u8]) -> Option<()> {
    let (count, mut rest) = body.split_first_chunk_mut::<2>()?;
    for _ in 0..u16::from_be_bytes(*count) {
        let name = rest.iter().position(|byte| *byte == 0)?;
        // The table and its column; the type, its length and modifier; the format.
        let field = rest.get_mut(name + 1 + 6..)?;
        let (oid, field) = field.split_first_chunk_mut::<4>()?;
        let (_, field) = field.split_first_chunk_mut::<2>()?;
        let (modifier, field) = field.split_first_chunk_mut::<4>()?;
        if hide(oid) {
            std::mem::swap(oid, modifier);
            *oid = PLACEHOLDER.oid().to_be_bytes();
        } else if *oid == PLACEHOLDER.oid().to_be_bytes() {
            *modifier = NO_MODIFIER.to_be_bytes();
        }
        rest = field.get_mut(2..)?;
    }
    Some(())
}

fn hide_parameter_types(body: &mut [u8]) -> Option<()> {
    let (count, mut rest) = body.split_first_chunk_mut::<2>()?;
    for _ in 0..u16::from_be_bytes(*count) {
        let (oid, next) = rest.split_first_chunk_mut::<4>()?;
        if hide(oid) {
            *oid = PLACEHOLDER.oid().to_be_bytes();
        }
        rest = next;
    }
    Some(())
}

fn hide(oid: &[u8; 4]) -> bool {
    Type::from_oid(u32::from_be_bytes(*oid)).is_none()
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::other(format!(
        "{what}: the server does not speak Postgres' protocol"
    ))
}

#[cfg(test)]
mod tests;
