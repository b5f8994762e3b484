//! HTTP: takes connections, reads requests within their limits, answers.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::config::ServerLimits;
use crate::host::Host;

mod access_log;
mod activity;
mod answer;
mod bodiless;
mod body;
mod connection;
pub(crate) mod descriptors;
mod outgoing;
mod repeats;
mod reply_body;
pub(crate) mod request_id;
mod rooms;
mod well_formed;

pub(crate) use reply_body::ReplyBody;
pub(crate) use rooms::{Client, Rooms};
pub(crate) use well_formed::check_bytes as check;

use connection::Connections;

/// The most header fields in a request.
const HEADERS_MAX: usize = 100;

/// The least buffer hyper reads headers into.
const HEADER_BYTES_MIN: usize = 8 << 10;

/// The most requests of one HTTP/2 connection in flight.
const STREAMS_MAX: u32 = 200;

/// After an error of `accept` (out of file descriptors, say), wait rather than spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often such errors are told of.
const ACCEPT_TOLD_EVERY: Duration = Duration::from_secs(1);

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
        client: &Client,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<ReplyBody>> + Send;
}

/// The plugins' routes.
#[derive(Clone, Copy)]
struct Public;

impl Service for Public {
    async fn answer(
        self,
        host: &Arc<Host>,
        client: &Client,
        request: Request<Incoming>,
    ) -> Response<ReplyBody> {
        answer::answer(host, client, request).await
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
    let places = Arc::new(Semaphore::new(connections_max));
    let (graceful, stopping) = (GracefulShutdown::new(), watch::Sender::new(false));
    let connections = Arc::new(Connections::new(service, host, http(&limits)));
    let accept = async {
        let mut told: Option<Instant> = None;
        loop {
            let place = Arc::clone(&places).acquire_owned().await;
            let place = place.expect("never closed");
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (watcher, stopping) = (graceful.watcher(), stopping.subscribe());
                    let serving = Arc::clone(&connections).serve(stream, watcher, stopping);
                    tokio::spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    if told.is_none_or(|told| told.elapsed() > ACCEPT_TOLD_EVERY) {
                        told = Some(Instant::now());
                        tracing::warn!(
                            target: "plinth::server", %error,
                            "cannot accept connections; they wait"
                        );
                    }
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
    stopping.send_replace(true);
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
