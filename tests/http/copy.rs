//! COPY through a guest: flat memory, and connections that come back clean.

use std::time::Duration;

use http::{Method, Request};
use http_body_util::Full;
use plinth_tests::{Options, TestHost};
use serde_json::json;

use crate::own_process::{self, resident_bytes};

const PATIENCE: Duration = Duration::from_secs(10);

/// One connection, so that whatever a copy leaves is found by the next request.
fn one_connection(options: &mut Options) {
    options.database.connections_max = 1;
    options.database.statement_timeout_ms = 100_000;
    options.plugin.limits.memory_bytes_max = 16 << 20;
    options.plugin.limits.memory_reuse_bytes_max = 8 << 20;
    options.plugin.limits.cpu_ms_max = 100_000;
    options.plugin.limits.wall_ms_max = 200_000;
}

async fn copies() -> TestHost {
    TestHost::with("copies", one_connection).await
}

async fn post(host: &TestHost, path: &str) -> String {
    let mut client = host.client().await;
    client.call(Method::POST, path).await.text().to_owned()
}

async fn text(host: &TestHost, path: &str, body: &str) -> String {
    let mut client = host.client().await;
    let answer = client.text(Method::POST, path, "text/plain", body).await;
    answer.text().to_owned()
}

/// What Postgres knows of the table, past the host.
async fn points(host: &TestHost) -> i64 {
    let sql = "SELECT count(*) FROM points";
    let row = host.postgres().await.query_one(sql, &[]).await;
    row.expect("counts").get(0)
}

/// Soon nothing runs for the host, and its one connection is usable.
async fn assert_clean(host: &TestHost) {
    let clean = async {
        host.connections_at_rest().await;
        let postgres = host.postgres().await;
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND application_name = 'plinth' AND state <> 'idle'";
        while postgres
            .query_one(sql, &[])
            .await
            .expect("counts")
            .get::<_, i64>(0)
            != 0
        {
            tokio::task::yield_now().await;
        }
        assert_eq!(text(host, "/sql", "SELECT 1").await, "1 rows");
    };
    tokio::time::timeout(PATIENCE, clean)
        .await
        .expect("clean soon");
}

/// In a process of its own, because the other tests of this one take memory too.
#[tokio::test]
async fn a_million_rows_go_in_and_out_in_flat_memory() {
    own_process::run("copy::memory_stays_flat").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the test above runs it, in a process of its own"]
async fn memory_stays_flat() {
    let host = copies().await;
    post(&host, "/points/1000").await;
    text(&host, "/sql", "DELETE FROM points").await;
    let before = resident_bytes();
    let watch = tokio::spawn(async move {
        let mut most = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            most = most.max(resident_bytes());
            MOST.store(most, std::sync::atomic::Ordering::Relaxed);
        }
    });
    assert_eq!(post(&host, "/points/1000000").await, "1000000");
    let read = host.get("/points").await.json();
    watch.abort();
    let label = "a point that is somewhat long, as they are\t\\\"".len() * 3;
    assert_eq!(
        read,
        json!([1_000_000, 499_999_500_000_i64, label * 1_000_000])
    );
    // 150 MB went each way.
    let grown = MOST
        .load(std::sync::atomic::Ordering::Relaxed)
        .saturating_sub(before);
    assert!(grown < 64 << 20, "grown by {grown} bytes");
    assert_clean(&host).await;
}

static MOST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

#[tokio::test]
async fn csv_goes_in_and_out() {
    let host = copies().await;
    let csv = "1,plain\n2,\"with, comma\"\n3,\"\"\n4,\"two\nlines\"\n5,\"\"\"quoted\"\" é 🦀\"\n";
    assert_eq!(text(&host, "/csv", csv).await, "5");
    assert_eq!(host.get("/csv").await.text(), csv);
    let mut client = host.client().await;
    let answer = client
        .text(Method::POST, "/csv", "text/plain", "6,a\nseven,b\n")
        .await;
    assert!(!answer.status.is_success(), "{answer:?}");
    assert_eq!(points(&host).await, 5);
    assert_clean(&host).await;
}

#[tokio::test]
async fn a_copy_is_undone_with_its_transaction() {
    let host = copies().await;
    assert_eq!(
        post(&host, "/undone/5000").await,
        "5000 copied, 5000 counted"
    );
    assert_eq!(points(&host).await, 0);
    assert_clean(&host).await;
}

#[tokio::test]
async fn a_violation_names_its_row_and_undoes_all() {
    let host = copies().await;
    let said = post(&host, "/violate/500100/500000").await;
    assert_eq!(said, "23505 of points in line 500000, unique true");
    assert_eq!(points(&host).await, 0);
    assert_clean(&host).await;
}

#[tokio::test]
async fn a_savepoint_saves_from_a_copy_that_began() {
    let host = copies().await;
    for kind in ["duplicate", "source"] {
        assert_eq!(
            post(&host, &format!("/savepoint/{kind}")).await,
            "1 there",
            "{kind}"
        );
        assert_clean(&host).await;
        text(&host, "/sql", "DELETE FROM points").await;
    }
}

