//! What a plugin does badly costs its own request and nothing else.

use std::time::{Duration, Instant};

use http::Method;
use plinth_host::config::InstancePolicy;
use plinth_tests::{Options, TestHost};

fn tight(options: &mut Options) {
    options.plugin.limits.cpu_ms_max = 200;
    options.plugin.limits.wall_ms_max = 2_000;
    options.plugin.limits.memory_bytes_max = 16 << 20;
    options.plugin.limits.memory_reuse_bytes_max = 8 << 20;
}

#[tokio::test]
async fn a_trap_takes_its_own_request_only() {
    let host = TestHost::with("hostile", tight).await;
    let mut client = host.client().await;
    for path in ["/panic", "/index", "/overflow", "/exit"] {
        let problem = client.get(path).await.problem(500);
        assert_eq!(problem["type"], "urn:plinth:problem:trap", "{path}");
        let text = problem.to_string();
        assert!(!text.contains("hunter2") && !text.contains(".rs"), "{text}");
        assert_eq!(client.get("/fine").await.text(), "fine");
    }
}

#[tokio::test]
async fn in_dev_a_trap_shows_its_cause() {
    let host = TestHost::with("hostile", |options| options.dev = true).await;
    let problem = host.get("/panic").await.problem(500);
    let cause = problem["cause"].as_str().expect("a cause");
    assert!(cause.contains("hunter2"), "{cause}");
    assert!(cause.contains("wasm backtrace"), "{cause}");
}

