//! The body of a response: whole, or rows on their way.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use http_body::{Body, Frame, SizeHint};

use super::access_log::AccessLine;
use super::outgoing::{Answer, GivenUp, Outgoing, Small};
use super::rooms::Client;
use crate::bindings::plinth::host::database::Error;
use crate::budget::Exhausted;
use crate::capability::database::RowStream;
use crate::capability::log::one_line;

/// What hyper sends.
pub(crate) enum ReplyBody {
    /// Nothing, or a text of the host's own, which is never long.
    Text(Bytes),
    Small(Small),
    Whole(WholeBody),
    Streamed(Box<StreamedBody>),
}

/// All of an answer, until its client has taken it.
pub(crate) struct WholeBody {
    answer: Arc<Answer>,
    outgoing: Arc<Outgoing>,
}

/// Rows, and the line that tells how many bytes they became.
pub(crate) struct StreamedBody {
    rows: RowStream,
    line: Option<AccessLine>,
    bytes: u64,
}

/// The answer broke off, so the body must not look whole.
#[derive(Debug)]
pub(crate) struct BrokenOff;

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the answer broke off")
    }
}

impl std::error::Error for BrokenOff {}

impl ReplyBody {
    /// A text of the host's own, which is never long.
    pub(crate) fn text(text: Bytes) -> Self {
        Self::Text(text)
    }

    /// A whole body.
    ///
    /// # Errors
    ///
    /// When there is no room for it.
    pub(crate) fn whole(body: Bytes, client: &Client) -> Result<Self, Exhausted> {
        if body.is_empty() {
            return Ok(Self::Text(body));
        }
        let body = match client.outgoing.add_small(body)? {
            Ok(small) => return Ok(Self::Small(small)),
            Err(body) => body,
        };
        let outgoing = Arc::clone(&client.outgoing);
        let answer = outgoing.add(body)?;
        Ok(Self::Whole(WholeBody { answer, outgoing }))
    }

    /// A body whose line is written when it ends, or its client goes away.
    pub(super) fn streamed(rows: RowStream, line: AccessLine) -> Self {
        Self::Streamed(Box::new(StreamedBody {
            rows,
            line: Some(line),
            bytes: 0,
        }))
    }

    /// Nothing in place of a body that must not be sent.
    pub(super) fn left_out(self) -> Self {
        if let Self::Streamed(mut body) = self {
            body.end(None);
        }
        Self::Text(Bytes::new())
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Self::Text(text) if text.is_empty() => Poll::Ready(None),
            Self::Text(text) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(text))))),
            Self::Small(body) => Poll::Ready(body.next().map(|all| Ok(Frame::data(all)))),
            Self::Whole(body) => {
                let part = body.answer.next().map_err(|GivenUp| BrokenOff);
                Poll::Ready(part.map(|part| part.map(Frame::data)).transpose())
            }
            Self::Streamed(body) => body.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Small(body) => body.left() == 0,
            Self::Whole(body) => body.answer.is_over(),
            Self::Streamed(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text(text) => SizeHint::with_exact(text.len() as u64),
            Self::Small(body) => SizeHint::with_exact(body.left()),
            Self::Whole(body) => SizeHint::with_exact(body.answer.left()),
            Self::Streamed(_) => SizeHint::default(),
        }
    }
}

impl Drop for WholeBody {
    fn drop(&mut self) {
        self.outgoing.remove(&self.answer);
    }
}

impl StreamedBody {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if self.line.is_none() {
            return Poll::Ready(None);
        }
        let piece = ready!(Pin::new(&mut self.rows).poll_next(context));
        Poll::Ready(match piece {
            Some(Ok(piece)) => {
                self.bytes += piece.len() as u64;
                Some(Ok(Frame::data(piece)))
            }
            Some(Err(error)) => {
                self.end(Some(&error));
                Some(Err(BrokenOff))
            }
            None => {
                self.end(None);
                None
            }
        })
    }

    fn end(&mut self, error: Option<&Error>) {
        let Some(line) = self.line.take() else {
            return;
        };
        if let Some(error) = error {
            line.broke_off(&one_line(&error.message));
        }
        line.streamed(self.bytes, error.is_some());
    }
}

impl Drop for StreamedBody {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            line.streamed(self.bytes, true);
        }
    }
}