#[tokio::test]
async fn a_copy_that_is_refused_at_once_answers_no_other_statement() {
    let host = copies().await;
    let view = "CREATE VIEW view AS SELECT id, label FROM points; \
                GRANT SELECT, INSERT ON view TO PUBLIC";
    let postgres = host.postgres().await;
    postgres.batch_execute(view).await.expect("creates");
    // The driver is told too much after such a refusal, so the connection goes.
    for kind in ["column", "view"] {
        let said = post(&host, &format!("/savepoint/{kind}")).await;
        assert!(said.starts_with("a COPY was given up"), "{kind}: {said}");
        for rows in [3, 1, 2] {
            let sql = format!("SELECT generate_series(1, {rows})");
            assert_eq!(text(&host, "/sql", &sql).await, format!("{rows} rows"));
        }
        assert_clean(&host).await;
    }
    assert_eq!(post(&host, "/savepoint/text").await, "1 there");
    assert_eq!(points(&host).await, 1);
}

#[tokio::test]
async fn rows_that_were_not_wanted_are_called_off() {
    let host = copies().await;
    post(&host, "/points/200000").await;
    assert_eq!(host.get("/few-alone").await.text(), "3");
    assert_clean(&host).await;
    let said = host.get("/few").await.text().to_owned();
    assert!(
        said.starts_with("a COPY was given up before its end"),
        "{said}"
    );
    assert_clean(&host).await;
    assert_eq!(points(&host).await, 200_000);
}

#[tokio::test]
async fn a_copy_that_stops_half_way_leaves_nothing() {
    let host = TestHost::with("copies", |options| {
        one_connection(options);
        options.plugin.limits.cpu_ms_max = 500;
    })
    .await;
    let mut client = host.client().await;
    for direction in ["in", "out"] {
        let mut stop = async |how: &str| {
            let path = format!("/stop/{direction}/{how}");
            let answer = client.call(Method::POST, &path).await;
            assert_clean(&host).await;
            assert_eq!(points(&host).await, 0, "{path}");
            answer
        };
        stop("panic").await.problem(500);
        assert!(!stop("loop").await.status.is_success());
        assert_eq!(stop("drop").await.text(), "dropped");
        assert_eq!(stop("forget").await.text(), "forgotten");
        assert_eq!(stop("commit").await.text(), "false");
        assert_eq!(stop("rollback").await.text(), "true");
        assert_eq!(stop("abort").await.text(), "false");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_copy() {
    let host = copies().await;
    let postgres = host.postgres().await;
    for direction in ["in", "out"] {
        let mut client = host.client().await;
        let request = Request::post(format!("/wait/{direction}"))
            .body(Full::default())
            .expect("a request");
        let waiting = tokio::spawn(async move { client.try_send(request).await });
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND wait_event = 'PgSleep'";
        let began = async {
            while postgres
                .query_one(sql, &[])
                .await
                .expect("counts")
                .get::<_, i64>(0)
                == 0
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, began).await.expect("begins");
        waiting.abort();
        assert!(waiting.await.is_err(), "it was still waiting");
        assert_clean(&host).await;
        assert_eq!(points(&host).await, 0);
    }
}

#[tokio::test]
async fn nothing_runs_beside_a_copy() {
    let host = copies().await;
    let said = post(&host, "/beside").await;
    let invalid = "\"ErrorKind::Invalid\", ".repeat(6);
    let expected = format!("[{invalid}\"ErrorKind::TooLarge\"] Ok(1) [true, true, true] true");
    assert_eq!(said, expected);
    assert_eq!(points(&host).await, 1);
    assert_clean(&host).await;
}

#[tokio::test]
async fn only_copies_with_the_plugin_are_copies() {
    let host = copies().await;
    for sql in [
        "SELECT 1",
        "COPY points TO STDOUT",
        "COPY points FROM '/etc/passwd'",
        "COPY points FROM PROGRAM 'id'",
        "COPY points FROM STDIN; COPY points FROM STDIN",
        "INSERT INTO points DEFAULT VALUES",
        "",
    ] {
        let said = text(&host, "/copy/in", sql).await;
        assert!(said.starts_with("ErrorKind::"), "{sql}: {said}");
    }
    for sql in [
        "COPY points FROM STDIN",
        "COPY points TO '/tmp/points'",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "COPY (SELECT 1 FROM points) TO 'STDOUT'",
        "SELECT 'COPY points TO STDOUT'",
    ] {
        let said = text(&host, "/copy/out", sql).await;
        assert_eq!(said, "ErrorKind::Invalid", "{sql}");
    }
    assert_clean(&host).await;
}

#[tokio::test]
async fn a_copy_in_plain_sql_is_refused() {
    let host = copies().await;
    for sql in [
        "COPY points FROM STDIN",
        "copy points to stdout",
        "/* x */ COPY points TO PROGRAM 'cat'",
        ";COPY points FROM '/etc/passwd'",
    ] {
        let said = text(&host, "/sql", sql).await;
        assert!(said.starts_with("COPY goes through"), "{sql}: {said}");
        assert_eq!(text(&host, "/sql", "SELECT 1").await, "1 rows");
    }
    assert_clean(&host).await;
}
