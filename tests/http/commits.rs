//! What fails when a statement's own transaction commits is told as what it is.

use http::Method;
use plinth_tests::{Answer, TestHost};
use serde_json::json;

/// A table whose rows are refused at the commit, with the SQLSTATE that they
/// name, and one whose parents are looked for only then.
const TABLES: &str = "CREATE TABLE parent (n int PRIMARY KEY); INSERT INTO parent VALUES (1);
    CREATE TABLE child (n int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE wish (n int); INSERT INTO wish VALUES (1);
    CREATE TABLE refused (state text);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.state <> '' THEN RAISE EXCEPTION 'at the commit' USING ERRCODE = NEW.state; END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER late AFTER INSERT ON refused
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()";

async fn start(plugin: &str) -> TestHost {
    let host = TestHost::with(plugin, |options| options.database.connections_max = 4).await;
    let created = host.postgres().await.batch_execute(TABLES).await;
    created.expect("creates");
    host
}

async fn post(host: &TestHost, path: &str, body: &str) -> Answer {
    let mut client = host.client().await;
    client.text(Method::POST, path, "text/plain", body).await
}

async fn wish(host: &TestHost, n: i32) {
    let postgres = host.postgres().await;
    let wished = postgres.execute("UPDATE wish SET n = $1", &[&n]).await;
    wished.expect("updates");
}

async fn is_empty(host: &TestHost, table: &str) -> bool {
    let rows = format!("SELECT FROM {table}");
    let rows = host.postgres().await.query(&rows, &[]).await;
    rows.expect("reads").is_empty()
}

#[tokio::test]
async fn a_deferred_key_that_is_missing_is_told_with_its_sqlstate() {
    let host = start("hostile").await;
    let told = post(&host, "/refusal", "INSERT INTO child VALUES (7)").await;
    assert_eq!(told.text(), "23503");
    let returning = "INSERT INTO child VALUES (7) RETURNING n";
    assert_eq!(post(&host, "/refusal", returning).await.text(), "23503");
    assert!(is_empty(&host, "child").await);
    host.connections_at_rest().await;
}

#[tokio::test]
async fn it_is_told_on_a_shared_connection_too() {
    let host = start("hostile").await;
    let insert = "INSERT INTO child SELECT n FROM wish";
    for _ in 0..200 {
        assert_eq!(post(&host, "/refusal", insert).await.text(), "0 rows");
        if host.statistics().lanes > 0 {
            break;
        }
    }
    assert!(host.statistics().lanes > 0, "{:?}", host.statistics());
    wish(&host, 7).await;
    for _ in 0..5 {
        assert_eq!(post(&host, "/refusal", insert).await.text(), "23503");
    }
    wish(&host, 1).await;
    assert_eq!(post(&host, "/refusal", insert).await.text(), "0 rows");
    host.connections_at_rest().await;
}

#[tokio::test]
async fn every_sqlstate_that_a_commit_fails_with_is_told() {
    let host = start("hostile").await;
    for state in [
        "23503", "23505", "23514", "40001", "40P01", "57014", "P0001",
    ] {
        let insert = format!("INSERT INTO refused VALUES ('{state}')");
        assert_eq!(post(&host, "/refusal", &insert).await.text(), state);
    }
    assert!(is_empty(&host, "refused").await);
    host.connections_at_rest().await;
}

#[tokio::test]
async fn the_status_is_that_of_its_cause_however_it_is_sent() {
    let host = start("transactions").await;
    for (state, status) in [
        ("23505", 409),
        ("40001", 503),
        ("57014", 504),
        ("P0001", 500),
    ] {
        let insert = format!("INSERT INTO refused VALUES ('{state}')");
        let pipeline = format!("{insert}|SELECT 1");
        for (path, body) in [
            ("/together", &insert),
            ("/together", &pipeline),
            ("/script/0", &insert),
            ("/script/0", &pipeline),
        ] {
            let answer = post(&host, path, body).await;
            assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
        }
    }
    assert!(is_empty(&host, "refused").await);
    host.connections_at_rest().await;
}

#[tokio::test]
async fn an_answer_by_query_has_its_status_too() {
    let host = start("replies").await;
    let mut client = host.client().await;
    for (state, status) in [("23505", 409), ("40001", 503), ("57014", 504)] {
        let sql = format!("INSERT INTO refused VALUES ('{state}') RETURNING state");
        let wanted = json!({ "sql": sql });
        client
            .json(Method::POST, "/raw/x", &wanted)
            .await
            .problem(status);
    }
    assert!(is_empty(&host, "refused").await);
}
