//! Connections come back as they went, whatever a plugin or a client does.

use std::time::Duration;

use http::{Method, Request};
use http_body_util::Full;
use plinth_tests::TestHost;

use crate::limits::create_held;

async fn hostile() -> TestHost {
    let host = TestHost::with("hostile", |options| options.database.connections_max = 1).await;
    create_held(&host).await;
    host
}

async fn held(host: &TestHost) -> i64 {
    host.postgres()
        .await
        .query_one("SELECT count(*) FROM held", &[])
        .await
        .expect("counts")
        .get(0)
}

async fn sql(host: &TestHost, sql: &str) -> String {
    host.client()
        .await
        .text(Method::POST, "/sql", "text/plain", sql)
        .await
        .text()
        .to_owned()
}

/// The one connection of the pool is usable, and is in no transaction.
async fn assert_clean(host: &TestHost) {
    host.connections_at_rest().await;
    assert_eq!(sql(host, "SELECT 1").await, "1 rows");
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name = 'plinth' AND state <> 'idle'";
    let open: i64 = host
        .postgres()
        .await
        .query_one(open, &[])
        .await
        .expect("counts")
        .get(0);
    assert_eq!(open, 0);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_behind() {
    let host = hostile().await;
    let mut client = host.client().await;
    let request = Request::get("/hold/30")
        .body(Full::default())
        .expect("a request");
    let gone = tokio::time::timeout(Duration::from_millis(500), client.try_send(request)).await;
    assert!(gone.is_err(), "it was still waiting");
    drop(client);
    // The statement was cancelled on the server: nobody waits the 30 seconds.
    tokio::time::timeout(Duration::from_secs(5), assert_clean(&host))
        .await
        .expect("cleaned soon");
    assert_eq!(held(&host).await, 0);
}

#[tokio::test]
async fn a_failed_transaction_undoes_all_of_it() {
    let host = hostile().await;
    host.get("/fail").await.problem(400);
    assert_eq!(held(&host).await, 0);
    assert_clean(&host).await;
}

#[tokio::test]
async fn a_failure_that_is_ignored_does_not_pass_for_a_commit() {
    let host = hostile().await;
    let answer = host.get("/ignore").await;
    assert!(answer.text().starts_with("Err("), "{answer:?}");
    assert_eq!(held(&host).await, 0);
    assert_clean(&host).await;
}

#[tokio::test]
async fn a_refused_statement_does_not_hide_a_failure() {
    let host = hostile().await;
    let answer = host.get("/ignore-refusal").await;
    assert!(answer.text().starts_with("Err("), "{answer:?}");
    assert_eq!(held(&host).await, 0);
    assert_clean(&host).await;
}

#[tokio::test]
async fn nested_failure_keeps_the_outer_transaction() {
    let host = hostile().await;
    assert_eq!(host.get("/savepoint").await.text(), "saved");
    let rows = host
        .postgres()
        .await
        .query("SELECT n FROM held ORDER BY n", &[])
        .await
        .expect("reads");
    assert_eq!(
        rows.iter().map(|row| row.get(0)).collect::<Vec<i32>>(),
        [1, 3]
    );
    assert_clean(&host).await;
}

#[tokio::test]
async fn a_panic_in_a_transaction_rolls_it_back() {
    let host = hostile().await;
    host.get("/abandon").await.problem(500);
    assert_clean(&host).await;
    assert_eq!(held(&host).await, 0);
}

#[tokio::test]
async fn a_transaction_left_open_is_rolled_back() {
    let host = hostile().await;
    assert_eq!(host.get("/leak").await.text(), "leaked");
    assert_clean(&host).await;
    assert_eq!(held(&host).await, 0);
}

#[tokio::test]
async fn transactions_are_not_begun_by_text() {
    let host = hostile().await;
    for text in [
        ";BEGIN",
        "--\rBEGIN",
        "/**/;;commit",
        "BEGIN",
        "/* x */ begin",
        "-- x\nSTART TRANSACTION",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "END",
    ] {
        let said = sql(&host, text).await;
        assert!(said.contains("transaction"), "{text}: {said}");
    }
    assert_clean(&host).await;
}

#[tokio::test]
async fn what_a_session_was_told_is_forgotten() {
    let host = hostile().await;
    assert_eq!(sql(&host, "SET application_name = 'mine'").await, "0 rows");
    assert_eq!(
        sql(&host, "CREATE TEMP TABLE scratch (n int)").await,
        "0 rows"
    );
    host.connections_at_rest().await;
    let mine = "SELECT 1 FROM pg_settings WHERE name = 'application_name' AND setting = 'mine'";
    assert_eq!(sql(&host, mine).await, "0 rows");
    let said = sql(&host, "SELECT * FROM scratch").await;
    assert!(said.contains("scratch"), "{said}");
}

#[tokio::test]
async fn what_a_query_told_the_session_is_forgotten_too() {
    let host = hostile().await;
    let told = sql(&host, "SELECT set_config('search_path', 'nowhere', false)").await;
    assert_eq!(told, "1 rows");
    host.connections_at_rest().await;
    assert_eq!(sql(&host, "SELECT * FROM held").await, "0 rows");
    assert_eq!(sql(&host, "SELECT pg_advisory_lock(7)").await, "1 rows");
    host.connections_at_rest().await;
    let locks = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7";
    assert_eq!(sql(&host, locks).await, "0 rows");
}

#[tokio::test]
async fn what_a_session_listens_to_is_forgotten() {
    let host = hostile().await;
    assert_eq!(sql(&host, "LISTEN gossip").await, "0 rows");
    host.connections_at_rest().await;
    let heard = "SELECT * FROM pg_listening_channels()";
    assert_eq!(sql(&host, heard).await, "0 rows");
}

#[tokio::test]
async fn a_session_that_was_not_touched_stays_as_it_is() {
    let host = hostile().await;
    let session = async || -> i32 {
        host.connections_at_rest().await;
        let sql = "SELECT pid FROM pg_stat_activity \
                   WHERE datname = current_database() AND application_name = 'plinth'";
        let row = host.postgres().await.query_one(sql, &[]).await;
        row.expect("one session").get(0)
    };
    assert_eq!(sql(&host, "SELECT 1").await, "1 rows");
    let before = session().await;
    // A transaction that is rolled back, and one that fails, leave nothing behind either.
    assert_eq!(sql(&host, "INSERT INTO held VALUES (1)").await, "0 rows");
    host.get("/fail").await.problem(400);
    assert_eq!(host.get("/leak").await.text(), "leaked");
    assert_eq!(session().await, before);
    assert_eq!(
        sql(&host, "SET application_name = 'plinth'").await,
        "0 rows"
    );
    host.connections_at_rest().await;
    assert_eq!(sql(&host, "SELECT 1").await, "1 rows");
    assert_ne!(session().await, before);
}

#[tokio::test]
async fn types_of_the_databases_own_survive_a_session_that_was_touched() {
    let host = hostile().await;
    let types = "CREATE TYPE mood AS ENUM ('glad'); CREATE TYPE mood2 AS ENUM ('sad')";
    host.postgres()
        .await
        .batch_execute(types)
        .await
        .expect("creates");
    assert_eq!(sql(&host, "SELECT NULL::mood").await, "1 rows");
    assert_eq!(
        sql(&host, "SET application_name = 'plinth'").await,
        "0 rows"
    );
    host.connections_at_rest().await;
    assert_eq!(sql(&host, "SELECT NULL::mood2").await, "1 rows");
}

#[tokio::test]
async fn a_huge_statement_is_refused() {
    let host = hostile().await;
    let long = format!("SELECT 1 -- {}", "x".repeat(1 << 20));
    assert_eq!(sql(&host, &long).await, "1 rows");
    let host = TestHost::with("hostile", |options| options.server.body_bytes_max = 8 << 20).await;
    let said = sql(&host, &long.repeat(3).replace('\n', " ")).await;
    assert!(said.contains("bytes"), "{said}");
}

#[tokio::test]
async fn a_request_can_not_take_every_connection() {
    let host = TestHost::with("hostile", |options| options.database.connections_max = 8).await;
    let said = host.get("/transactions/8").await;
    assert_eq!(said.text(), "4 begun");
    assert_eq!(host.get("/transactions/3").await.text(), "3 begun");
    host.connections_at_rest().await;
}

#[tokio::test]
async fn several_statements_in_one_are_refused() {
    let host = hostile().await;
    let said = sql(
        &host,
        "INSERT INTO held VALUES (1); INSERT INTO held VALUES (2)",
    )
    .await;
    assert!(!said.ends_with("rows"), "{said}");
    assert_eq!(held(&host).await, 0);
}

#[tokio::test]
async fn a_huge_result_is_refused_and_stopped() {
    let host = TestHost::with("hostile", |options| {
        options.database.connections_max = 1;
        options.database.result_bytes_max = 1 << 20;
    })
    .await;
    let said = sql(
        &host,
        "SELECT repeat('x', 1000), generate_series(1, 100000000)",
    )
    .await;
    assert!(
        said.contains("result_bytes_max") || said.contains("larger"),
        "{said}"
    );
    tokio::time::timeout(Duration::from_secs(5), assert_clean(&host))
        .await
        .expect("cleaned soon");
}

#[tokio::test]
async fn malformed_parameters_are_refused() {
    let host = hostile().await;
    let answer = host.get("/parameters").await;
    assert_eq!(answer.text().lines().count(), 6, "{answer:?}");
    assert_clean(&host).await;
}

#[tokio::test]
async fn a_full_pool_is_busy_not_broken() {
    let host = TestHost::with("hostile", |options| {
        options.database.connections_max = 1;
        options.database.acquire_timeout_ms = 200;
    })
    .await;
    create_held(&host).await;
    let mut holder = host.client().await;
    let holding = tokio::spawn(async move { holder.get("/hold/1").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answer = host.get("/hold/0").await;
    answer.problem(503);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(holding.await.expect("no panic").text(), "held");
    assert_eq!(host.get("/hold/0").await.text(), "held");
}

#[tokio::test]
async fn a_plan_gone_stale_is_made_anew() {
    let host = hostile().await;
    assert_eq!(sql(&host, "SELECT * FROM held").await, "0 rows");
    let postgres = host.postgres().await;
    postgres
        .batch_execute("ALTER TABLE held ADD COLUMN more text; INSERT INTO held VALUES (1)")
        .await
        .expect("alters");
    assert_eq!(sql(&host, "SELECT * FROM held").await, "1 rows");
}

#[tokio::test]
async fn the_pool_recovers_when_backends_are_killed() {
    let host = TestHost::start("hostile").await;
    assert_eq!(sql(&host, "SELECT 1").await, "1 rows");
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND application_name = 'plinth'";
    assert!(
        !host
            .postgres()
            .await
            .query(kill, &[])
            .await
            .expect("kills")
            .is_empty()
    );
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(sql(&host, "SELECT 1").await, "1 rows");
}

#[tokio::test]
async fn a_statement_has_a_time_limit() {
    let host = TestHost::with("hostile", |options| {
        options.database.connections_max = 1;
        options.database.statement_timeout_ms = 200;
    })
    .await;
    create_held(&host).await;
    host.get("/hold/10").await.problem(504);
    assert_clean(&host).await;
}
