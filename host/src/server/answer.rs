//! From a request to its response: route, body, plugin, log line.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;

use super::access_log::AccessLine;
use super::reply_body::ReplyBody;
use super::rooms::Client;
use super::{body, request_id};
use crate::capability::log::one_line;
use crate::capability::request::Request as PluginRequest;
use crate::host::{Host, Site};
use crate::metrics::CallFailure;
use crate::plugin::{Body, CallError, Reply};
use crate::problem::Problem;
use crate::router::{Match, Target, without_port};
use crate::tally::Tally;

/// Far fewer than a response can hold, with room for the host's own.
const REPLY_HEADERS_MAX: usize = 256;

/// What some path may answer to.
const EVERY_METHOD: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";

/// Tells which generation of plugins answered.
const GENERATION: HeaderName = HeaderName::from_static("x-plinth-generation");

/// Tells how many statements the plugin sent; in `dev` alone.
const QUERIES: HeaderName = HeaderName::from_static("x-plinth-queries");

/// Answers one request and writes its line in the access log.
pub(super) async fn answer(
    host: &Arc<Host>,
    client: &Client,
    request: Request<Incoming>,
) -> Response<ReplyBody> {
    let site = host.site();
    let id = request_id::request_id(request.headers());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let version = request.version();
    // Mostly nobody asks for it.
    let is_asked_for = site.router.has_hosts() || host.config().dev;
    let authority = is_asked_for.then(|| request.headers().get(HOST)).flatten();
    let authority = authority.and_then(|host| host.to_str().ok());
    let authority = authority.unwrap_or_default();
    let is_misdirected = host.config().dev && !is_at_home(authority, host);
    let found = site.router.find(authority, &method, uri.path());
    let target = match &found {
        Match::Found(target, _) => Some(Arc::clone(target)),
        _ => None,
    };
    let tally = Arc::new(tally(host, target.as_deref()));
    let mut line = AccessLine::begin(
        Arc::clone(host),
        method,
        uri,
        target.clone(),
        Arc::clone(&tally),
        site.generation,
        Arc::clone(&id),
    );
    let answered = match is_misdirected {
        true => Err(Problem::misdirected()),
        false => dispatch(host, client, found, request, &id, &tally).await,
    };
    let answered = match answered {
        Ok(response) if version < Version::HTTP_11 => collected(response, target.as_deref()).await,
        answered => answered,
    };
    let mut response = answered.unwrap_or_else(|problem| {
        log_problem(&problem, target.as_deref(), &id, host.config().dev);
        let response = problem.into_response(&id, host.config().dev);
        response.map(Body::Whole)
    });
    stamp(&mut response, &site, &id);
    if host.config().dev && target.is_some() {
        let queries = HeaderValue::from(tally.statements());
        response.headers_mut().insert(QUERIES, queries);
    }
    let (head, body) = response.into_parts();
    match body {
        Body::Whole(bytes) => {
            let length = bytes.len() as u64;
            let response = match ReplyBody::whole(bytes, client) {
                Ok(body) => Response::from_parts(head, body),
                Err(_) => {
                    let response = Problem::answers_full().into_response(&id, false);
                    response.map(ReplyBody::text)
                }
            };
            line.answered(response.status(), length);
            response
        }
        Body::Streamed(rows) => {
            line.begun(head.status);
            Response::from_parts(head, ReplyBody::streamed(rows, line))
        }
    }
}

