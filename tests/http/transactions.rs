//! Whatever ends a transaction, what it did is there as a whole or not at all;
//! and what runs together.

use std::time::Duration;

use http::{Method, Request};
use http_body_util::Full;
use plinth_host::config::PluginLimits;
use plinth_tests::{Answer, Options, TestHost};
use tokio_postgres::Client;

const TABLES: &str = "CREATE TABLE held (n int NOT NULL);
    CREATE TABLE gate (n int);
    CREATE TABLE accounts (id int PRIMARY KEY, cents int NOT NULL);
    INSERT INTO accounts VALUES (1, 0)";

async fn start(change: impl FnOnce(&mut Options)) -> TestHost {
    let host = TestHost::with("transactions", change).await;
    let created = host.postgres().await.batch_execute(TABLES).await;
    created.expect("creates");
    host
}

/// A host with one connection, so that nothing left on it can hide.
async fn single() -> TestHost {
    limited(|_| {}).await
}

async fn limited(change: impl FnOnce(&mut PluginLimits)) -> TestHost {
    start(|options| {
        options.database.connections_max = 1;
        options.plugin.limits.cpu_ms_max = 10_000;
        options.plugin.limits.wall_ms_max = 20_000;
        change(&mut options.plugin.limits);
    })
    .await
}

async fn held(host: &TestHost) -> Vec<i32> {
    let rows = host
        .postgres()
        .await
        .query("SELECT n FROM held ORDER BY n", &[])
        .await
        .expect("reads");
    rows.iter().map(|row| row.get(0)).collect()
}

/// How many of the host's connections are in a state.
async fn backends(postgres: &Client, condition: &str) -> i64 {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND pid <> pg_backend_pid() AND {condition}"
    );
    postgres.query_one(&sql, &[]).await.expect("counts").get(0)
}

