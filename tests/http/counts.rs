//! The host counts the statements of each request.

use http::{HeaderName, Method, Request};
use http_body_util::Full;
use plinth_host::config::RouteLimits;
use plinth_tests::{Answer, TestHost, keep_log, log_lines};

use crate::limits::create_held;

async fn dev(change: impl FnOnce(&mut plinth_tests::Options)) -> TestHost {
    TestHost::with("hostile", |options| {
        options.dev = true;
        change(options);
    })
    .await
}

fn queries(answer: &Answer) -> &str {
    answer.header("x-plinth-queries")
}

#[tokio::test]
async fn every_way_of_sending_statements_counts() {
    let host = dev(|_| {}).await;
    let mut client = host.client().await;
    for way in [
        "query",
        "execute",
        "distinct",
        "transaction",
        "pipeline",
        "pending",
        "copy",
        "refused",
        "failing",
    ] {
        for count in [0, 1, 7] {
            let answer = client.get(&format!("/statements/{way}/{count}")).await;
            assert_eq!(answer.status, 200, "{way}: {answer:?}");
            assert_eq!(queries(&answer), count.to_string(), "{way}");
            host.assert_num_queries(count, &answer);
        }
    }
    // A savepoint is made and released; the transaction around them does not count.
    let answer = client.get("/statements/savepoints/3").await;
    host.assert_num_queries(6, &answer);
}

#[tokio::test]
async fn an_instance_that_is_reused_counts_from_zero() {
    let host = dev(|_| {}).await;
    let mut client = host.client().await;
    for count in [5, 3] {
        let answer = client.get(&format!("/statements/query/{count}")).await;
        host.assert_num_queries(count, &answer);
    }
    assert_eq!(queries(&client.get("/fine").await), "0");
}

#[tokio::test]
async fn only_dev_tells_clients_the_number() {
    let host = TestHost::start("hostile").await;
    let answer = host.get("/statements/query/3").await;
    assert_eq!(answer.text(), "3 sent");
    assert!(!answer.headers.contains_key("x-plinth-queries"));
    assert!(host.host().tally(answer.header("x-request-id")).is_none());
    let host = dev(|_| {}).await;
    let unrouted = host.get("/nowhere").await;
    unrouted.problem(404);
    assert!(!unrouted.headers.contains_key("x-plinth-queries"));
}

#[tokio::test]
async fn a_request_that_fails_is_counted_too() {
    let host = dev(|options| options.plugin.limits.statements_max = 2).await;
    let answer = host.get("/statements/query/3").await;
    answer.problem(500);
    host.assert_num_queries(2, &answer);
    assert_eq!(queries(&answer), "2");
}

#[tokio::test]
async fn the_statement_after_the_last_allowed_is_refused() {
    let host = TestHost::with("hostile", |options| {
        options.plugin.limits.statements_max = 3;
    })
    .await;
    let mut client = host.client().await;
    keep_log();
    for way in ["query", "execute", "transaction", "distinct"] {
        let allowed = client.get(&format!("/statements/{way}/3")).await;
        assert_eq!(allowed.text(), "3 sent", "{way}");
        let answer = client.get(&format!("/statements/{way}/4")).await;
        let problem = answer.problem(500);
        assert_eq!(problem["type"], "urn:plinth:problem:statements-limit");
        assert!(!problem.to_string().contains("statements_max"), "{problem}");
        let warned = log_lines(&answer, "plinth::database");
        assert_eq!(warned.len(), 1, "{warned:?}");
        assert_eq!(warned[0]["route"], "statements");
        assert_eq!(warned[0]["statements"], 3);
    }
    // A plugin that looks at the refusal can answer as it likes.
    let answer = client.get("/statements/refused/5").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text().lines().count(), 2, "{answer:?}");
    assert!(answer.text().contains("3 statements"), "{answer:?}");
    // Nothing of a pipeline that does not fit is sent.
    let answer = client.get("/statements/pipeline/4").await;
    assert!(answer.text().starts_with("at 4: "), "{answer:?}");
    let answer = client.get("/statements/pending/4").await;
    assert!(answer.text().contains("(statements_max"), "{answer:?}");
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_route_can_have_a_limit_of_its_own() {
    let host = dev(|options| {
        options.plugin.limits.statements_max = 1;
        let limits = RouteLimits {
            statements_max: Some(3),
        };
        options.plugin.routes.insert("statements".into(), limits);
    })
    .await;
    let mut client = host.client().await;
    let allowed = client.get("/statements/query/3").await;
    assert_eq!(allowed.text(), "3 sent");
    let refused = client.get("/statements/query/4").await.problem(500);
    let cause = refused["cause"].as_str().expect("a cause");
    assert!(cause.contains("statements_max = 3"), "{refused}");
    // Its neighbours have the plugin's.
    create_held(&host).await;
    let neighbour = client.get("/savepoint").await.problem(500);
    assert_eq!(neighbour["type"], "urn:plinth:problem:statements-limit");
}

