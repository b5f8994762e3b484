//! HTTP: takes connections, reads requests within their limits, answers.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

use crate::config::ServerLimits;
use crate::host::Host;

mod access_log;
mod answer;
mod body;
mod repeats;
mod reply_body;
pub(crate) mod request_id;

pub(crate) use body::BodyRoom;
pub(crate) use reply_body::ReplyBody;

/// The most header fields in a request.
const HEADERS_MAX: usize = 100;

/// The least buffer hyper reads headers into.
const HEADER_BYTES_MIN: usize = 8 << 10;

/// The most requests of one HTTP/2 connection in flight.
const STREAMS_MAX: u32 = 200;

/// After an error of `accept` (out of file descriptors, say), wait rather than spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Binds an address.
///
/// # Errors
///
/// When it is taken or not ours.
pub async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another address or port"))
}

/// Serves until `stop` is ready, then lets requests in flight finish.
pub async fn serve(host: Arc<Host>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let connections_max = host.config().server.connections_max;
    serve_with(Public, host, listener, connections_max, stop).await;
}

/// What answers the requests of a listener.
pub(crate) trait Service: Clone + Send + Sync + 'static {
    fn answer(
        self,
        host: &Arc<Host>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<ReplyBody>> + Send;
}

/// The plugins' routes.
#[derive(Clone, Copy)]
struct Public;

impl Service for Public {
    async fn answer(self, host: &Arc<Host>, request: Request<Incoming>) -> Response<ReplyBody> {
        answer::answer(host, request).await
    }
}

/// Serves a listener within the server's limits, but for the number of its
/// connections.
pub(crate) async fn serve_with<S: Service>(
    service: S,
    host: Arc<Host>,
    listener: TcpListener,
    connections_max: usize,
    stop: impl Future<Output = ()>,
) {
    let limits = host.config().server.clone();
    let connections = Arc::new(Semaphore::new(connections_max));
    let graceful = GracefulShutdown::new();
    let http = Arc::new(http(&limits));
    let accept = async {
        loop {
            let permit = Arc::clone(&connections)
                .acquire_owned()
                .await
                .expect("never closed");
            match listener.accept().await {
                Ok((stream, _)) => {
                    let watcher = graceful.watcher();
                    tokio::spawn(connection(
                        service.clone(),
                        Arc::clone(&host),
                        Arc::clone(&http),
                        stream,
                        watcher,
                        permit,
                    ));
                }
                Err(error) => {
                    tracing::warn!(target: "plinth::server", %error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accept => {}
        () = stop => {}
    }
    drop(listener);
    let drain = Duration::from_millis(limits.drain_timeout_ms);
    if tokio::time::timeout(drain, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(target: "plinth::server", "requests were still in flight after drain_timeout_ms; they are given up");
    }
}

fn http(limits: &ServerLimits) -> auto::Builder<TokioExecutor> {
    let header_timeout = Duration::from_millis(limits.header_timeout_ms);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(limits.header_bytes_max.max(HEADER_BYTES_MIN));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(header_timeout)
        .keep_alive_timeout(header_timeout);
    builder
}

/// Serves one connection until it ends.
async fn connection<S: Service>(
    service: S,
    host: Arc<Host>,
    http: Arc<auto::Builder<TokioExecutor>>,
    stream: TcpStream,
    watcher: Watcher,
    _permit: OwnedSemaphorePermit,
) {
    // Answers are whole, or come in large pieces: there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(Duration::from_millis(
        host.config().server.send_timeout_ms,
    )));
    let silence = Duration::from_millis(host.config().server.header_timeout_ms);
    let spoke = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request| {
        spoke.store(true, Ordering::Relaxed);
        let (service, host) = (service.clone(), Arc::clone(&host));
        async move { Ok::<_, Infallible>(service.answer(&host, request).await) }
    });
    let connection = http.serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut connection = std::pin::pin!(watcher.watch(connection));
    // While it tells HTTP/1 from HTTP/2 hyper has no timeout of its own.
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = tokio::time::sleep(silence) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None if spoke.load(Ordering::Relaxed) => connection.await,
        None => return,
    };
    if let Err(error) = ended {
        tracing::debug!(target: "plinth::server", %error, "connection ended");
    }
}
