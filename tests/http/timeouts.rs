//! What is told as a timeout had no effect.

use std::time::{Duration, Instant};

use http::Method;
use plinth_tests::TestHost;

/// A table whose rows take a time to commit, which nobody can cancel.
const TABLES: &str = "CREATE TABLE held (n int NOT NULL);
    CREATE TABLE late (seconds float8 NOT NULL);
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        until timestamptz := clock_timestamp() + NEW.seconds * interval '1 s';
    BEGIN
        WHILE clock_timestamp() < until LOOP
            BEGIN
                PERFORM pg_sleep(extract(epoch FROM until - clock_timestamp()));
            EXCEPTION WHEN query_canceled THEN NULL;
            END;
        END LOOP;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()";

const WAYS: [&str; 5] = ["query", "execute", "start", "pipeline", "transaction"];

async fn start() -> TestHost {
    let host = TestHost::with("transactions", |options| {
        options.database.connections_max = 6;
    })
    .await;
    let created = host.postgres().await.batch_execute(TABLES).await;
    created.expect("creates");
    host
}

async fn in_time(host: &TestHost, way: &str, ms: u32, sql: &str) -> String {
    let (mut client, path) = (host.client().await, format!("/in-time/{way}/{ms}"));
    let answer = client.text(Method::POST, &path, "text/plain", sql).await;
    answer.text().to_owned()
}

async fn count(host: &TestHost, table: &str) -> i64 {
    let count = format!("SELECT count(*) FROM {table}");
    let row = host.postgres().await.query_one(&count, &[]).await;
    row.expect("counts").get(0)
}

#[tokio::test]
async fn a_commit_that_is_slower_than_the_timeout_is_none() {
    let host = start().await;
    for way in WAYS {
        let before = count(&host, "late").await;
        let told = in_time(&host, way, 100, "INSERT INTO late VALUES (0.5)").await;
        // Whatever is told is true when the commit has ended.
        tokio::time::sleep(Duration::from_millis(700)).await;
        let inserted = count(&host, "late").await - before;
        assert_eq!((told.as_str(), inserted), ("done", 1), "{way}");
    }
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_commit_without_end_is_given_up_as_unknown() {
    let host = start().await;
    for way in ["query", "execute", "start"] {
        let begun = Instant::now();
        let told = in_time(&host, way, 100, "INSERT INTO late VALUES (4)").await;
        assert!(told.starts_with("unknown"), "{way}: {told}");
        assert!(told.contains("not known whether"), "{way}: {told}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{way}");
    }
}

#[tokio::test]
async fn a_statement_that_is_too_slow_is_a_timeout_and_had_no_effect() {
    let host = start().await;
    let slow = "INSERT INTO held SELECT 1 FROM pg_sleep(5)";
    for way in WAYS {
        let begun = Instant::now();
        assert_eq!(in_time(&host, way, 100, slow).await, "timeout", "{way}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{way}");
    }
    host.connections_at_rest().await;
    assert_eq!(count(&host, "held").await, 0);
}

#[tokio::test]
async fn one_that_waits_to_be_planned_is_a_timeout_too() {
    let host = start().await;
    let mut postgres = host.postgres().await;
    let migration = postgres.transaction().await.expect("begins");
    let lock = "LOCK TABLE held IN ACCESS EXCLUSIVE MODE";
    migration.batch_execute(lock).await.expect("locks");
    for way in ["query", "execute", "start"] {
        let told = in_time(&host, way, 100, "INSERT INTO held VALUES (1)").await;
        assert_eq!(told, "timeout", "{way}");
    }
    migration.commit().await.expect("commits");
    host.connections_at_rest().await;
    assert_eq!(count(&host, "held").await, 0);
}

#[tokio::test]
async fn a_timeout_changes_nothing_else() {
    let host = start().await;
    for way in WAYS {
        let insert = "INSERT INTO held VALUES (1)";
        assert_eq!(in_time(&host, way, 5_000, insert).await, "done", "{way}");
        // Longer than the operator allows is as long as that.
        assert_eq!(in_time(&host, way, 60_000, insert).await, "done", "{way}");
        let refused = in_time(&host, way, 5_000, "INSERT INTO held VALUES (NULL)").await;
        assert!(refused.starts_with("refused"), "{way}: {refused}");
    }
    assert_eq!(count(&host, "held").await, 10);
    for way in ["query", "execute", "start"] {
        for (sql, said) in [
            ("SAVEPOINT a", "savepoint"),
            ("COMMIT", "transaction functions"),
            ("COPY held TO STDOUT", "copy functions"),
        ] {
            let refused = in_time(&host, way, 5_000, sql).await;
            assert!(refused.contains(said), "{way} {sql}: {refused}");
        }
    }
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_timeout_ends_with_its_statement() {
    let host = TestHost::with("transactions", |options| {
        options.database.connections_max = 1;
    })
    .await;
    for way in WAYS {
        assert_eq!(in_time(&host, way, 250, "SELECT 1").await, "done", "{way}");
        let left = "SELECT 1 / (current_setting('statement_timeout') = '10s')::int";
        let (mut client, path) = (host.client().await, "/together");
        let answer = client.text(Method::POST, path, "text/plain", left).await;
        assert_eq!(answer.text(), "1", "{way}");
    }
}

#[tokio::test]
async fn a_result_that_is_too_large_is_stopped_before_its_timeout() {
    let host = start().await;
    // In the list of a query the series is made as it is read; in FROM all of it is first.
    let huge = "SELECT repeat('x', 1000), generate_series(1, 100000000)";
    for way in ["query", "start"] {
        let begun = Instant::now();
        let told = in_time(&host, way, 9_000, huge).await;
        assert!(told.contains("result_bytes_max"), "{way}: {told}");
        assert!(begun.elapsed() < Duration::from_secs(6), "{way}");
    }
    host.connections_at_rest().await;
}