/// Whether a request is for a name that leads to this machine, or that a plugin is
/// mounted at. In `dev` answers tell causes, which a page of somebody else's must
/// not read by having its own name lead here.
fn is_at_home(authority: &str, host: &Host) -> bool {
    let name = without_port(authority);
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let is_address = address.parse::<IpAddr>().is_ok();
    let is_local = is("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
    let mut plugins = host.config().plugins.values();
    let is_mount = plugins.any(|plugin| plugin.host.as_deref().is_some_and(is));
    authority.is_empty() || is_address || is_local || is_mount
}

/// HTTP/1.0 ends a body of no known length with its connection, so one that breaks
/// off would look whole: it is sent when it is.
async fn collected(
    response: Response<Body>,
    target: Option<&Target>,
) -> Result<Response<Body>, Problem> {
    let (head, body) = response.into_parts();
    let mut rows = match body {
        Body::Whole(_) => return Ok(Response::from_parts(head, body)),
        Body::Streamed(rows) => rows,
    };
    let bytes_max = target.map_or(0, |target| target.plugin.limits().reply_bytes_max);
    let mut whole = BytesMut::new();
    while let Some(piece) = rows.next().await {
        let piece = piece.map_err(|error| Problem::from_call(CallError::Query(error.into())))?;
        if whole.len() + piece.len() > bytes_max {
            return Err(Problem::too_long_for_http_1_0(bytes_max));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(Response::from_parts(head, Body::Whole(whole.freeze())))
}

/// Counts what the request asks of the host, within its plugin's limits.
fn tally(host: &Host, target: Option<&Target>) -> Tally {
    let statements_max = target.map_or(0, |target| target.statements_max);
    Tally::new(statements_max, host.config().dev)
}

async fn dispatch(
    host: &Host,
    client: &Client,
    found: Match<'_>,
    request: Request<Incoming>,
    id: &Arc<str>,
    tally: &Arc<Tally>,
) -> Result<Response<Body>, Problem> {
    if request.uri().path() == "*" {
        return Ok(options(EVERY_METHOD));
    }
    match found {
        Match::Found(target, parameters) => {
            call(host, client, target, parameters, request, id, tally).await
        }
        Match::NotFound => Err(Problem::not_found()),
        Match::Malformed => Err(Problem::malformed_path()),
        Match::MethodNotAllowed(allow) if request.method() == Method::OPTIONS => Ok(options(allow)),
        Match::MethodNotAllowed(allow) => Err(Problem::method_not_allowed(allow)),
    }
}

async fn call(
    host: &Host,
    client: &Client,
    target: &Target,
    parameters: Vec<String>,
    request: Request<Incoming>,
    id: &Arc<str>,
    tally: &Arc<Tally>,
) -> Result<Response<Body>, Problem> {
    let (head, body) = request.into_parts();
    let body = body::read(body, &host.config().server, client).await?;
    let uri = head.uri.clone();
    let request = PluginRequest {
        id: Arc::clone(id),
        route: Arc::clone(&target.name),
        uri: head.uri,
        headers: head.headers,
        body: body.bytes,
        tally: Arc::clone(tally),
        _room: body.room,
    };
    let query = uri.query().unwrap_or_default();
    let reply = target
        .plugin
        .handle(target.route, &parameters, query, request)
        .await;
    // It has passed the refusal on, which says nothing to whoever reads the answer.
    let is_refused = match &reply {
        Ok(reply) => reply.status == StatusCode::INTERNAL_SERVER_ERROR,
        Err(error) => matches!(error, CallError::Query(_)),
    };
    if tally.is_over_limit() && is_refused {
        return Err(Problem::statements_limit(target.statements_max));
    }
    let reply = reply.map_err(Problem::from_call)?;
    let response = response(reply);
    if response.is_err() {
        target.plugin.metrics().failed(CallFailure::BadReply);
    }
    response
}

/// Turns a plugin's reply into a response, if it is one.
fn response(reply: Reply) -> Result<Response<Body>, Problem> {
    // HTTP knows no others (RFC 9110, section 15).
    let is_final = (200..600).contains(&reply.status);
    let status = StatusCode::from_u16(reply.status)
        .ok()
        .filter(|_| is_final)
        .ok_or_else(|| Problem::bad_reply(format!("{} is no final HTTP status", reply.status)))?;
    if reply.headers.len() > REPLY_HEADERS_MAX {
        return Err(Problem::bad_reply(format!(
            "it has more than {REPLY_HEADERS_MAX} headers"
        )));
    }
    let mut response = Response::new(reply.body);
    *response.status_mut() = status;
    for header in reply.headers {
        let name = HeaderName::try_from(&header.name)
            .map_err(|_| Problem::bad_reply(format!("{:?} is no header name", header.name)))?;
        if is_the_hosts(&name) {
            return Err(Problem::bad_reply(format!(
                "the header {name} is the host's to set"
            )));
        }
        // White space around it is no part of it, and HTTP/2 takes none.
        let value = HeaderValue::from_bytes(header.value.trim_ascii())
            .map_err(|_| Problem::bad_reply(format!("the value of header {name} is none")))?;
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// Headers that decide where a message ends, or belong to the connection.
fn is_the_hosts(name: &HeaderName) -> bool {
    let hosts = [
        CONTENT_LENGTH,
        TRANSFER_ENCODING,
        CONNECTION,
        UPGRADE,
        request_id::HEADER,
        GENERATION,
        QUERIES,
    ];
    hosts.contains(name)
        || ["keep-alive", "proxy-connection", "te", "trailer"].contains(&name.as_str())
}

fn options(allow: &str) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let allow = HeaderValue::from_str(allow).expect("names of methods are visible ASCII");
    response.headers_mut().insert(ALLOW, allow);
    response
}

/// Adds what every response carries.
fn stamp(response: &mut Response<Body>, site: &Site, id: &str) {
    let id = HeaderValue::from_str(id).expect("identifiers are visible ASCII");
    response.headers_mut().insert(request_id::HEADER, id);
    response
        .headers_mut()
        .insert(GENERATION, site.generation.into());
}

/// In `dev` a cause keeps its lines, because a person reads it; elsewhere it is
/// one, because part of it is the plugin's words.
fn log_problem(problem: &Problem, target: Option<&Target>, id: &str, dev: bool) {
    if !problem.status().is_server_error() {
        return;
    }
    let cause = problem.cause().unwrap_or("see the problem's name");
    tracing::error!(
        target: "plinth::problem",
        problem = problem.slug(),
        plugin = target.map(|target| target.plugin.name()),
        route = target.map(|target| &*target.name),
        request_id = id,
        "{}", if dev { cause.into() } else { one_line(cause) },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::plinth::host::types::Header;

    fn refused(status: u16, name: &str, value: &[u8]) -> bool {
        let headers = vec![Header {
            name: name.into(),
            value: value.into(),
        }];
        response(Reply {
            status,
            headers,
            body: Body::Whole(Bytes::new()),
        })
        .is_err()
    }

    #[test]
    fn a_reply_must_be_a_response() {
        assert!(!refused(200, "content-type", b"text/plain"));
        assert!(refused(99, "content-type", b"text/plain"));
        assert!(refused(101, "content-type", b"text/plain"));
        assert!(!refused(599, "content-type", b" text/plain "));
        assert!(refused(600, "content-type", b"text/plain"));
        assert!(refused(999, "content-type", b"text/plain"));
        assert!(refused(200, "content length", b"1"));
        assert!(refused(200, "x-split", b"a\r\nset-cookie: b"));
    }

    #[test]
    fn a_reply_cannot_set_the_hosts_headers() {
        for name in [
            "Content-Length",
            "transfer-encoding",
            "Connection",
            "x-request-id",
            "X-Plinth-Queries",
            "TE",
        ] {
            assert!(refused(200, name, b"1"), "{name}");
        }
    }
}
