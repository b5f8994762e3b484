//! What operators ask a host: `/metrics` and `/health`, on a port of their own.

use std::time::Duration;

use http::Method;
use plinth_tests::{Metrics, Options, TestHost, component};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::limits::create_held;

const PLUGIN: (&str, &str) = ("plugin", "hostile");

async fn observed(change: impl FnOnce(&mut Options)) -> TestHost {
    TestHost::with("hostile", |options| {
        options.admin = true;
        change(options);
    })
    .await
}

fn requests(metrics: &Metrics, route: &str, status: &str) -> f64 {
    let labels = [PLUGIN, ("route", route), ("status", status)];
    metrics.value("plinth_requests_total", &labels)
}

fn failures(metrics: &Metrics, kind: &str) -> f64 {
    metrics.value("plinth_statement_failures_total", &[PLUGIN, ("kind", kind)])
}

#[tokio::test]
async fn requests_count_by_route_and_status() {
    let host = observed(|_| {}).await;
    let mut client = host.client().await;
    assert!(requests(&host.metrics().await, "fine", "2xx") < 1.0);
    for path in ["/fine", "/fine", "/panic", "/nowhere"] {
        client.get(path).await;
    }
    client.call(Method::DELETE, "/fine").await.problem(405);
    let metrics = host.metrics().await;
    assert_eq!(requests(&metrics, "fine", "2xx"), 2.0);
    assert_eq!(requests(&metrics, "fine", "5xx"), 0.0);
    assert_eq!(requests(&metrics, "panic", "5xx"), 1.0);
    let unrouted = metrics.value("plinth_unrouted_requests_total", &[("status", "4xx")]);
    assert_eq!(unrouted, 2.0);
    let fine = [PLUGIN, ("method", "GET"), ("path", "/fine")];
    let count = metrics.value("plinth_request_seconds_count", &fine);
    assert_eq!(count, 2.0);
    let sum = metrics.value("plinth_request_seconds_sum", &fine);
    assert!(sum > 0.0 && sum < 60.0, "{sum}");
    let all = [PLUGIN, ("path", "/fine"), ("le", "+Inf")];
    assert_eq!(metrics.value("plinth_request_seconds_bucket", &all), 2.0);
}

#[tokio::test]
async fn what_clients_send_makes_no_new_series() {
    let host = observed(|_| {}).await;
    let mut client = host.client().await;
    client.get("/big/1").await;
    let before = host.metrics().await.samples().count();
    for number in 0..50 {
        client.get(&format!("/big/{number}")).await;
        client.get(&format!("/nowhere/{number}")).await;
        client
            .text(
                Method::POST,
                "/sql",
                "text/plain",
                &format!("SELECT {number}"),
            )
            .await;
    }
    let after = host.metrics().await;
    assert_eq!(after.samples().count(), before);
    assert_eq!(requests(&after, "big", "2xx"), 51.0);
}

#[tokio::test]
async fn a_client_that_goes_away_is_counted() {
    let host = observed(|_| {}).await;
    create_held(&host).await;
    let mut client = host.client().await;
    let holding = tokio::spawn(async move { client.get("/hold/30").await });
    wait_for(&host, |metrics| statements(metrics) == 2.0).await;
    assert_eq!(busy(&host.metrics().await), 1.0);
    holding.abort();
    wait_for(&host, |metrics| busy(metrics) == 0.0).await;
    let metrics = host.metrics().await;
    assert_eq!(requests(&metrics, "hold", "gone"), 1.0);
    assert_eq!(failures(&metrics, "abandoned"), 1.0);
    host.connections_at_rest().await;
}

fn statements(metrics: &Metrics) -> f64 {
    metrics.value("plinth_statements_total", &[PLUGIN])
}

fn busy(metrics: &Metrics) -> f64 {
    metrics.value("plinth_instances_busy", &[PLUGIN])
}

#[tokio::test]
async fn statements_count_and_so_do_their_failures() {
    let host = observed(|options| options.plugin.limits.statements_max = 5).await;
    let mut client = host.client().await;
    client.get("/statements/query/3").await;
    client.get("/statements/pipeline/4").await;
    client.get("/statements/copy/2").await;
    client.get("/statements/failing/2").await;
    let metrics = host.metrics().await;
    assert_eq!(statements(&metrics), 11.0);
    assert_eq!(failures(&metrics, "server"), 2.0);
    assert_eq!(failures(&metrics, "invalid"), 0.0);
    // A pipeline is one call.
    let calls = metrics.value("plinth_statement_seconds_count", &[PLUGIN]);
    assert_eq!(calls, 8.0);
    client.get("/statements/refused/7").await;
    let metrics = host.metrics().await;
    assert_eq!(statements(&metrics), 16.0);
    let over = metrics.value("plinth_statements_over_limit_total", &[PLUGIN]);
    assert_eq!(over, 2.0);
}

