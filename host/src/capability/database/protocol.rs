//! Postgres' messages on their way to the driver: none too large, and none of a
//! type that the driver would look up.
//!
//! The driver holds a message whole before anybody sees it, and Postgres sends
//! rows and errors of a gigabyte.
//! It also asks the server about each type that it does not know, and about the
//! types that one is made of, as deep as it goes; a plugin makes types of any
//! depth.
//! So a stream stands between the two, above TLS, and follows the messages by
//! their headers: <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

mod filter;
mod server_text;

pub(super) use filter::{Backend, MessageFilter, is_too_large, type_of};

/// A connection to Postgres as the driver reads it.
pub(super) struct MessageStream<S> {
    inner: S,
    filter: MessageFilter,
    /// What the driver has not taken yet of what does not pass as it comes.
    rest: BytesMut,
}

impl<S> MessageStream<S> {
    /// The longest row, in bytes, that reaches the driver.
    pub(super) fn new(inner: S, row_bytes_max: usize, backend: Backend) -> Self {
        Self {
            inner,
            filter: MessageFilter::new(row_bytes_max, backend),
            rest: BytesMut::new(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MessageStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if !this.rest.is_empty() {
                let taken = this.rest.len().min(out.remaining());
                out.put_slice(&this.rest[..taken]);
                this.rest.advance(taken);
                return Poll::Ready(Ok(()));
            }
            let before = out.filled().len();
            ready!(Pin::new(&mut this.inner).poll_read(context, out))?;
            let came = &out.filled()[before..];
            if came.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let plain = this.filter.plain(came);
            this.filter.take(&came[plain..], &mut this.rest)?;
            out.set_filled(before + plain);
            if plain > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MessageStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl<S: TlsStream + Unpin> TlsStream for MessageStream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.inner.channel_binding()
    }
}

/// Makes a [`MessageStream`] above TLS, where messages can be read.
pub(super) struct AboveTls<T> {
    pub(super) tls: T,
    pub(super) row_bytes_max: usize,
    pub(super) backend: Backend,
}

impl<S, T> TlsConnect<S> for AboveTls<T>
where
    T: TlsConnect<S>,
    T::Future: Send + 'static,
{
    type Stream = MessageStream<T::Stream>;
    type Error = T::Error;
    type Future = BoxFuture<'static, Result<Self::Stream, T::Error>>;

    fn connect(self, stream: S) -> Self::Future {
        let (row_bytes_max, backend) = (self.row_bytes_max, self.backend);
        let connecting = self.tls.connect(stream);
        async move {
            Ok(MessageStream::new(
                connecting.await?,
                row_bytes_max,
                backend,
            ))
        }
        .boxed()
    }
}
