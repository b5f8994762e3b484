//! The native server: what one would write without Plinth, answering the same
//! routes with the same JSON from the same SQL.
//!
//! hyper, matchit, deadpool-postgres with `prepare_cached`, serde_json: what
//! axum and its neighbours use, without their layers.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use deadpool_postgres::{Manager, Pool};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use plinth_host::config::DatabaseLimits;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

use super::server_thread::Stage;

mod books;
mod hello;

pub(super) use books::{GET_SQL, LIST_SQL};

/// What all requests share.
struct App {
    routes: matchit::Router<Handler>,
    pool: Pool,
    settings: HashMap<String, String>,
}

/// Which function answers.
#[derive(Clone, Copy)]
enum Handler {
    Hello,
    GetBook,
    ListBooks,
}

/// Serves until it is told to stop.
pub(super) async fn serve(stage: Stage, database: tokio_postgres::Config) -> Result<()> {
    let app = Arc::new(App::new(database)?);
    let (listener, stopped) = stage.open()?;
    let accept = async {
        loop {
            let (stream, _) = listener
                .accept()
                .await
                .context("cannot accept a connection")?;
            tokio::spawn(connection(Arc::clone(&app), stream));
        }
    };
    tokio::select! {
        failed = accept => failed,
        () = stopped => Ok(()),
    }
}

async fn connection(app: Arc<App>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(app.answer(request).await) }
    });
    let http = auto::Builder::new(TokioExecutor::new());
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "connection ended");
    }
}

impl App {
    fn new(database: tokio_postgres::Config) -> Result<Self> {
        let mut routes = matchit::Router::new();
        routes.insert("/hello/{name}", Handler::Hello)?;
        routes.insert("/api/v1/books/{id}", Handler::GetBook)?;
        routes.insert("/api/v1/books", Handler::ListBooks)?;
        // As many connections as the host has.
        let connections_max = DatabaseLimits::default().connections_max;
        let pool = Pool::builder(Manager::new(database, NoTls))
            .max_size(connections_max)
            .build()?;
        Ok(Self {
            routes,
            pool,
            settings: HashMap::new(),
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let response = match self.dispatch(&request).await {
            Ok(response) => response,
            Err(Failure(status, cause)) => {
                tracing::error!("{cause:#}");
                plain(status)
            }
        };
        let (method, path) = (request.method(), request.uri().path());
        tracing::info!(%method, path, status = response.status().as_u16());
        response
    }

    async fn dispatch(
        &self,
        request: &Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Failure> {
        let Ok(found) = self.routes.at(request.uri().path()) else {
            return Ok(plain(StatusCode::NOT_FOUND));
        };
        if request.method() != Method::GET {
            return Ok(plain(StatusCode::METHOD_NOT_ALLOWED));
        }
        let query = request.uri().query().unwrap_or_default();
        match found.value {
            Handler::Hello => json(&hello::hello(&self.settings, found.params.get("name"))?),
            Handler::GetBook => json(&books::get(&self.pool, found.params.get("id")).await?),
            Handler::ListBooks => json(&books::list(&self.pool, query).await?),
        }
    }
}

/// A status for the client and a cause for the log.
struct Failure(StatusCode, anyhow::Error);

impl Failure {
    fn bad_request(cause: impl Into<anyhow::Error>) -> Self {
        Self(StatusCode::BAD_REQUEST, cause.into())
    }

    fn not_found(what: &'static str) -> Self {
        Self(StatusCode::NOT_FOUND, anyhow::anyhow!(what))
    }

    fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, cause.into())
    }
}

fn json(value: &impl Serialize) -> Result<Response<Full<Bytes>>, Failure> {
    let body = serde_json::to_vec(value).map_err(Failure::internal)?;
    let mut response = Response::new(Full::from(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
