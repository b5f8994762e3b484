use http::{Method, Request};
use http_body_util::Full;
use plinth_tests::TestHost;

#[tokio::test]
async fn a_greeting_comes_with_its_headers() {
    let host = TestHost::start("hello").await;
    let answer = host.get("/hello/Ada").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["text"], "Hello, Ada!");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.generation(), 1);
    assert_eq!(answer.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn settings_reach_the_plugin() {
    let host = TestHost::with("hello", |options| {
        options
            .plugin
            .config
            .insert("greeting".into(), "Bonjour".into());
    })
    .await;
    assert_eq!(host.get("/").await.json()["text"], "Bonjour, world!");
}

#[tokio::test]
async fn a_prefix_moves_every_route() {
    let host = TestHost::with("hello", |options| {
        options.plugin.prefix = "/greetings".into()
    })
    .await;
    assert_eq!(host.get("/greetings").await.json()["text"], "Hello, world!");
    assert_eq!(
        host.get("/greetings/hello/Ada").await.json()["text"],
        "Hello, Ada!"
    );
    host.get("/hello/Ada").await.problem(404);
}

#[tokio::test]
async fn parameters_are_decoded_after_matching() {
    let host = TestHost::start("hello").await;
    let mut client = host.client().await;
    assert_eq!(
        client.get("/hello/J%C3%BCrgen%20%2F%20x").await.json()["text"],
        "Hello, Jürgen / x!"
    );
    client.get("/hello/%ff").await.problem(400);
    client.get("/hello/").await.problem(404);
    client.get("/hello/a/b").await.problem(404);
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones() {
    let host = TestHost::start("hello").await;
    let mut client = host.client().await;
    let answer = client.call(Method::POST, "/hello/Ada").await;
    answer.problem(405);
    assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
    let answer = client.call(Method::OPTIONS, "/hello/Ada").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("allow")),
        (204, "GET, HEAD, OPTIONS")
    );
    let answer = client.call(Method::HEAD, "/hello/Ada").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
    assert_eq!(answer.header("content-length"), "22");
}

#[tokio::test]
async fn the_clients_request_id_comes_back_if_it_is_harmless() {
    let host = TestHost::start("hello").await;
    let mut client = host.client().await;
    for (given, kept) in [("trace-7", true), ("a b", false)] {
        let request = Request::get("/nowhere").header("x-request-id", given);
        let answer = client
            .send(request.body(Full::default()).expect("a request"))
            .await;
        let problem = answer.problem(404);
        assert_eq!(problem["request_id"] == given, kept, "{problem}");
    }
}