#[tokio::test]
async fn the_access_log_tells_the_number() {
    let host = TestHost::start("hostile").await;
    keep_log();
    let answer = host.get("/statements/transaction/4").await;
    let lines = log_lines(&answer, "plinth::access");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["statements"], 4, "{lines:?}");
}

#[tokio::test]
async fn a_statement_sent_over_and_over_is_warned_of() {
    let host = dev(|_| {}).await;
    let mut client = host.client().await;
    keep_log();
    let answer = client.get("/statements/query/11").await;
    let warned = log_lines(&answer, "plinth::database");
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert_eq!(warned[0]["level"], "WARN");
    assert_eq!(warned[0]["route"], "statements");
    assert_eq!(warned[0]["count"], 11);
    assert_eq!(warned[0]["sql"], "SELECT 1");
    let message = warned[0]["message"].as_str().expect("text");
    for advice in ["select_related", "prefetch_related", "DataLoader"] {
        assert!(message.contains(advice), "{message}");
    }
    for quiet in ["query/10", "distinct/50", "savepoints/11"] {
        let answer = client.get(&format!("/statements/{quiet}")).await;
        let warned = log_lines(&answer, "plinth::database");
        assert!(warned.is_empty(), "{quiet}: {warned:?}");
    }
}

#[tokio::test]
async fn the_warning_is_for_dev_and_its_threshold_is_a_setting() {
    keep_log();
    let host = TestHost::start("hostile").await;
    let answer = host.get("/statements/query/50").await;
    assert!(log_lines(&answer, "plinth::database").is_empty());
    let host = dev(|options| options.plugin.limits.statement_repeats_max = 1).await;
    let answer = host.get("/statements/pipeline/2").await;
    assert_eq!(log_lines(&answer, "plinth::database").len(), 1);
}

#[tokio::test]
async fn a_warning_is_one_short_line_whatever_the_statement() {
    let host = dev(|options| options.plugin.limits.statement_repeats_max = 0).await;
    keep_log();
    let sql = format!("SELECT 1\nAS \"\u{1b}[2J\" -- {}", "x".repeat(5_000));
    let mut client = host.client().await;
    let answer = client.text(Method::POST, "/sql", "text/plain", &sql).await;
    assert_eq!(answer.text(), "1 rows");
    let warned = log_lines(&answer, "plinth::database");
    let shown = warned[0]["sql"].as_str().expect("text");
    assert!(
        shown.len() < 400 && !shown.contains(char::is_control),
        "{shown}"
    );
}

#[tokio::test]
async fn an_answer_that_took_other_than_expected_lists_its_statements() {
    let host = dev(|_| {}).await;
    let answer = host.get("/statements/distinct/2").await;
    let assertion = std::panic::AssertUnwindSafe(|| host.assert_num_queries(1, &answer));
    let panic = std::panic::catch_unwind(assertion).expect_err("two");
    let text = panic.downcast_ref::<String>().expect("a message");
    for part in ["2 statements, not 1", "1. SELECT 0", "2. SELECT 1"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn the_latest_request_of_an_identifier_is_the_one_counted() {
    let host = dev(|_| {}).await;
    let mut client = host.client().await;
    for count in [2, 5] {
        let request = Request::get(format!("/statements/query/{count}"))
            .header(HeaderName::from_static("x-request-id"), "same")
            .body(Full::default());
        let answer = client.send(request.expect("a request")).await;
        host.assert_num_queries(count, &answer);
    }
}

#[tokio::test]
async fn a_page_of_books_takes_a_fixed_number_of_statements() {
    let host = TestHost::with("bookstore", |options| options.dev = true).await;
    host.seed().await;
    let mut client = host.client().await;
    let few = client.get("/api/v1/books?limit=1").await;
    let many = client.get("/api/v1/books?limit=50").await;
    assert_eq!((few.status.as_u16(), many.status.as_u16()), (200, 200));
    assert!(many.body.len() > 10 * few.body.len(), "{many:?}");
    host.assert_num_queries(1, &few);
    host.assert_num_queries(1, &many);
}
