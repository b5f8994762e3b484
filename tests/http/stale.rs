//! After a migration every statement works again at once, wherever it is sent
//! from; where it can't, the plugin is told to run its transaction again.

use http::Method;
use plinth_tests::{Answer, TestHost};
use serde_json::json;

const TABLES: &str = "CREATE TABLE held (n int NOT NULL);
    CREATE TABLE a (n int); INSERT INTO a VALUES (1);
    CREATE TABLE b (n int); INSERT INTO b VALUES (1), (2)";

/// A host with one connection, which has all that is prepared.
async fn single() -> TestHost {
    let host = TestHost::with("transactions", |options| {
        options.database.connections_max = 1;
    })
    .await;
    migrate(&host, TABLES).await;
    host
}

async fn migrate(host: &TestHost, sql: &str) {
    let postgres = host.postgres().await;
    postgres.batch_execute(sql).await.expect("migrates");
}

/// Changes what `SELECT *` returns of both tables.
async fn migrate_both(host: &TestHost) {
    migrate(
        host,
        "ALTER TABLE a ADD COLUMN more int; ALTER TABLE b ADD COLUMN more int",
    )
    .await;
}

async fn post(host: &TestHost, path: &str, body: &str) -> Answer {
    let mut client = host.client().await;
    client.text(Method::POST, path, "text/plain", body).await
}

async fn held(host: &TestHost) -> i64 {
    let count = "SELECT count(*) FROM held";
    let row = host.postgres().await.query_one(count, &[]).await;
    row.expect("counts").get(0)
}

/// What comes before a statement in its transaction, so that it is not the
/// first, and how that is answered.
const BEFORE: &[(&str, &str)] = &[
    ("INSERT INTO held VALUES (1)", "0"),
    ("SAVEPOINT s", "0"),
    ("COPY (SELECT 7) TO STDOUT", "2"),
    ("SELECT n FROM a|SELECT n FROM b", "1+2"),
];

/// Statements that go stale, each with its answer.
const STALE: &[(&str, &str)] = &[
    ("SELECT * FROM a", "1"),
    ("SELECT * FROM b FOR UPDATE", "2"),
    ("INSERT INTO a (n) SELECT 7 WHERE false RETURNING *", "0"),
    ("SELECT * FROM a|SELECT * FROM b", "1+2"),
    ("SELECT n FROM a|SELECT * FROM b|SELECT * FROM a", "1+2+1"),
    ("INSERT INTO held VALUES (1)|SELECT * FROM b", "0+2"),
];

