//! Each request is for one authority, and ends where all agree.

use http::Method;
use plinth_tests::TestHost;

use super::{http2, raw};

async fn status(host: &TestHost, request: &str) -> String {
    let answer = raw(host.address(), request.as_bytes()).await;
    let line = answer.lines().next().unwrap_or_default();
    line.split(' ').nth(1).unwrap_or("none").to_owned()
}

#[tokio::test]
async fn a_plugin_sees_the_one_host() {
    let host = TestHost::start("hostile").await;
    for (head, expected) in [
        (
            "GET /header/host HTTP/1.1\r\nhost: shop.example:80",
            "shop.example:80",
        ),
        (
            "GET http://shop.example/header/host HTTP/1.1\r\nhost: other.example",
            "shop.example",
        ),
        (
            "GET /header/host HTTP/1.0\r\nhost: shop.example",
            "shop.example",
        ),
        ("GET /header/host HTTP/1.0", "none"),
    ] {
        let request = format!("{head}\r\nconnection: close\r\n\r\n");
        let answer = raw(host.address(), request.as_bytes()).await;
        assert!(
            answer.ends_with(&format!("\r\n\r\n{expected}")),
            "{head}: {answer}"
        );
    }
    let client = http2::connect(host.address(), 65_535).await;
    let request = http2::request(Method::GET, "/header/host");
    let (_, body) = http2::answer(&client, request).await.expect("an answer");
    assert_eq!(body, b"localhost");
}

#[tokio::test]
async fn without_one_there_is_no_request() {
    let host = TestHost::start("hostile").await;
    for headers in [
        "",
        "host: a\r\nhost: b\r\n",
        "host: a b\r\n",
        "host: u@a\r\n",
        "host:\r\n",
    ] {
        let request = format!("GET /fine HTTP/1.1\r\n{headers}\r\n");
        assert_eq!(status(&host, &request).await, "400", "{headers:?}");
    }
    let client = http2::connect(host.address(), 65_535).await;
    let mut request = http2::request(Method::GET, "/fine");
    let differing = "other.example".parse().expect("a value");
    request.headers_mut().insert("host", differing);
    let (head, _) = http2::answer(&client, request).await.expect("an answer");
    assert_eq!(head.status, 400);
    let mut request = http2::request(Method::GET, "/fine");
    request
        .headers_mut()
        .insert("x-padded", " a".parse().expect("a value"));
    let answer = http2::answer(&client, request).await;
    assert!(answer.is_err() || answer.is_ok_and(|(head, _)| head.status == 400));
}

#[tokio::test]
async fn a_body_is_coded_in_one_way() {
    let host = TestHost::start("hostile").await;
    let body = "\r\n5\r\nhello\r\n0\r\n\r\n";
    for (headers, expected) in [
        ("transfer-encoding: chunked\r\nconnection: close\r\n", "200"),
        ("transfer-encoding: gzip, chunked\r\n", "501"),
        (
            "transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n",
            "501",
        ),
        ("transfer-encoding: chunked, chunked\r\n", "400"),
        (
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "400",
        ),
        ("content-length: 5\r\ncontent-length: 6\r\n", "400"),
    ] {
        let request = format!("POST /length HTTP/1.1\r\nhost: a\r\n{headers}{body}");
        assert_eq!(status(&host, &request).await, expected, "{headers:?}");
    }
    // The chunks tell where it ends, whatever a length says.
    let both = format!(
        "POST /length HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 3\r\n\
         transfer-encoding: chunked\r\n{body}"
    );
    let answer = raw(host.address(), both.as_bytes()).await;
    assert!(answer.ends_with("\r\n\r\n5"), "{answer}");
    let old = format!("POST /length HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n{body}");
    assert_eq!(status(&host, &old).await, "400");
}

#[tokio::test]
async fn options_may_ask_about_everything() {
    let host = TestHost::start("hostile").await;
    let ask = "* HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let answer = raw(host.address(), format!("OPTIONS {ask}").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(answer.contains("allow: DELETE, GET, HEAD"), "{answer}");
    assert_eq!(status(&host, &format!("GET {ask}")).await, "400");
}