#[tokio::test]
async fn instances_and_their_failures_count() {
    let host = observed(|options| options.plugin.limits.cpu_ms_max = 100).await;
    let mut client = host.client().await;
    let created = "plinth_instances_created_total";
    let at_first = host.metrics().await;
    // The one that has told what the plugin is serves no requests.
    assert_eq!(at_first.value(created, &[PLUGIN]), 0.0);
    assert_eq!(at_first.value("plinth_instances_idle", &[PLUGIN]), 0.0);
    for path in ["/panic", "/fine", "/loop", "/reply/status", "/fine"] {
        client.get(path).await;
    }
    let metrics = host.metrics().await;
    assert_eq!(metrics.value(created, &[PLUGIN]), 3.0);
    for (kind, count) in [
        ("trap", 1.0),
        ("cpu_time", 1.0),
        ("bad_reply", 1.0),
        ("busy", 0.0),
    ] {
        let labels = [PLUGIN, ("kind", kind)];
        let failures = metrics.value("plinth_plugin_failures_total", &labels);
        assert_eq!(failures, count, "{kind}");
    }
}

#[tokio::test]
async fn a_pool_shows_who_uses_it_and_who_waits() {
    let host = observed(|options| {
        options.database.connections_max = 1;
        options.database.acquire_timeout_ms = 200;
    })
    .await;
    create_held(&host).await;
    let pool = [PLUGIN, ("database", "default")];
    let mut holder = host.client().await;
    let holding = tokio::spawn(async move { holder.get("/hold/1").await });
    wait_for(&host, |metrics| {
        metrics.value("plinth_pool_connections_busy", &pool) == 1.0
    })
    .await;
    let metrics = host.metrics().await;
    assert_eq!(metrics.value("plinth_pool_connections", &pool), 1.0);
    assert_eq!(metrics.value("plinth_pool_connections_max", &pool), 1.0);
    assert_eq!(metrics.value("plinth_pool_connections_idle", &pool), 0.0);
    host.get("/hold/0").await.problem(503);
    assert_eq!(
        failures(&host.metrics().await, "busy"),
        0.0,
        "BEGIN is no statement"
    );
    assert_eq!(holding.await.expect("no panic").text(), "held");
    host.connections_at_rest().await;
    let metrics = host.metrics().await;
    assert_eq!(metrics.value("plinth_pool_connections_busy", &pool), 0.0);
    assert_eq!(
        metrics.value("plinth_pool_acquire_timeouts_total", &pool),
        1.0
    );
    assert_eq!(
        metrics.value("plinth_pool_connections_opened_total", &pool),
        1.0
    );
}

#[tokio::test]
async fn statements_that_share_a_connection_are_counted() {
    let host = observed(|_| {}).await;
    let pool = [PLUGIN, ("database", "default")];
    let shared = |metrics: &Metrics| metrics.value("plinth_pool_lane_statements_total", &pool);
    let mut client = host.client().await;
    let mut metrics = host.metrics().await;
    assert_eq!(shared(&metrics), 0.0);
    // Only a statement that is known as quick shares a connection.
    for _ in 0..200 {
        client.get("/statements/query/5").await;
        metrics = host.metrics().await;
        if shared(&metrics) >= 5.0 {
            break;
        }
    }
    let before = shared(&metrics);
    assert!(before >= 5.0, "{}", metrics.text());
    assert!(metrics.value("plinth_pool_lanes", &pool) >= 1.0);
    assert!(metrics.value("plinth_pool_prepared_statements", &pool) >= 1.0);
    client.get("/statements/transaction/5").await;
    assert_eq!(shared(&host.metrics().await), before);
}

