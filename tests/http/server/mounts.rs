//! What is mounted where, and that it is nobody else's.

use http::Method;
use plinth_tests::TestHost;

use super::http2;

/// The text of an answer to a path, asked for as a host.
async fn asked(host: &TestHost, authority: &str, path: &str) -> (u16, String) {
    let client = http2::connect(host.address(), 65_535).await;
    let uri = format!("http://{authority}{path}");
    let request = http::Request::builder().method(Method::GET).uri(uri);
    let request = request.body(()).expect("a request");
    let (head, body) = http2::answer(&client, request).await.expect("an answer");
    (
        head.status.as_u16(),
        String::from_utf8_lossy(&body).into_owned(),
    )
}

#[tokio::test]
async fn a_path_under_a_mount_is_nobody_elses() {
    // `hostile` at the root answers `/header/{name}` and `/rows/{count}`.
    let host = TestHost::with("hostile", |options| {
        options.others = vec!["hello"];
    })
    .await;
    for path in [
        "/hello/hello/Ada",
        "/%68ello/hello/Ada",
        "/hello/hello/%41da",
    ] {
        let (status, text) = asked(&host, "a", path).await;
        assert_eq!(status, 200, "{path}");
        assert!(text.contains("Ada"), "{text}");
    }
    for path in ["/hello/nowhere", "/hello/fine"] {
        assert_eq!(asked(&host, "a", path).await.0, 404, "{path}");
    }
    assert_eq!(asked(&host, "a", "/fine").await.0, 200);
}

#[tokio::test]
async fn a_host_name_is_one_plugins() {
    let host = TestHost::with("hostile", |options| {
        options.plugin.host = Some("Shop.example".into());
        options.others = vec!["hello"];
    })
    .await;
    for authority in ["shop.example", "SHOP.EXAMPLE:8000"] {
        assert_eq!(asked(&host, authority, "/fine").await.0, 200);
        assert_eq!(asked(&host, authority, "/hello/hello/Ada").await.0, 404);
    }
    for authority in ["other.example", "a.shop.example"] {
        assert_eq!(asked(&host, authority, "/fine").await.0, 404);
        assert_eq!(asked(&host, authority, "/hello/hello/Ada").await.0, 200);
    }
}

#[tokio::test]
async fn in_dev_only_names_that_lead_here_are_answered() {
    let host = TestHost::with("hostile", |options| {
        options.dev = true;
        options.others = vec!["hello"];
    })
    .await;
    for authority in [
        "localhost:8000",
        "a.localhost",
        "127.0.0.1:8000",
        "[::1]",
        "192.168.1.7",
    ] {
        assert_eq!(asked(&host, authority, "/fine").await.0, 200, "{authority}");
    }
    for authority in ["rebound.example", "localhost.example", "notlocalhost"] {
        assert_eq!(asked(&host, authority, "/fine").await.0, 421, "{authority}");
    }
}
