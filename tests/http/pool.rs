//! The pool keeps the connections it should, and no more.

use std::time::Duration;

use http::Method;
use plinth_tests::TestHost;

async fn sql(host: &TestHost, sql: &str) -> String {
    let mut client = host.client().await;
    let answer = client.text(Method::POST, "/sql", "text/plain", sql).await;
    answer.text().to_owned()
}

/// Waits until the pool is as it should be.
async fn until(host: &TestHost, holds: impl Fn(u32) -> bool) {
    let settled = async {
        while !holds(host.statistics().connections) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let settled = tokio::time::timeout(Duration::from_secs(10), settled).await;
    settled.unwrap_or_else(|_| panic!("{:?}", host.statistics()));
}

#[tokio::test]
async fn connections_are_there_before_they_are_needed() {
    let host = TestHost::with("hostile", |options| {
        options.database.connections_max = 5;
        options.database.connections_min = 3;
    })
    .await;
    until(&host, |connections| connections == 3).await;
    // Killed, they come back by themselves.
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND application_name = 'plinth'";
    let postgres = host.postgres().await;
    let now = postgres.query_one("SELECT clock_timestamp()", &[]).await;
    let killed: std::time::SystemTime = now.expect("a clock").get(0);
    assert_eq!(postgres.execute(kill, &[]).await.expect("kills"), 3);
    let new = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
               AND application_name = 'plinth' AND backend_start > $1";
    let back = async {
        loop {
            let row = postgres.query_one(new, &[&killed]).await;
            if row.expect("counts").get::<_, i64>(0) == 3 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), back)
        .await
        .expect("made anew");
    until(&host, |connections| connections == 3).await;
}

#[tokio::test]
async fn idle_connections_are_closed_down_to_the_least() {
    let host = TestHost::with("hostile", |options| {
        options.database.connections_max = 6;
        options.database.connections_min = 1;
        options.database.idle_timeout_ms = 300;
    })
    .await;
    assert_eq!(host.get("/transactions/4").await.text(), "4 begun");
    assert!(host.statistics().connections >= 4);
    until(&host, |connections| connections == 1).await;
}

#[tokio::test]
async fn prepared_statements_are_bounded_and_given_up_on_the_server() {
    let host = TestHost::with("hostile", |options| {
        options.database.connections_max = 1;
        options.database.statements_max = 5;
    })
    .await;
    for n in 0..40 {
        assert_eq!(sql(&host, &format!("SELECT {n}")).await, "1 rows");
    }
    assert_eq!(host.statistics().statements, 5);
    // On the server: the five, and none of the thirty-five before them.
    let kept = "SELECT name FROM pg_prepared_statements";
    assert_eq!(sql(&host, kept).await, "5 rows");
}

#[tokio::test]
async fn a_transaction_left_idle_is_rolled_back_and_reported() {
    let host = TestHost::with("hostile", |options| {
        options.database.connections_max = 1;
        options.database.transaction_idle_ms_max = 200;
        options.plugin.limits.cpu_ms_max = 5_000;
    })
    .await;
    crate::limits::create_held(&host).await;
    host.get("/idle/1000").await.problem(504);
    host.connections_at_rest().await;
    assert_eq!(sql(&host, "SELECT * FROM held").await, "0 rows");
}

#[tokio::test]
async fn every_session_has_utc_for_its_time_zone() {
    let host = TestHost::start("hostile").await;
    let utc = "SELECT 1 WHERE current_setting('TimeZone') = 'UTC'";
    assert_eq!(sql(&host, utc).await, "1 rows");
}