#[tokio::test]
async fn what_one_request_printed_is_not_told_of_the_next() {
    let host = TestHost::with("hostile", |options| options.dev = true).await;
    let mut client = host.client().await;
    assert_eq!(client.get("/print").await.text(), "printed");
    let problem = client.get("/panic").await.problem(500);
    assert!(
        !problem.to_string().contains("of this request"),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_loops_end_and_do_not_stop_the_others() {
    let host = TestHost::with("hostile", tight).await;
    let mut loops = Vec::new();
    for _ in 0..4 {
        let mut client = host.client().await;
        loops.push(tokio::spawn(async move { client.get("/loop").await }));
    }
    let mut client = host.client().await;
    let began = Instant::now();
    let mut fine = 0;
    while loops.iter().any(|task| !task.is_finished()) {
        assert_eq!(client.get("/fine").await.text(), "fine");
        fine += 1;
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    for task in loops {
        assert_eq!(
            task.await.expect("no panic").problem(508)["type"],
            "urn:plinth:problem:cpu-limit"
        );
    }
    // Four loops of 200 ms on two cores: the others had their turns meanwhile.
    assert!(fine >= 5, "only {fine} requests were served");
}

#[tokio::test]
async fn a_memory_hog_is_stopped() {
    let host = TestHost::with("hostile", tight).await;
    let mut client = host.client().await;
    let problem = client.get("/memory").await.problem(507);
    assert_eq!(problem["type"], "urn:plinth:problem:memory-limit");
    assert_eq!(client.get("/fine").await.text(), "fine");
}

#[tokio::test]
async fn waiting_counts_as_time_but_not_as_work() {
    let host = TestHost::with("hostile", tight).await;
    create_held(&host).await;
    let mut client = host.client().await;
    // Waits five times as long as it may compute.
    assert_eq!(client.get("/hold/1").await.text(), "held");
    let problem = client.get("/hold/10").await.problem(504);
    assert_eq!(problem["type"], "urn:plinth:problem:wall-time-limit");
    let left: i64 = host
        .postgres()
        .await
        .query_one("SELECT count(*) FROM held", &[])
        .await
        .expect("counts")
        .get(0);
    assert_eq!(left, 1);
    host.connections_at_rest().await;
}

pub(crate) async fn create_held(host: &TestHost) {
    host.postgres()
        .await
        .batch_execute("CREATE TABLE held (n int NOT NULL)")
        .await
        .expect("creates");
}

#[tokio::test]
async fn instances_are_reused_one_request_at_a_time() {
    let host = TestHost::start("hostile").await;
    let mut client = host.client().await;
    for count in 0..5 {
        assert_eq!(client.get("/count").await.text(), count.to_string());
    }
    client.get("/panic").await.problem(500);
    assert_eq!(client.get("/count").await.text(), "0");
}

#[tokio::test]
async fn an_instance_is_replaced_after_its_requests() {
    let host = TestHost::with("hostile", |options| {
        options.plugin.limits.requests_per_instance_max = 3
    })
    .await;
    let mut client = host.client().await;
    let mut counts = Vec::new();
    for _ in 0..8 {
        counts.push(client.get("/count").await.text().to_owned());
    }
    // The first instance has answered `describe` too.
    assert_eq!(counts, ["0", "1", "2", "0", "1", "2", "0", "1"]);
}

#[tokio::test]
async fn an_instance_that_grew_is_not_used_again() {
    let host = TestHost::with("hostile", tight).await;
    let mut client = host.client().await;
    assert_eq!(client.get("/count").await.text(), "0");
    assert_eq!(client.get("/grow/10").await.status, 200);
    assert_eq!(client.get("/count").await.text(), "0");
    assert_eq!(client.get("/count").await.text(), "1");
}

#[tokio::test]
async fn fresh_instances_remember_nothing() {
    let host = TestHost::with("hostile", |options| {
        options.plugin.instances = InstancePolicy::Fresh
    })
    .await;
    let mut client = host.client().await;
    for _ in 0..5 {
        assert_eq!(client.get("/count").await.text(), "0");
    }
}

#[tokio::test]
async fn requests_wait_for_an_instance_and_then_are_refused() {
    let host = TestHost::with("hostile", |options| {
        options.plugin.limits.instances_max = 1;
        options.plugin.limits.queue_max = 1;
        options.plugin.limits.queue_timeout_ms = 300;
    })
    .await;
    create_held(&host).await;
    let mut holder = host.client().await;
    let holding = tokio::spawn(async move { holder.get("/hold/2").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (mut queued, mut refused) = (host.client().await, host.client().await);
    let began = Instant::now();
    let (queued, refused) = tokio::join!(queued.get("/fine"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        (refused.get("/fine").await, began.elapsed())
    });
    queued.problem(503);
    assert_eq!(queued.header("retry-after"), "1");
    refused.0.problem(503);
    assert!(
        refused.1 < Duration::from_millis(280),
        "a full queue refuses at once"
    );
    assert_eq!(holding.await.expect("no panic").text(), "held");
    assert_eq!(host.get("/fine").await.text(), "fine");
}

#[tokio::test]
async fn a_reply_has_a_limit() {
    let host = TestHost::with("hostile", |options| {
        options.plugin.limits.reply_bytes_max = 1_100
    })
    .await;
    let mut client = host.client().await;
    assert_eq!(client.get("/big/1000").await.body.len(), 1000);
    client.get("/big/1101").await.problem(500);
}

#[tokio::test]
async fn a_replys_headers_have_a_limit() {
    let host = TestHost::start("hostile").await;
    let mut client = host.client().await;
    assert_eq!(client.get("/headers/50/10").await.status, 200);
    for count in [257, 24_575, 24_576, 40_000] {
        client
            .get(&format!("/headers/{count}/1"))
            .await
            .problem(500);
    }
    client.get("/headers/17/1000000").await.problem(500);
    assert_eq!(client.get("/fine").await.text(), "fine");
}

#[tokio::test]
async fn replies_that_are_no_responses_are_problems() {
    let host = TestHost::start("hostile").await;
    let mut client = host.client().await;
    for kind in ["status", "informational", "split", "length", "name"] {
        let answer = client.get(&format!("/reply/{kind}")).await;
        assert_eq!(
            answer.problem(500)["type"],
            "urn:plinth:problem:bad-reply",
            "{kind}"
        );
        assert!(!answer.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn a_plugin_sees_nothing_of_the_machine() {
    let host = TestHost::start("hostile").await;
    let mut client = host.client().await;
    assert_eq!(client.get("/environment").await.text(), "[]");
    let files = client.get("/files").await;
    assert!(
        files.status == 500 || files.text().starts_with("Err("),
        "{files:?}"
    );
    assert_eq!(client.get("/log/50").await.text(), "logged");
}

#[tokio::test]
async fn what_is_held_for_a_plugin_has_a_limit() {
    let host = TestHost::with("hostile", |options| {
        options.plugin.limits.held_bytes_max = 2 << 20;
        options.admin = true;
    })
    .await;
    let script = async |steps: serde_json::Value| {
        let mut client = host.client().await;
        let answer = client.json(Method::POST, "/script", &steps).await;
        answer.text().to_owned()
    };
    let start = serde_json::json!({ "way": "start", "sql": "SELECT repeat('x', 900000)" });
    let wait = serde_json::json!({ "way": "wait" });
    let few = script(serde_json::json!([start, wait])).await;
    assert_eq!(few, "started\n1 rows, 900004 bytes");
    let many = serde_json::json!([start, start, start, start, wait, wait, wait, wait]);
    let told = script(many).await;
    assert!(told.contains("held_bytes_max = 2097152"), "{told}");
    let arguments = serde_json::json!([{ "parameters": 3_000_000 }]);
    let told = script(arguments).await;
    assert!(told.contains("held_bytes_max"), "{told}");
    host.connections_at_rest().await;
    let held = host.metrics().await;
    assert_eq!(
        held.value("plinth_held_bytes", &[("plugin", "hostile")]),
        0.0
    );
}