/// Asks until it is so, for at most ten seconds.
async fn wait_for(host: &TestHost, is_so: impl Fn(&Metrics) -> bool) {
    for _ in 0..1_000 {
        if is_so(&host.metrics().await) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never was so:\n{}", host.metrics().await.text());
}

#[tokio::test]
async fn a_reload_sets_nothing_back() {
    let host = observed(|_| {}).await;
    host.get("/fine").await;
    let wasm = std::fs::read(component("hostile").await).expect("built");
    // A custom section more is another component that does the same.
    let wasm = [wasm, vec![0, 4, 1, b'x', 0, 0]].concat();
    host.reload(wasm).await;
    host.get("/fine").await;
    let metrics = host.metrics().await;
    assert_eq!(requests(&metrics, "fine", "2xx"), 2.0);
    assert_eq!(metrics.value("plinth_generation", &[]), 2.0);
}

#[tokio::test]
async fn the_text_is_what_prometheus_reads() {
    let host = observed(|_| {}).await;
    let answer = host.admin().await.get("/metrics").await;
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), media_type);
    let mut seen = std::collections::HashSet::new();
    for sample in Metrics::of(&answer).samples() {
        let (series, value) = sample.rsplit_once(' ').expect("a value");
        value.parse::<f64>().expect("a number");
        assert!(series.starts_with("plinth_"), "{series}");
        assert!(
            seen.insert(series.to_owned()),
            "{series} stands there twice"
        );
    }
}

#[tokio::test]
async fn every_metric_is_documented_and_none_else() {
    let host = observed(|_| {}).await;
    let metrics = host.metrics().await;
    let families = metrics.text().lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        Some(match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        })
    });
    let operating = include_str!("../../docs/operating.md");
    let rows = operating.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("| `plinth_")?.split_once('`')?;
        let is_metric = !name.contains(':');
        is_metric.then(|| format!("plinth_{name}"))
    });
    assert_eq!(families.collect::<Vec<_>>(), rows.collect::<Vec<_>>());
}

#[tokio::test]
async fn operators_paths_are_not_public_and_plugins_paths_not_the_operators() {
    let host = observed(|_| {}).await;
    let (mut public, mut admin) = (host.client().await, host.admin().await);
    for path in ["/metrics", "/health"] {
        public.get(path).await.problem(404);
        admin.call(Method::HEAD, path).await;
        let refused = admin.call(Method::POST, path).await;
        refused.problem(405);
        assert_eq!(refused.header("allow"), "GET, HEAD");
    }
    for path in ["/", "/fine", "/metrics/", "//metrics", "/metrics/../fine"] {
        admin.get(path).await.problem(404);
    }
    assert_eq!(requests(&host.metrics().await, "fine", "2xx"), 0.0);
}

#[tokio::test]
async fn a_database_that_answers_is_healthy() {
    let host = observed(|_| {}).await;
    let answer = host.admin().await.get("/health").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.json(),
        serde_json::json!({ "status": "ok", "databases": ["default"] })
    );
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_named_without_its_secrets() {
    let host = observed(|_| {}).await;
    host.host().close_databases();
    let problem = host.admin().await.get("/health").await.problem(503);
    assert_eq!(problem["type"], "urn:plinth:problem:databases-silent");
    assert_eq!(
        problem["detail"],
        "These databases do not answer: default (for plugin hostile)."
    );
    for secret in ["postgres", "socket", "host=", "/tmp", "user"] {
        assert!(!problem.to_string().contains(secret), "{problem}");
    }
}

#[tokio::test]
async fn a_database_whose_connections_are_all_in_use_is_not_ill() {
    let host = observed(|options| {
        options.database.connections_max = 1;
        options.database.acquire_timeout_ms = 100;
    })
    .await;
    create_held(&host).await;
    let mut holder = host.client().await;
    let holding = tokio::spawn(async move { holder.get("/hold/1").await });
    let pool = [PLUGIN, ("database", "default")];
    wait_for(&host, |metrics| {
        metrics.value("plinth_pool_connections_busy", &pool) == 1.0
    })
    .await;
    assert_eq!(host.admin().await.get("/health").await.status, 200);
    assert_eq!(holding.await.expect("no panic").text(), "held");
}

#[tokio::test]
async fn a_client_that_sends_no_headers_is_given_up() {
    let host = observed(|options| options.server.header_timeout_ms = 200).await;
    let address = host.admin_address();
    let mut silent = TcpStream::connect(address).await.expect("connects");
    let mut half = TcpStream::connect(address).await.expect("connects");
    half.write_all(b"GET /metrics HT").await.expect("writes");
    for stream in [&mut silent, &mut half] {
        let mut answer = Vec::new();
        tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer))
            .await
            .expect("closed in time")
            .expect("reads");
        assert!(!String::from_utf8_lossy(&answer).contains("plinth_"));
    }
    assert_eq!(host.admin().await.get("/metrics").await.status, 200);
}
