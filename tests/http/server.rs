//! What clients do wrong, down to the bytes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::Method;
use plinth_tests::TestHost;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::limits::create_held;

mod authority;
mod bodies;
mod bodiless;
mod http2;
mod mounts;
mod outgoing;

/// Sends bytes, and reads until the host closes the connection.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(bytes).await.expect("writes");
    let mut answer = Vec::new();
    // The host may close before it has read all that was sent.
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .expect("closes");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let host = TestHost::start("hello").await;
    let requests = "GET /hello/a HTTP/1.1\r\nhost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n\
                    GET /hello/b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = raw(host.address(), requests.as_bytes()).await;
    let places = ["Hello, a!", "404 Not Found", "Hello, b!"].map(|text| answer.find(text));
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{answer}"
    );
}

#[tokio::test]
async fn http_2_is_spoken_by_prior_knowledge() {
    let host = TestHost::start("hello").await;
    let stream = TcpStream::connect(host.address()).await.expect("connects");
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io)
        .await
        .expect("HTTP/2");
    tokio::spawn(connection);
    let request = http::Request::get("http://localhost/hello/Ada")
        .body(String::new())
        .expect("a request");
    let answer = sender.send_request(request).await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), answer.version()),
        (200, http::Version::HTTP_2)
    );
}

#[tokio::test]
async fn an_answer_does_not_wait_for_the_next_request() {
    let host = TestHost::start("hello").await;
    let mut stream = TcpStream::connect(host.address()).await.expect("connects");
    let one_and_a_half = b"GET /hello/a HTTP/1.1\r\nhost: x\r\n\r\nGET /hel";
    stream.write_all(one_and_a_half).await.expect("writes");
    let mut answer = [0; 15];
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut answer)).await;
    read.expect("in time").expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn garbage_is_refused() {
    let host = TestHost::start("hello").await;
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for bytes in [&tls[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"] {
        let answer = raw(host.address(), bytes).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer:?}");
    }
    assert_eq!(host.get("/").await.status, 200);
}

#[tokio::test]
async fn headers_have_a_limit() {
    let host = TestHost::start("hello").await;
    let long = "x".repeat(64 << 10);
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {long}\r\n\r\n");
    let many = "x-a: b\r\n".repeat(200);
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n");
    for request in [long, many] {
        let answer = raw(host.address(), request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer:?}");
    }
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let host = TestHost::with("hostile", |options| options.server.body_bytes_max = 1000).await;
    let mut client = host.client().await;
    let answer = client
        .text(Method::POST, "/sql", "text/plain", &" ".repeat(1001))
        .await;
    assert_eq!(
        answer.problem(413)["type"],
        "urn:plinth:problem:body-too-large"
    );
    // Sent in pieces, without saying how long it will be.
    let chunk = format!("200\r\n{}\r\n", " ".repeat(512));
    let chunked = format!(
        "POST /sql HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"
    );
    let answer = raw(host.address(), chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn slow_clients_are_given_up() {
    let host = TestHost::with("hostile", |options| {
        options.server.header_timeout_ms = 300;
        options.server.body_timeout_ms = 300;
    })
    .await;
    let silent = [
        "",
        "P",
        "GET / HT",
        "GET / HTTP/1.1\r\nhost: x\r\n",
        "PRI * HTTP/2.0\r\n",
    ];
    for bytes in silent {
        let began = Instant::now();
        raw(host.address(), bytes.as_bytes()).await;
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{bytes:?} was waited for"
        );
    }
    let half = b"POST /sql HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nSELE";
    let answer = raw(host.address(), half).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_body_cut_off_is_not_a_request() {
    let host = TestHost::start("hostile").await;
    create_held(&host).await;
    let mut stream = TcpStream::connect(host.address()).await.expect("connects");
    let cut =
        b"POST /sql HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\nINSERT INTO held VALUES (1)";
    stream.write_all(cut).await.expect("writes");
    drop(stream);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let held: i64 = host
        .postgres()
        .await
        .query_one("SELECT count(*) FROM held", &[])
        .await
        .expect("counts")
        .get(0);
    assert_eq!(held, 0);
}

#[tokio::test]
async fn stopping_lets_requests_in_flight_finish() {
    let host = TestHost::start("hostile").await;
    create_held(&host).await;
    let mut client = host.client().await;
    let holding = tokio::spawn(async move { client.get("/hold/1").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let address = host.address();
    let stopping = tokio::spawn(host.stop());
    assert_eq!(holding.await.expect("no panic").text(), "held");
    stopping.await.expect("stops");
    TcpStream::connect(address)
        .await
        .expect_err("nobody listens");
}

#[tokio::test]
async fn stopping_has_a_limit() {
    let host = TestHost::with("hostile", |options| options.server.drain_timeout_ms = 300).await;
    create_held(&host).await;
    let mut client = host.client().await;
    let request = http::Request::get("/hold/30")
        .body(http_body_util::Full::default())
        .expect("a request");
    let holding = tokio::spawn(async move { client.try_send(request).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    tokio::time::timeout(Duration::from_secs(5), host.stop())
        .await
        .expect("stops in time");
    holding.abort();
}

#[tokio::test]
async fn bodies_share_a_room_that_is_limited() {
    let host = TestHost::with("hostile", |options| {
        options.server.body_bytes_max = 10 << 10;
        options.server.bodies_bytes_max = 10 << 10;
    })
    .await;
    let mut slow = TcpStream::connect(host.address()).await.expect("connects");
    let head = "POST /sql HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n\r\n";
    let most = format!("{head}{}", " ".repeat(8_900));
    slow.write_all(most.as_bytes()).await.expect("writes");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let body = " ".repeat(2000);
    let refused = host
        .client()
        .await
        .text(Method::POST, "/sql", "text/plain", &body)
        .await;
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "1");
    drop(slow);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let served = host
        .client()
        .await
        .text(Method::POST, "/sql", "text/plain", "SELECT 1")
        .await;
    assert_eq!(served.text(), "1 rows");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up() {
    let host = TestHost::with("hostile", |options| options.server.send_timeout_ms = 300).await;
    let mut stream = TcpStream::connect(host.address()).await.expect("connects");
    let request = b"GET /big/15000000 HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.expect("writes");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .expect("closed");
    assert!(answer.len() < 15_000_000, "it was sent all of it");
}
