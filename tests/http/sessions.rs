//! What a request leaves in a session reaches no other request, and no session
//! stays for ever.

use std::time::Duration;

use http::Method;
use plinth_host::config::DatabaseLimits;
use plinth_tests::{Options, TestHost};

/// A host with few connections and a table that a temporary one could hide.
async fn start(change: impl FnOnce(&mut Options)) -> TestHost {
    let host = TestHost::with("hostile", |options| {
        options.database.connections_max = 2;
        change(options);
    })
    .await;
    let tables = "CREATE TABLE things (n int); INSERT INTO things VALUES (7);
        GRANT ALL ON things TO PUBLIC;
        CREATE FUNCTION hide() RETURNS int LANGUAGE plpgsql AS $$
        BEGIN
            CREATE TEMPORARY TABLE IF NOT EXISTS things (n int);
            RETURN 1;
        END $$";
    let created = host.postgres().await.batch_execute(tables).await;
    created.expect("creates");
    host
}

async fn sql(host: &TestHost, sql: &str) -> String {
    let mut client = host.client().await;
    let answer = client.text(Method::POST, "/sql", "text/plain", sql).await;
    answer.text().to_owned()
}

/// Whatever connection it runs on, the plugin's table is the one that is meant.
async fn assert_nothing_is_lost(host: &TestHost, after: &str) {
    for round in 1..=12 {
        let said = sql(host, "INSERT INTO things VALUES (8) RETURNING n").await;
        assert_eq!(said, "1 rows", "{after}");
        let real = "SELECT FROM things WHERE n = 8";
        assert_eq!(
            sql(host, real).await,
            format!("{round} rows"),
            "{after}: round {round}"
        );
    }
    let emptied = host.postgres().await;
    let deleted = emptied.execute("DELETE FROM things WHERE n = 8", &[]).await;
    assert_eq!(deleted.expect("deletes"), 12, "{after}");
}

/// What leaves something in its session.
const LEAVES: &[&str] = &[
    "SELECT g AS n INTO pg_temp.things FROM generate_series(1,3) g",
    "SELECT g AS n INTO TEMP things FROM generate_series(1,3) g",
    "SELECT g AS n INTO \"pg_temp\".things FROM generate_series(1,3) g",
    "SELECT g AS n INTO U&\"pg\\005ftemp\".things FROM generate_series(1,3) g",
    "EXPLAIN ANALYZE CREATE TABLE pg_temp.things AS SELECT 1 AS n",
    "EXPLAIN (ANALYZE, COSTS off) CREATE TABLE U&\"pg\\005ftemp\".things AS SELECT 1 AS n",
    "SELECT U&\"set\\005fconfig\"('search_path', 'x', false)",
    "SELECT \"set_config\"('search_path', 'x', false)",
    "CREATE TABLE pg_temp.things (n int)",
];

#[tokio::test]
async fn what_is_left_in_a_session_hides_no_table() {
    let host = start(|_| {}).await;
    for leaves in LEAVES {
        // On every connection, and often enough for a shared one.
        for _ in 0..8 {
            sql(&host, leaves).await;
            sql(&host, "SELECT 1").await;
        }
        assert_nothing_is_lost(&host, leaves).await;
    }
}

#[tokio::test]
async fn a_function_that_leaves_a_temporary_table_hides_none() {
    for shared_role in [false, true] {
        let host = start(|options| options.shared_role = shared_role).await;
        for _ in 0..8 {
            assert_eq!(sql(&host, "SELECT hide()").await, "1 rows");
        }
        assert_nothing_is_lost(&host, "hide()").await;
    }
}

#[tokio::test]
async fn temporary_tables_are_looked_for_last_with_every_role() {
    for shared_role in [false, true] {
        let host = start(|options| options.shared_role = shared_role).await;
        let last = "SELECT 1 WHERE current_setting('search_path') LIKE '%, pg_temp' \
                    AND current_setting('search_path') NOT LIKE '%pg_temp%,%'";
        for _ in 0..8 {
            assert_eq!(sql(&host, last).await, "1 rows", "{shared_role}");
        }
    }
}

/// How many of the host's connections were made before a moment.
async fn older_than(host: &TestHost, moment: std::time::SystemTime) -> i64 {
    let old = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
               AND application_name = 'plinth' AND backend_start < $1";
    let row = host.postgres().await.query_one(old, &[&moment]).await;
    row.expect("counts").get(0)
}

async fn now(host: &TestHost) -> std::time::SystemTime {
    let now = "SELECT clock_timestamp()";
    let row = host.postgres().await.query_one(now, &[]).await;
    row.expect("a clock").get(0)
}

/// Waits until no connection is left of those that there are now.
async fn until_all_are_new(host: &TestHost, meanwhile: Option<&str>) {
    let moment = now(host).await;
    let replaced = async {
        while older_than(host, moment).await > 0 {
            match meanwhile {
                Some(text) => assert_eq!(sql(host, text).await, "1 rows"),
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let replaced = tokio::time::timeout(Duration::from_secs(10), replaced).await;
    replaced.unwrap_or_else(|_| panic!("{:?}", host.statistics()));
}

async fn short_lived(limits: impl FnOnce(&mut DatabaseLimits)) -> TestHost {
    start(|options| {
        options.database.connection_age_ms_max = 500;
        limits(&mut options.database);
    })
    .await
}

#[tokio::test]
async fn an_idle_connection_is_closed_at_its_age() {
    let host = short_lived(|limits| limits.lanes_max = 0).await;
    assert_eq!(sql(&host, "SELECT 1").await, "1 rows");
    until_all_are_new(&host, None).await;
    // Those that are to be kept are made anew.
    let host = short_lived(|limits| limits.connections_min = 2).await;
    while host.statistics().connections < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    until_all_are_new(&host, None).await;
    while host.statistics().connections < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_connection_that_is_always_used_is_replaced_at_its_age() {
    let host = short_lived(|limits| limits.lanes_max = 0).await;
    assert_eq!(sql(&host, "SELECT 1").await, "1 rows");
    until_all_are_new(&host, Some("SELECT 1")).await;
}

#[tokio::test]
async fn a_shared_connection_that_is_always_used_is_replaced_at_its_age() {
    let host = short_lived(|limits| limits.connections_max = 4).await;
    for _ in 0..2 {
        while host.statistics().lanes == 0 {
            assert_eq!(sql(&host, "SELECT 1").await, "1 rows");
        }
        until_all_are_new(&host, Some("SELECT 1")).await;
    }
}

#[tokio::test]
async fn what_is_under_way_is_not_cut_off_by_age() {
    let host = short_lived(|limits| limits.connection_age_ms_max = 200).await;
    crate::limits::create_held(&host).await;
    assert_eq!(host.get("/hold/1").await.text(), "held");
    let lane = "SELECT pg_sleep(n) FROM (SELECT 0.0 * count(*) AS n FROM things) x";
    for _ in 0..40 {
        assert_eq!(sql(&host, lane).await, "1 rows");
    }
    host.connections_at_rest().await;
}
