//! One connection: its requests, and what ends it besides its client.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::Watcher;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_io_timeout::TimeoutStream;
use tokio_util::task::AbortOnDropHandle;

use super::activity::{Activity, TrackedBody, WatchedStream};
use super::reply_body::ReplyBody;
use super::rooms::Client;
use super::{Service, bodiless, request_id, well_formed};
use crate::host::Host;

/// How often the answers of a connection are looked at, as a part of the time that
/// a client may take nothing.
const TENDED_IN: u32 = 4;

/// What the kernel holds of an answer besides what is under way to the client.
/// With megabytes of it a slow client would look as if it took nothing for a
/// minute, and then all at once.
const UNSENT_BYTES: u32 = 64 << 10;

/// What the connections of a listener have in common.
pub(super) struct Connections<S> {
    service: S,
    host: Arc<Host>,
    http: auto::Builder<TokioExecutor>,
    answer_bytes_max: usize,
}

impl<S: Service> Connections<S> {
    pub(super) fn new(service: S, host: Arc<Host>, http: auto::Builder<TokioExecutor>) -> Self {
        let plugins = host.config().plugins.values();
        let largest = plugins.map(|plugin| plugin.limits.reply_bytes_max).max();
        Self {
            service,
            answer_bytes_max: largest.unwrap_or_default(),
            host,
            http,
        }
    }

    /// Serves one until it ends.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        watcher: Watcher,
        stopping: watch::Receiver<bool>,
    ) {
        let limits = &self.host.config().server;
        // Answers are whole, or come in large pieces: there is nothing to wait for.
        let _ = stream.set_nodelay(true);
        #[cfg(target_os = "linux")]
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
        let send_max = Duration::from_millis(limits.send_timeout_ms);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(send_max));
        let client = Arc::new(self.host.rooms().client(limits, self.answer_bytes_max));
        let activity = Arc::new(Activity::default());
        let (all, active, its) = (
            Arc::clone(&self),
            Arc::clone(&activity),
            Arc::clone(&client),
        );
        let service = service_fn(move |request| {
            let under_way = active.begin();
            let (this, client) = (Arc::clone(&all), Arc::clone(&its));
            async move {
                let response = this.answer(&client, request).await;
                Ok::<_, Infallible>(response.map(|body| TrackedBody {
                    body,
                    _under_way: under_way,
                }))
            }
        });
        let stream = TokioIo::new(WatchedStream {
            inner: Box::pin(stream),
            activity: Arc::clone(&activity),
        });
        let connection = watcher.watch(self.http.serve_connection(stream, service));
        let silence = Duration::from_millis(limits.header_timeout_ms);
        // In a task of its own, so that timers are not looked at with each request. It ends with
        // this.
        let watch = tokio::spawn(async move {
            tokio::select! {
                () = tend(&client, send_max) => {}
                // While it tells HTTP/1 from HTTP/2 hyper has no timeout of its own.
                () = activity.never_spoke(silence) => {}
                () = activity.stays_silent(stopping) => {}
            }
        });
        let mut watch = AbortOnDropHandle::new(watch);
        tokio::select! {
            biased;
            ended = connection => {
                if let Err(error) = ended {
                    tracing::debug!(target: "plinth::server", %error, "connection ended");
                }
            }
            _ = &mut watch => {}
        }
    }

    async fn answer(&self, client: &Client, mut request: Request<Incoming>) -> Response<ReplyBody> {
        let method = request.method().clone();
        let response = match well_formed::check(&mut request) {
            Ok(()) => {
                let service = self.service.clone();
                service.answer(&self.host, client, request).await
            }
            Err(problem) => {
                let id = request_id::request_id(request.headers());
                let response = problem.into_response(&id, self.host.config().dev);
                response.map(ReplyBody::text)
            }
        };
        bodiless::fit(&method, response)
    }
}

/// Looks after the answers of a connection, and ends when its client takes none
/// of them.
async fn tend(client: &Client, send_max: Duration) {
    let mut ticks = interval((send_max / TENDED_IN).max(Duration::from_millis(10)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut progress, mut since) = (None, Instant::now());
    loop {
        ticks.tick().await;
        client.outgoing.tend();
        let now = client.outgoing.small_progress();
        if now.is_none() || now != progress {
            (progress, since) = (now, Instant::now());
        } else if since.elapsed() > send_max {
            return;
        }
    }
}
