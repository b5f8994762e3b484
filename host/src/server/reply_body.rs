//! The body of a response: whole, or rows on their way.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use http_body::{Body, Frame, SizeHint};

use super::access_log::AccessLine;
use crate::bindings::plinth::host::database::Error;
use crate::capability::database::RowStream;
use crate::capability::log::one_line;

/// What hyper sends.
pub(crate) enum ReplyBody {
    Whole(Bytes),
    Streamed(Box<StreamedBody>),
}

/// Rows, and the line that tells how many bytes they became.
pub(crate) struct StreamedBody {
    rows: RowStream,
    line: Option<AccessLine>,
    bytes: u64,
}

/// The rows broke off, so the body must not look whole.
#[derive(Debug)]
pub(crate) struct BrokenOff;

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the rows of the answer broke off")
    }
}

impl std::error::Error for BrokenOff {}

impl ReplyBody {
    /// A body whose line is written when it ends, or its client goes away.
    pub(super) fn streamed(rows: RowStream, line: AccessLine) -> Self {
        Self::Streamed(Box::new(StreamedBody {
            rows,
            line: Some(line),
            bytes: 0,
        }))
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
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Streamed(body) => body.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Streamed(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(_) => SizeHint::default(),
        }
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
