//! Statements that catch a cancellation, or lift their own limits.

use std::time::{Duration, Instant};

use http::Method;
use plinth_tests::TestHost;

/// Goes on whatever it is told. Made by an administrator, for plugins can't.
const STUBBORN: &str = "CREATE FUNCTION stubborn() RETURNS int LANGUAGE plpgsql AS $$ BEGIN \
    LOOP BEGIN PERFORM pg_sleep(0.05); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$";

async fn host() -> TestHost {
    let host = TestHost::with("hostile", |options| {
        options.plugin.limits.wall_ms_max = 1_500;
        options.database.statement_timeout_ms = 700;
    })
    .await;
    let postgres = host.postgres().await;
    postgres.batch_execute(STUBBORN).await.expect("a function");
    host
}

/// Waits until no session of the plugin's does anything.
async fn at_rest(host: &TestHost, limit: Duration) {
    let postgres = host.postgres().await;
    let active = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND application_name = 'plinth' AND state <> 'idle'";
    let begun = Instant::now();
    loop {
        let active: i64 = postgres
            .query_one(active, &[])
            .await
            .expect("counts")
            .get(0);
        if active == 0 {
            return;
        }
        assert!(
            begun.elapsed() < limit,
            "it goes on for {:?}",
            begun.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_catches_a_cancellation_is_ended() {
    let host = host().await;
    for steps in [
        serde_json::json!([{ "sql": "SELECT stubborn()" }]),
        serde_json::json!([{ "way": "begin" }, { "sql": "SELECT stubborn()" }]),
        serde_json::json!([{ "way": "pipeline", "sql": "SELECT stubborn()" }]),
        serde_json::json!([{ "way": "start", "sql": "SELECT stubborn()" }, { "way": "wait" }]),
        serde_json::json!([
            { "way": "begin" },
            { "way": "copy out", "sql": "COPY (SELECT stubborn()) TO STDOUT" },
        ]),
        serde_json::json!([
            { "sql": "SELECT set_config('statement_timeout', '0', false)" },
            { "sql": "SELECT pg_sleep(60)" },
        ]),
        serde_json::json!([
            { "way": "begin" },
            { "sql": "SET LOCAL statement_timeout = 0" },
            { "sql": "SELECT pg_sleep(60)" },
        ]),
    ] {
        let mut client = host.client().await;
        client.json(Method::POST, "/script", &steps).await;
        at_rest(&host, Duration::from_secs(10)).await;
    }
    host.connections_at_rest().await;
    assert_eq!(host.get("/rows/3").await.text(), "3 rows");
}

#[tokio::test]
async fn plugins_send_no_blocks() {
    let host = host().await;
    let mut client = host.client().await;
    for sql in [
        "DO $$ BEGIN PERFORM 1; END $$",
        "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$",
    ] {
        let refused = client
            .text(Method::POST, "/refusal", "text/plain", sql)
            .await;
        assert_eq!(refused.text(), "42501", "{sql}");
    }
}
