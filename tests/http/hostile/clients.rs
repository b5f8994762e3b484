//! Clients that announce, hold back, or never take.

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// A connection on which the host may send so much of each answer unasked.
async fn http_2(site: &Site, window: u32) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(site.0.address())
        .await
        .expect("connects");
    let mut builder = Builder::new();
    builder.initial_window_size(window);
    let (client, connection) = builder.handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    client.ready().await.expect("ready")
}

fn request(method: Method, path: &str) -> Request<()> {
    let uri = format!("http://localhost{path}");
    let request = Request::builder().method(method).uri(uri);
    request.body(()).expect("a request")
}

async fn raw(site: &Site, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(site.0.address())
        .await
        .expect("connects");
    let _ = stream.write_all(bytes).await;
    stream
}

#[tokio::test]
async fn answers_that_nobody_takes() {
    harmless(async |site| {
        let mut kept = Vec::new();
        for _ in 0..2 {
            let client = http_2(site, 0).await;
            // Half a gigabyte together.
            for _ in 0..60 {
                let mut client = client.clone().ready().await.expect("ready");
                let request = request(Method::GET, "/hostile/big/4000000");
                let (answer, _) = client.send_request(request, true).expect("begins");
                kept.push(tokio::time::timeout(Duration::from_secs(10), answer).await);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn bodies_that_never_come() {
    harmless(async |site| {
        let client = http_2(site, 65_535).await;
        let mut open = Vec::new();
        for _ in 0..140 {
            let mut client = client.clone().ready().await.expect("ready");
            let request = request(Method::POST, "/hostile/length");
            open.push(client.send_request(request, false).expect("begins"));
        }
        let mut other = site.0.client().await;
        let answer = other
            .text(Method::POST, "/hostile/length", "text/plain", "hello")
            .await;
        assert_eq!(answer.text(), "5");
    })
    .await;
}

#[tokio::test]
async fn heads_that_never_end() {
    harmless(async |site| {
        let half = b"GET /hello/hello/Ada HTTP/1.1\r\nhost: a\r\nx-";
        let streams = at_once(200, async || raw(site, half).await).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(streams);
    })
    .await;
}

#[tokio::test]
async fn connections_that_say_nothing() {
    harmless(async |site| {
        let streams = at_once(300, async || raw(site, b"").await).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(streams);
    })
    .await;
}

#[tokio::test]
async fn requests_without_end_on_one_connection() {
    harmless(async |site| {
        let many = "GET /hello/hello/Ada HTTP/1.1\r\nhost: a\r\n\r\n".repeat(20_000);
        let stream = raw(site, b"").await;
        let (mut reading, mut writing) = stream.into_split();
        let write = async { writing.write_all(many.as_bytes()).await };
        let read = async {
            let mut buffer = vec![0; 64 << 10];
            // Slower than they are sent.
            for _ in 0..50 {
                let _ = reading.read(&mut buffer).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            _ = write => {}
            () = read => {}
        }
    })
    .await;
}

#[tokio::test]
async fn streams_that_are_reset_at_once() {
    harmless(async |site| {
        let client = http_2(site, 65_535).await;
        for _ in 0..3_000 {
            let Ok(mut client) = client.clone().ready().await else {
                break;
            };
            let request = request(Method::GET, "/hello/hello/Ada");
            match client.send_request(request, true) {
                // Dropped: RST_STREAM.
                Ok(answer) => drop(answer),
                Err(_) => break,
            }
        }
    })
    .await;
}

#[tokio::test]
async fn headers_of_megabytes() {
    harmless(async |site| {
        let long = format!(
            "GET /hello/hello/Ada HTTP/1.1\r\nhost: a\r\nx-a: {}\r\n\r\n",
            "x".repeat(20 << 20)
        );
        at_once(5, async || raw(site, long.as_bytes()).await).await;
    })
    .await;
}

#[tokio::test]
async fn bodies_larger_than_they_may_be() {
    harmless(async |site| {
        let large = format!(
            "POST /hostile/length HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{}",
            format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(300)
        );
        at_once(5, async || raw(site, large.as_bytes()).await).await;
    })
    .await;
}

#[tokio::test]
async fn clients_that_go_away_in_the_middle() {
    harmless(async |site| {
        let request = b"GET /hostile/hold/5 HTTP/1.1\r\nhost: a\r\n\r\n";
        for _ in 0..20 {
            let streams = at_once(10, async || raw(site, request).await).await;
            drop(streams);
        }
    })
    .await;
}
