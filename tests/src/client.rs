use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A client on one connection, which it keeps alive.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connects");
        stream.set_nodelay(true).expect("a TCP stream");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP/1");
        tokio::spawn(connection);
        Self { sender }
    }

    /// Sends a GET request.
    ///
    /// # Panics
    ///
    /// When no answer comes.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Full::default()).expect("a request"))
            .await
    }

    /// Sends a request without a body.
    ///
    /// # Panics
    ///
    /// When no answer comes.
    pub async fn call(&mut self, method: Method, path: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Full::default());
        self.send(request.expect("a request")).await
    }

    /// Sends a request with a JSON body.
    ///
    /// # Panics
    ///
    /// When no answer comes.
    pub async fn json(&mut self, method: Method, path: &str, body: &Value) -> Answer {
        self.text(method, path, "application/json", &body.to_string())
            .await
    }

    /// Sends a request with a body of any type.
    ///
    /// # Panics
    ///
    /// When no answer comes.
    pub async fn text(
        &mut self,
        method: Method,
        path: &str,
        media_type: &str,
        body: &str,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", media_type);
        self.send(
            request
                .body(Full::from(body.to_owned()))
                .expect("a request"),
        )
        .await
    }

    /// Sends any request.
    ///
    /// # Panics
    ///
    /// When no answer comes.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Answer {
        self.try_send(request).await.expect("an answer")
    }

    /// Sends any request, or tells why no answer came.
    ///
    /// # Errors
    ///
    /// When the connection ended first.
    pub async fn try_send(&mut self, mut request: Request<Full<Bytes>>) -> hyper::Result<Answer> {
        request
            .headers_mut()
            .entry("host")
            .or_insert_with(|| "localhost".parse().expect("a value"));
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// When it is none.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// A header's value as text, or "".
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("visible ASCII"))
    }

    /// The body as problem details of a status, whose members are checked.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(
            problem["request_id"],
            self.header("x-request-id"),
            "{problem}"
        );
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| detail.len() > 5),
            "{problem}"
        );
        problem
    }

    /// Which generation of plugins answered.
    ///
    /// # Panics
    ///
    /// When the header is missing.
    pub fn generation(&self) -> u64 {
        self.header("x-plinth-generation")
            .parse()
            .expect("a number")
    }
}