#[tokio::test]
async fn a_stale_statement_that_is_its_transactions_first_is_run_in_a_new_one() {
    let host = single().await;
    // The options of the transaction are those of the new one too.
    let isolated = "SELECT 1 WHERE current_setting('transaction_isolation') = 'serializable'";
    for (stale, counts) in STALE {
        let script = format!("{stale}\n{isolated}");
        let expected = format!("1 runs: {counts} 1");
        assert_eq!(post(&host, "/script/0", &script).await.text(), expected);
        migrate_both(&host).await;
        let before = held(&host).await;
        assert_eq!(
            post(&host, "/script/0", &script).await.text(),
            expected,
            "{stale}"
        );
        assert_eq!(
            held(&host).await - before,
            i64::from(stale.contains("held"))
        );
        migrate(&host, "ALTER TABLE a DROP more; ALTER TABLE b DROP more").await;
    }
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_stale_statement_behind_others_is_a_503_and_its_transaction_can_be_run_again() {
    let host = single().await;
    for (before, answer) in BEFORE {
        for (stale, counts) in STALE {
            let script = format!("{before}\n{stale}");
            let expected = format!("runs: {answer} {counts}");
            let first = post(&host, "/script/0", &script).await;
            assert_eq!(first.text(), format!("1 {expected}"));
            migrate_both(&host).await;
            let held_before = held(&host).await;
            let refused = post(&host, "/script/0", &script).await;
            refused.problem(503);
            assert_eq!(refused.header("retry-after"), "1");
            assert_eq!(held(&host).await, held_before, "{script}");
            let again = post(&host, "/script/0", &script).await;
            assert_eq!(again.text(), format!("1 {expected}"), "{script}");
            migrate(&host, "ALTER TABLE a DROP more; ALTER TABLE b DROP more").await;
            let with_retries = post(&host, "/script/1", &script).await;
            assert_eq!(with_retries.text(), format!("2 {expected}"), "{script}");
        }
    }
    host.connections_at_rest().await;
}

#[tokio::test]
async fn the_error_of_a_stale_statement_says_what_to_do() {
    let host = single().await;
    let script = "INSERT INTO held VALUES (1)\nSELECT * FROM a";
    post(&host, "/script/0", script).await;
    migrate_both(&host).await;
    let told = post(&host, "/script-error", script).await;
    for part in ["a migration changed", "run the transaction again", "40001"] {
        assert!(told.text().contains(part), "{part}: {told:?}");
    }
}

#[tokio::test]
async fn a_pipeline_whose_statements_all_went_stale_is_run_again_as_a_whole() {
    let host = single().await;
    for (stale, counts) in STALE {
        assert_eq!(post(&host, "/together", stale).await.text(), *counts);
        migrate_both(&host).await;
        let before = held(&host).await;
        assert_eq!(
            post(&host, "/together", stale).await.text(),
            *counts,
            "{stale}"
        );
        assert_eq!(
            held(&host).await - before,
            i64::from(stale.contains("held"))
        );
        migrate(&host, "ALTER TABLE a DROP more; ALTER TABLE b DROP more").await;
    }
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_statement_with_a_timeout_does_not_notice_a_migration() {
    let host = single().await;
    for sql in [
        "SELECT * FROM b",
        "INSERT INTO a (n) SELECT 7 WHERE false RETURNING *",
    ] {
        let path = "/in-time/query/5000";
        assert_eq!(post(&host, path, sql).await.text(), "done");
        migrate_both(&host).await;
        assert_eq!(post(&host, path, sql).await.text(), "done", "{sql}");
        migrate(&host, "ALTER TABLE a DROP more; ALTER TABLE b DROP more").await;
    }
}

#[tokio::test]
async fn statements_deallocated_behind_the_hosts_back_are_prepared_anew() {
    let host = single().await;
    let function = "CREATE FUNCTION release() RETURNS int LANGUAGE plpgsql AS $$
        BEGIN EXECUTE 'DEALLOCATE ALL'; RETURN 1; END $$";
    migrate(&host, function).await;
    for (path, body, answer) in [
        ("/together", "SELECT n FROM a", "1"),
        ("/together", "SELECT n FROM a|SELECT n FROM b", "1+2"),
        ("/script/0", "SELECT n FROM a", "1 runs: 1"),
        (
            "/script/0",
            "SELECT n FROM a|SELECT n FROM b",
            "1 runs: 1+2",
        ),
    ] {
        assert_eq!(post(&host, path, body).await.text(), answer);
        // Postgres can't answer it, having forgotten it as well.
        post(&host, "/together", "SELECT release()").await;
        assert_eq!(
            post(&host, path, body).await.text(),
            answer,
            "{path} {body}"
        );
    }
}

#[tokio::test]
async fn an_answer_by_query_does_not_notice_a_migration() {
    let host = TestHost::with("replies", |options| options.database.connections_max = 1).await;
    migrate(&host, TABLES).await;
    for is_streamed in [false, true] {
        for sql in ["SELECT * FROM b", "SELECT * FROM a"] {
            let wanted = json!({ "sql": sql, "is_streamed": is_streamed });
            let mut client = host.client().await;
            let before = client.json(Method::POST, "/raw/x", &wanted).await;
            migrate_both(&host).await;
            let after = client.json(Method::POST, "/raw/x", &wanted).await;
            assert_eq!(after.text(), before.text(), "{sql} {is_streamed}");
            migrate(&host, "ALTER TABLE a DROP more; ALTER TABLE b DROP more").await;
        }
    }
}