/// Waits until Postgres says so.
async fn until(postgres: &Client, condition: &str, count: i64) {
    for _ in 0..500 {
        if backends(postgres, condition).await == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{count} connections with {condition} never were");
}

const WAITS: &str = "wait_event_type = 'Lock'";

/// Nothing is left of the transaction, and the one connection serves the next.
async fn assert_undone(host: &TestHost) {
    host.connections_at_rest().await;
    assert!(held(host).await.is_empty());
    let postgres = host.postgres().await;
    until(
        &postgres,
        "state <> 'idle' AND backend_type = 'client backend'",
        0,
    )
    .await;
    let next = host.get("/end/commit/2").await;
    assert_eq!(next.text(), "committed");
    assert_eq!(held(host).await, [1, 2]);
}

/// Ends a transaction, and one with a savepoint open.
async fn ends(how: &str, status: u16, limit: fn(&mut PluginLimits)) {
    for depth in [1, 2] {
        let host = limited(limit).await;
        let answer = host.get(&format!("/end/{how}/{depth}")).await;
        assert_eq!(answer.status, status, "{how} at depth {depth}: {answer:?}");
        assert_undone(&host).await;
    }
}

#[tokio::test]
async fn an_error_rolls_back() {
    ends("error", 500, |_| {}).await;
}

#[tokio::test]
async fn a_statement_that_fails_rolls_back() {
    ends("refused", 400, |_| {}).await;
}

#[tokio::test]
async fn a_panic_rolls_back() {
    ends("panic", 500, |_| {}).await;
}

#[tokio::test]
async fn the_cpu_limit_rolls_back() {
    ends("loop", 508, |limits| limits.cpu_ms_max = 200).await;
}

#[tokio::test]
async fn the_memory_limit_rolls_back() {
    let limit = |limits: &mut PluginLimits| {
        limits.memory_bytes_max = 16 << 20;
        limits.memory_reuse_bytes_max = 8 << 20;
    };
    ends("memory", 507, limit).await;
}

#[tokio::test]
async fn the_wall_time_limit_rolls_back() {
    ends("wait", 504, |limits| limits.wall_ms_max = 2_000).await;
}

#[tokio::test]
async fn a_client_that_goes_away_rolls_back() {
    for depth in [1, 2] {
        let host = start(|options| options.database.connections_max = 1).await;
        let postgres = host.postgres().await;
        let mut client = host.client().await;
        let request = Request::get(format!("/end/wait/{depth}")).body(Full::default());
        let request = request.expect("a request");
        let waiting = tokio::spawn(async move { client.try_send(request).await });
        until(&postgres, "query LIKE '%pg_sleep%' AND state = 'active'", 1).await;
        waiting.abort();
        // The statement was cancelled on the server: nobody waits the 30 seconds.
        tokio::time::timeout(Duration::from_secs(10), assert_undone(&host))
            .await
            .expect("undone soon");
    }
}

#[tokio::test]
async fn a_handle_that_is_dropped_rolls_back() {
    for depth in [1, 2] {
        let host = single().await;
        let answer = host.get(&format!("/handle/drop/{depth}")).await;
        assert_eq!(answer.text(), "let go");
        assert_undone(&host).await;
    }
}

#[tokio::test]
async fn a_handle_that_is_forgotten_rolls_back() {
    for depth in [1, 2] {
        let host = single().await;
        let answer = host.get(&format!("/handle/forget/{depth}")).await;
        assert_eq!(answer.text(), "let go");
        assert_undone(&host).await;
    }
}

#[tokio::test]
async fn options_reach_postgres_and_end_with_the_transaction() {
    let host = single().await;
    let answer = host.get("/options").await;
    assert_eq!(
        answer.text(),
        "serializable on on 250ms\nrepeatable read off off 10s\nread committed off off 10s"
    );
}

#[tokio::test]
async fn a_read_only_transaction_changes_nothing() {
    let host = single().await;
    assert_eq!(host.get("/read-only").await.text(), "25006");
    assert_undone(&host).await;
}

#[tokio::test]
async fn a_timeout_behind_a_savepoint_leaves_the_transaction_good() {
    let host = single().await;
    assert_eq!(host.get("/timeout").await.text(), "true 57014");
    assert_eq!(held(&host).await, [1, 2]);
}

#[tokio::test]
async fn what_is_slower_than_its_timeout_is_cancelled() {
    let host = single().await;
    let answer = host.get("/slow").await;
    assert_eq!(answer.text(), ["timeout"; 5].join(" "));
    assert_undone(&host).await;
}

/// Two requests that have both read the account before either of them changes
/// it.
async fn increments(host: &TestHost, retries: u32) -> [Answer; 2] {
    let mut postgres = host.postgres().await;
    let closed = postgres.transaction().await.expect("begins");
    let lock = "LOCK TABLE gate IN ACCESS EXCLUSIVE MODE";
    closed.batch_execute(lock).await.expect("locks");
    let path = format!("/accounts/1/increment/{retries}");
    let mut requests = Vec::new();
    for _ in 0..2 {
        let (mut client, path) = (host.client().await, path.clone());
        requests.push(tokio::spawn(async move {
            client.call(Method::POST, &path).await
        }));
    }
    until(&host.postgres().await, WAITS, 2).await;
    closed.commit().await.expect("opens");
    let mut answers = Vec::new();
    for request in requests {
        answers.push(request.await.expect("no panic"));
    }
    answers.sort_by_key(|answer| (answer.status.as_u16(), answer.body.clone()));
    answers.try_into().expect("two")
}

async fn cents(host: &TestHost) -> i32 {
    let sql = "SELECT cents FROM accounts WHERE id = 1";
    let row = host.postgres().await.query_one(sql, &[]).await;
    row.expect("reads").get(0)
}

#[tokio::test]
async fn of_two_that_conflict_one_is_told_to_try_again() {
    let host = start(|_| {}).await;
    let [done, conflict] = increments(&host, 0).await;
    assert_eq!(done.text(), "1 runs");
    conflict.problem(503);
    assert_eq!(conflict.header("retry-after"), "1");
    assert_eq!(cents(&host).await, 1);
    assert_eq!(held(&host).await, [1]);
}

#[tokio::test]
async fn with_retries_both_that_conflict_succeed() {
    let host = start(|_| {}).await;
    let [first, second] = increments(&host, 3).await;
    assert_eq!((first.text(), second.text()), ("1 runs", "2 runs"));
    assert_eq!(cents(&host).await, 2);
    // Each has run its callback once.
    assert_eq!(held(&host).await, [1, 1]);
}

#[tokio::test]
async fn callbacks_run_after_the_commit_and_their_errors_are_not_its() {
    let host = single().await;
    assert_eq!(host.get("/callbacks/commit").await.text(), "committed");
    assert_eq!(held(&host).await, [1, 2, 3]);
}

#[tokio::test]
async fn callbacks_of_what_is_rolled_back_never_run() {
    let host = single().await;
    host.get("/callbacks/error").await.problem(400);
    assert_undone(&host).await;
}

#[tokio::test]
async fn a_pipeline_is_done_as_a_whole() {
    let host = single().await;
    let answer = host.get("/pipeline/two/false").await;
    assert_eq!(answer.text(), "1 affected, 2 counted");
    assert_eq!(held(&host).await, [1, 2]);
}

#[tokio::test]
async fn a_pipeline_that_fails_does_nothing_and_names_the_operation() {
    let host = single().await;
    let answer = host.get("/pipeline/null/false").await;
    assert_eq!(answer.text(), "operation Some(1), not null: true");
    assert_undone(&host).await;
}

#[tokio::test]
async fn a_pipeline_in_a_transaction_is_part_of_it() {
    let host = single().await;
    let answer = host.get("/pipeline/two/true").await;
    assert_eq!(answer.text(), "1 affected, 3 counted");
    assert_eq!(held(&host).await, [0, 1, 2]);
}

#[tokio::test]
async fn a_pipeline_that_fails_behind_a_savepoint_leaves_the_transaction_good() {
    let host = single().await;
    let answer = host.get("/pipeline/null/true").await;
    assert_eq!(answer.text(), "operation Some(1), not null: true");
    assert_eq!(held(&host).await, [0]);
}

#[tokio::test]
async fn a_savepoint_does_not_make_half_a_pipeline() {
    let host = single().await;
    for inside in [false, true] {
        let answer = host
            .get(&format!("/pipeline-with-savepoint/{inside}"))
            .await;
        assert!(answer.text().starts_with("operation Some(1)"), "{answer:?}");
        assert!(answer.text().contains("savepoint"), "{answer:?}");
    }
    assert_undone(&host).await;
}

#[tokio::test]
async fn many_rows_are_all_inserted_or_none() {
    let host = single().await;
    let answer = host.get("/execute-many/600/400").await;
    assert_eq!(answer.text(), "row Some(400)");
    assert!(held(&host).await.is_empty());
    let answer = host.get("/execute-many/600/-1").await;
    assert_eq!(answer.text(), "600 affected");
    assert_eq!(held(&host).await, (0..600).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_plugin_goes_on_while_a_query_is_under_way() {
    let host = start(|_| {}).await;
    let mut postgres = host.postgres().await;
    let closed = postgres.transaction().await.expect("begins");
    let lock = "LOCK TABLE gate IN ACCESS EXCLUSIVE MODE";
    closed.batch_execute(lock).await.expect("locks");
    let mut client = host.client().await;
    let request = tokio::spawn(async move { client.get("/overlap").await });
    let watch = host.postgres().await;
    until(&watch, WAITS, 1).await;
    // The gate is closed, and what comes after the query is done all the same.
    for _ in 0..500 {
        if !held(&host).await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(held(&host).await, [1]);
    assert!(!request.is_finished());
    closed.commit().await.expect("opens");
    assert_eq!(request.await.expect("no panic").text(), "0 in the gate");
}

#[tokio::test]
async fn a_query_that_is_given_up_is_cancelled_on_the_server() {
    let host = start(|_| {}).await;
    assert_eq!(host.get("/give-up").await.text(), "given up");
    let postgres = host.postgres().await;
    until(&postgres, "query LIKE '%pg_sleep%' AND state = 'active'", 0).await;
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_request_has_so_many_queries_under_way() {
    let host = start(|_| {}).await;
    assert_eq!(host.get("/start/8").await.text(), "8 answered");
    assert_eq!(host.get("/start/32").await.text(), "32 answered");
    assert_eq!(host.get("/start/40").await.text(), "32 answered");
    assert_eq!(host.get("/start/32").await.text(), "32 answered");
}

#[tokio::test]
async fn a_plugin_sees_how_its_pool_does() {
    let host = single().await;
    assert_eq!(host.get("/end/commit/1").await.text(), "committed");
    let answer = host.get("/statistics").await;
    assert_eq!(answer.text(), "1 of 1, denied: true");
}
