//! What goes on on a connection: requests under way until their answers are handed
//! over, and bytes that its client does not take yet.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::sleep;

use super::reply_body::{BrokenOff, ReplyBody};

/// When the host stops, half a request may still become a whole one for so long.
const HALF_REQUEST_MAX: Duration = Duration::from_secs(1);

/// What goes on on a connection.
#[derive(Default)]
pub(super) struct Activity {
    spoke: AtomicBool,
    under_way: AtomicUsize,
    is_writing: AtomicBool,
}

impl Activity {
    /// A request has come, and is under way until the result is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.spoke.store(true, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// Ends when no request has come in time, and never if one has.
    pub(super) async fn never_spoke(&self, silence: Duration) {
        sleep(silence).await;
        if self.spoke.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    /// Ends when the host stops and nothing is under way for a time: what has come of
    /// a request would hold up the end.
    pub(super) async fn stays_silent(&self, mut stopping: watch::Receiver<bool>) {
        let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
        let mut pause = pin!(sleep(HALF_REQUEST_MAX));
        loop {
            pause.as_mut().await;
            let is_writing = self.is_writing.load(Ordering::Relaxed);
            if self.under_way.load(Ordering::Relaxed) == 0 && !is_writing {
                return;
            }
            pause.set(sleep(HALF_REQUEST_MAX));
        }
    }
}

/// A request that is under way.
pub(super) struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body whose request is under way until it is dropped.
pub(super) struct TrackedBody {
    pub(super) body: ReplyBody,
    pub(super) _under_way: UnderWay,
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection of which is known whether its client keeps it waiting.
pub(super) struct WatchedStream<S> {
    pub(super) inner: S,
    pub(super) activity: Arc<Activity>,
}

impl<S> WatchedStream<S> {
    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        let is_writing = written.is_pending();
        self.activity
            .is_writing
            .store(is_writing, Ordering::Relaxed);
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, out)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, data);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, parts);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
