//! Answers that have no body, on both versions and both listeners.

use http::Method;
use plinth_tests::TestHost;

use super::{http2, raw};

#[tokio::test]
async fn what_must_have_no_body_has_none() {
    let host = TestHost::with("hostile", |options| options.admin = true).await;
    let client = http2::connect(host.address(), 65_535).await;
    for (method, path, expected) in [
        (Method::HEAD, "/fine", 200),
        (Method::HEAD, "/big/100000", 200),
        (Method::HEAD, "/nowhere", 404),
        (Method::HEAD, "/status/204", 204),
        (Method::GET, "/status/204", 204),
        (Method::GET, "/status/205", 205),
        (Method::GET, "/status/304", 304),
        (Method::OPTIONS, "/fine", 204),
    ] {
        let request = http2::request(method.clone(), path);
        let (head, body) = http2::answer(&client, request).await.expect("an answer");
        assert_eq!(
            (head.status.as_u16(), body.len()),
            (expected, 0),
            "{method} {path}"
        );
        let request = format!("{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = raw(host.address(), request.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected}")),
            "{answer}"
        );
        assert!(answer.ends_with("\r\n\r\n"), "{method} {path}: {answer}");
    }
    let request = http2::request(Method::HEAD, "/big/100000");
    let (head, _) = http2::answer(&client, request).await.expect("an answer");
    assert_eq!(head.headers["content-length"], "100000");
    let admin = http2::connect(host.admin_address(), 65_535).await;
    let request = http2::request(Method::HEAD, "/metrics");
    let (head, body) = http2::answer(&admin, request).await.expect("an answer");
    assert_eq!((head.status.as_u16(), body.len()), (200, 0));
    assert_ne!(head.headers["content-length"], "0");
}

#[tokio::test]
async fn head_runs_no_stream() {
    let host = TestHost::start("replies").await;
    let client = http2::connect(host.address(), 65_535).await;
    let request = http2::request(Method::HEAD, "/everything/host/streamed");
    let (head, body) = http2::answer(&client, request).await.expect("an answer");
    assert_eq!((head.status.as_u16(), body.len()), (200, 0));
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_status_is_one_that_http_has() {
    let host = TestHost::start("hostile").await;
    for status in [100, 101, 199, 600, 999] {
        host.get(&format!("/status/{status}")).await.problem(500);
    }
    assert_eq!(host.get("/status/599").await.status, 599);
}
