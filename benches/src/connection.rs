//! A client's connection: sends requests that are ready made and reads answers.
//!
//! Less than any HTTP client does, because what the client costs is time that
//! the servers can't be asked in.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The largest answer of any route is a fiftieth of it.
const BODY_BYTES_MAX: usize = 1 << 20;

/// The largest list arrives in one read.
const BUFFER_BYTES: usize = 32 << 10;

const HEADERS_MAX: usize = 32;

/// A connection that is kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Connection {
    /// Opens one.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .context("the server takes no connection")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: BytesMut::with_capacity(BUFFER_BYTES),
        })
    }

    /// Sends a request and reads the body of its answer.
    ///
    /// # Errors
    ///
    /// When the connection ends, or the answer is no success of known length.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Bytes> {
        let Answer { status, body } = self.exchange(request).await?;
        if status != 200 {
            let body = String::from_utf8_lossy(&body);
            bail!("the server answered {status}: {body}");
        }
        Ok(body)
    }

    /// Sends a request and reads its answer, whatever it is.
    ///
    /// # Errors
    ///
    /// When the connection ends, or the answer is of no known length.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request).await?;
        let Head {
            status,
            head_bytes,
            body_bytes,
        } = loop {
            self.read().await?;
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
        };
        while self.buffer.len() < head_bytes + body_bytes {
            self.read().await?;
        }
        let mut answer = self.buffer.split_to(head_bytes + body_bytes);
        let body = answer.split_off(head_bytes).freeze();
        Ok(Answer { status, body })
    }

    async fn read(&mut self) -> Result<()> {
        self.buffer.reserve(BUFFER_BYTES);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// A GET request as it goes over the wire.
pub(crate) fn request(target: &str) -> Bytes {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n\r\n").into()
}

/// A POST request with nothing in its body.
pub(crate) fn post(target: &str) -> Bytes {
    format!("POST {target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n").into()
}

/// A POST request with JSON in its body.
pub(crate) fn post_json(target: &str, json: &str) -> Bytes {
    let length = json.len();
    format!(
        "POST {target} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{json}"
    )
    .into()
}

/// The status of an answer, how much of it is head, and how much body follows.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    head_bytes: usize,
    body_bytes: usize,
}

impl Head {
    /// Reads the head, if all of it is there.
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(head_bytes) = response.parse(bytes)? else {
            return Ok(None);
        };
        let status = response.code.context("an answer without a status")?;
        let mut headers = response.headers.iter();
        let length = headers.find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length = length.context("an answer without a content-length")?.value;
        let body_bytes = std::str::from_utf8(length)?
            .parse()
            .context("a content-length")?;
        if body_bytes > BODY_BYTES_MAX {
            bail!("an answer of {body_bytes} bytes is larger than {BODY_BYTES_MAX}");
        }
        Ok(Some(Self {
            status,
            head_bytes,
            body_bytes,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_where_the_body_ends() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        let head = Head::parse(answer).expect("valid").expect("complete");
        assert_eq!(head.status, 200);
        assert_eq!(head.head_bytes + head.body_bytes, answer.len());
        assert_eq!(Head::parse(&answer[..20]).expect("valid so far"), None);
    }

    #[test]
    fn what_has_no_known_length_is_no_answer() {
        for answer in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n",
            "SSH-2.0\r\n",
        ] {
            assert!(Head::parse(answer.as_bytes()).is_err(), "{answer}");
        }
    }
}
