//! What operators ask a running host, on a listener of its own: `/metrics` and
//! `/health`.
//!
//! Off unless `[admin]` says where to listen. Its paths are never served by the
//! public listener, and no plugin's path is served here.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::config::AdminConfig;
use crate::host::Host;
use crate::problem::Problem;
use crate::server::{self, Client, ReplyBody, Service, request_id};

mod exposition;
mod health;

use health::Health;

/// Few ask, and none of them often: more wait to be accepted.
const CONNECTIONS_MAX: usize = 32;

/// What every path answers to.
const ALLOW: &str = "GET, HEAD";

/// A running admin listener; it stops when this is dropped.
pub struct Admin {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Admin {
    /// Takes the address that `[admin]` names, if it names one.
    ///
    /// # Errors
    ///
    /// When the address is taken or not ours.
    pub async fn bind(config: &AdminConfig) -> Result<Option<TcpListener>> {
        match config.listen {
            Some(address) => server::bind(address).await.map(Some),
            None => Ok(None),
        }
    }

    /// Serves a listener, beside the public one, until the result is dropped.
    ///
    /// # Errors
    ///
    /// When the listener does not know its own address.
    pub fn serve(host: Arc<Host>, listener: TcpListener) -> Result<Self> {
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            tracing::warn!(
                target: "plinth::admin",
                "admin.listen = {address} can be reached from other machines, and asks nobody who they are"
            );
        }
        tracing::info!(target: "plinth::admin", "metrics on http://{address}/metrics");
        let (stop, stopped) = oneshot::channel::<()>();
        let service = Operators {
            host: Arc::clone(&host),
            health: Arc::default(),
        };
        let stopped = async {
            let _ = stopped.await;
        };
        tokio::spawn(server::serve_with(
            service,
            host,
            listener,
            CONNECTIONS_MAX,
            stopped,
        ));
        Ok(Self {
            address,
            _stop: stop,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Answers operators.
#[derive(Clone)]
struct Operators {
    host: Arc<Host>,
    health: Arc<Health>,
}

impl Service for Operators {
    async fn answer(
        self,
        host: &Arc<Host>,
        client: &Client,
        request: Request<Incoming>,
    ) -> Response<ReplyBody> {
        let id = request_id::request_id(request.headers());
        let answered = self.dispatch(request.method(), request.uri().path()).await;
        let mut response =
            answered.unwrap_or_else(|problem| problem.into_response(&id, host.config().dev));
        let id = HeaderValue::from_str(&id).expect("identifiers are visible ASCII");
        response.headers_mut().insert(request_id::HEADER, id);
        let (head, body) = response.into_parts();
        let body = ReplyBody::whole(body, client);
        // Operators see metrics whatever else is going on.
        Response::from_parts(head, body.unwrap_or_else(|_| ReplyBody::text(Bytes::new())))
    }
}

impl Operators {
    async fn dispatch(&self, method: &Method, path: &str) -> Result<Response<Bytes>, Problem> {
        if !["/metrics", "/health"].contains(&path) {
            return Err(Problem::not_found());
        }
        if method != Method::GET && method != Method::HEAD {
            return Err(Problem::method_not_allowed(ALLOW));
        }
        if path == "/metrics" {
            // Thousands of routes take a while to write: not on a thread that serves.
            let host = Arc::clone(&self.host);
            let text = spawn_blocking(move || exposition::text(&host)).await;
            // It comes to nothing only while the program ends.
            return Ok(response(exposition::MEDIA_TYPE, text.unwrap_or_default()));
        }
        let text = self.health.check(&self.host).await?;
        Ok(response("application/json", text))
    }
}

fn response(media_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
