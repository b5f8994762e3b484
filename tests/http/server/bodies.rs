//! Bodies of requests: announced, slow, refused.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use plinth_tests::TestHost;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http2;

#[tokio::test]
async fn what_is_only_announced_takes_no_room() {
    let host = TestHost::with("hostile", |options| {
        options.server.body_bytes_max = 2 << 20;
        options.server.bodies_bytes_max = 4 << 20;
    })
    .await;
    let client = http2::connect(host.address(), 65_535).await;
    let mut open = Vec::new();
    for _ in 0..140 {
        let mut client = client.clone().ready().await.expect("ready");
        let mut request = http2::request(Method::POST, "/length");
        let length = "2000000".parse().expect("a value");
        request.headers_mut().insert("content-length", length);
        open.push(client.send_request(request, false).expect("begins"));
    }
    // One round trip later all of them have come.
    let fine = http2::request(Method::GET, "/fine");
    http2::answer(&client, fine).await.expect("an answer");
    let mut other = host.client().await;
    let answer = other
        .text(Method::POST, "/length", "text/plain", "hello")
        .await;
    assert_eq!(answer.text(), "5");
    drop(open);
}

#[tokio::test]
async fn one_connection_takes_a_part_of_the_room() {
    let host = TestHost::with("hostile", |options| {
        options.server.body_bytes_max = 60_000;
        options.server.bodies_bytes_max = 800_000;
    })
    .await;
    let client = http2::connect(host.address(), 65_535).await;
    let mut open = Vec::new();
    // An eighth is two bodies less a little.
    for _ in 0..10 {
        let mut client = client.clone().ready().await.expect("ready");
        let request = http2::request(Method::POST, "/length");
        let (answer, mut body) = client.send_request(request, false).expect("begins");
        let _ = body.send_data(Bytes::from(vec![7; 59_000]), false);
        open.push((answer, body));
    }
    let mut refused = 0;
    for (answer, _) in &mut open {
        let waited = tokio::time::timeout(Duration::from_millis(500), answer).await;
        refused += usize::from(
            waited.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status() == 503)),
        );
    }
    assert!(refused > 0, "it has all it wants");
    let mut other = host.client().await;
    let body = "x".repeat(59_000);
    let answer = other
        .text(Method::POST, "/length", "text/plain", &body)
        .await;
    assert_eq!(answer.text(), "59000", "the others have theirs");
}

#[tokio::test]
async fn a_slow_body_may_be_slow_and_not_slower() {
    let host = TestHost::with("hostile", |options| {
        options.server.body_timeout_ms = 400;
        options.server.bytes_per_second_min = 2_000;
    })
    .await;
    for (pause_ms, expected) in [(60, "200"), (500, "408")] {
        let mut stream = TcpStream::connect(host.address()).await.expect("connects");
        let head =
            "POST /length HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 4000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("writes");
        // At 60 ms each a second in all, which is longer than the timeout alone.
        for _ in 0..16 {
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            if stream.write_all(&[b'x'; 250]).await.is_err() {
                break;
            }
        }
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.contains(expected), "{pause_ms}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_still_sends_sees_why_it_is_refused() {
    let host = TestHost::with("hostile", |options| options.server.body_bytes_max = 10_000).await;
    for _ in 0..5 {
        let mut stream = TcpStream::connect(host.address()).await.expect("connects");
        let head = "POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 900000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("writes");
        stream
            .write_all(&[b'x'; 900_000])
            .await
            .expect("is read, and thrown away");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("not reset");
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
}

#[tokio::test]
async fn half_a_request_does_not_hold_up_the_end() {
    let host = TestHost::with("hostile", |options| {
        options.server.header_timeout_ms = 30_000;
        options.server.drain_timeout_ms = 30_000;
    })
    .await;
    let mut half = TcpStream::connect(host.address()).await.expect("connects");
    half.write_all(b"GET /fine HTTP/1.1\r\nho")
        .await
        .expect("writes");
    assert_eq!(host.get("/fine").await.status, 200);
    let stopped = tokio::time::timeout(Duration::from_secs(10), host.stop()).await;
    stopped.expect("stops before its limits");
}

#[tokio::test]
async fn a_slow_client_has_its_answer_before_the_end() {
    let host = TestHost::with("hostile", |options| {
        options.server.drain_timeout_ms = 30_000;
    })
    .await;
    let mut slow = TcpStream::connect(host.address()).await.expect("connects");
    let request = b"GET /big/12000000 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    slow.write_all(request).await.expect("writes");
    let reading = tokio::spawn(async move {
        let mut read = 0;
        let mut buffer = vec![0; 1 << 20];
        while let Ok(count @ 1..) = slow.read(&mut buffer).await {
            read += count;
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        read
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = std::time::Instant::now();
    host.stop().await;
    assert!(
        begun.elapsed() > Duration::from_secs(1),
        "it was waited for"
    );
    assert!(reading.await.expect("no panic") > 12_000_000);
}
