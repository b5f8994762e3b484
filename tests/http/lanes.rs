//! Statements that share a connection don't hold each other up, and each takes
//! effect once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::{Method, Request};
use http_body_util::Full;
use plinth_tests::{Answer, SilentNetwork, TestHost, TlsPostgres};

/// Takes as long as the table says: quick until it is changed.
const PAUSE: &str = "SELECT pg_sleep(seconds) FROM pause";

/// A host whose plugin has sent a statement often enough to be known as quick,
/// so that it goes on a lane.
async fn host_with(limits: impl FnOnce(&mut plinth_host::config::DatabaseLimits)) -> TestHost {
    let host = TestHost::with("hostile", |options| {
        options.database.connections_max = 6;
        limits(&mut options.database);
    })
    .await;
    let tables = "CREATE TABLE pause AS SELECT 0.0::float8 AS seconds; \
                  CREATE TABLE notes (n serial, said text)";
    let postgres = host.postgres().await;
    postgres.batch_execute(tables).await.expect("creates");
    let grant = "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC; \
                 GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC";
    postgres.batch_execute(grant).await.expect("grants");
    host
}

async fn sql(host: &TestHost, sql: &str) -> Answer {
    let mut client = host.client().await;
    client.text(Method::POST, "/sql", "text/plain", sql).await
}

async fn run(host: &TestHost, text: &str) {
    assert_eq!(sql(host, text).await.text(), "1 rows", "{text}");
}

/// Sends statements until they are known and a lane is open.
async fn warm_up(host: &TestHost, texts: &[&str]) {
    for _ in 0..200 {
        for text in texts {
            let said = sql(host, text).await;
            assert!(said.text().ends_with("rows"), "{said:?}");
        }
        if lanes(host) > 0 {
            return;
        }
    }
    panic!("no lane was opened: {:?}", host.statistics());
}

fn lanes(host: &TestHost) -> u32 {
    host.statistics().lanes
}

async fn pause(host: &TestHost, seconds: f64) {
    let update = "UPDATE pause SET seconds = $1";
    let postgres = host.postgres().await;
    postgres
        .execute(update, &[&seconds])
        .await
        .expect("updates");
}

async fn count(host: &TestHost, sql: &str) -> i64 {
    let row = host.postgres().await.query_one(sql, &[]).await;
    row.expect("counts").get(0)
}

const UNDER_WAY: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND application_name = 'plinth' AND state <> 'idle'";

#[tokio::test]
async fn a_slow_statement_does_not_delay_the_others() {
    let host = host_with(|_| {}).await;
    warm_up(&host, &[PAUSE, "SELECT 1"]).await;
    pause(&host, 2.0).await;
    let slow = async {
        let begun = Instant::now();
        run(&host, PAUSE).await;
        begun.elapsed()
    };
    let others = async {
        // Behind it, on the same lane.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let begun = Instant::now();
        join_all((0..40).map(|_| run(&host, "SELECT 1"))).await;
        begun.elapsed()
    };
    let (slow, others) = tokio::join!(slow, others);
    assert!(slow >= Duration::from_secs(2), "{slow:?}");
    assert!(others < Duration::from_millis(1_200), "{others:?}");
    // It is known now, and keeps off the lanes from the beginning.
    let begun = Instant::now();
    let (_, ()) = tokio::join!(run(&host, PAUSE), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        run(&host, "SELECT 1").await;
        assert!(begun.elapsed() < Duration::from_millis(900));
    });
    host.connections_at_rest().await;
}

#[tokio::test]
async fn statements_behind_a_slow_one_take_effect_once() {
    let host = host_with(|limits| limits.lanes_max = 1).await;
    let insert = "INSERT INTO notes (said) VALUES ('once')";
    warm_up(&host, &[PAUSE, insert]).await;
    for _ in 0..5 {
        sql(&host, insert).await;
        sql(&host, PAUSE).await;
    }
    let before = count(&host, "SELECT count(*) FROM notes").await;
    pause(&host, 0.5).await;
    let slow = join_all((0..2).map(|_| run(&host, PAUSE)));
    let inserts = join_all((0..60).map(|_| sql(&host, insert)));
    let (_, answers) = tokio::join!(slow, inserts);
    for answer in answers {
        assert_eq!(answer.text(), "0 rows");
    }
    let after = count(&host, "SELECT count(*) FROM notes").await;
    assert_eq!(after - before, 60);
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_statement_that_nobody_waits_for_is_cancelled_on_its_lane() {
    let host = host_with(|_| {}).await;
    warm_up(&host, &[PAUSE]).await;
    pause(&host, 30.0).await;
    let mut client = host.client().await;
    let request = Request::post("/sql")
        .header("content-type", "text/plain")
        .body(Full::from(PAUSE))
        .expect("a request");
    // Gone before the lane was held for too long, so that it is still on it.
    let gone = tokio::time::timeout(Duration::from_millis(50), client.try_send(request)).await;
    assert!(gone.is_err(), "it was still waiting");
    drop(client);
    let cleaned = async {
        host.connections_at_rest().await;
        while count(&host, UNDER_WAY).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), cleaned)
        .await
        .expect("cancelled soon");
}

#[tokio::test]
async fn a_huge_result_leaves_its_lane_to_the_others() {
    let host = host_with(|limits| limits.result_bytes_max = 1 << 20).await;
    let huge = "SELECT repeat('x', 1000), n FROM pause, generate_series(1, seconds::int) n";
    warm_up(&host, &[huge, "SELECT 1"]).await;
    pause(&host, 200_000.0).await;
    let said = sql(&host, huge).await;
    assert!(said.text().contains("result_bytes_max"), "{said:?}");
    let begun = Instant::now();
    join_all((0..20).map(|_| run(&host, "SELECT 1"))).await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    host.connections_at_rest().await;
}

#[tokio::test]
async fn lanes_that_are_killed_are_opened_anew() {
    let host = host_with(|_| {}).await;
    warm_up(&host, &["SELECT 1"]).await;
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND application_name = 'plinth'";
    let postgres = host.postgres().await;
    postgres.execute(kill, &[]).await.expect("kills");
    let left = async {
        while lanes(&host) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), left)
        .await
        .expect("noticed soon");
    run(&host, "SELECT 1").await;
    warm_up(&host, &["SELECT 1"]).await;
}

#[tokio::test]
async fn lanes_never_take_the_last_connections() {
    let host = host_with(|limits| {
        limits.connections_max = 4;
        limits.lanes_max = 9;
    })
    .await;
    warm_up(&host, &["SELECT 1"]).await;
    join_all((0..64).map(|_| run(&host, "SELECT 1"))).await;
    assert_eq!(lanes(&host), 1);
    assert_eq!(host.get("/transactions/1").await.text(), "1 begun");
}

#[tokio::test]
async fn without_lanes_each_statement_has_a_connection_to_itself() {
    let host = host_with(|limits| limits.lanes_max = 0).await;
    for _ in 0..20 {
        run(&host, "SELECT 1").await;
    }
    assert_eq!(lanes(&host), 0);
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_plan_gone_stale_is_made_anew_on_a_lane() {
    let host = host_with(|_| {}).await;
    warm_up(&host, &["SELECT * FROM pause"]).await;
    run(&host, "SELECT * FROM pause").await;
    let alter = "ALTER TABLE pause ADD COLUMN more text";
    let postgres = host.postgres().await;
    postgres.batch_execute(alter).await.expect("alters");
    for _ in 0..5 {
        run(&host, "SELECT * FROM pause").await;
    }
}

#[tokio::test]
async fn what_touches_the_session_never_goes_on_a_lane() {
    let host = host_with(|_| {}).await;
    let told = "SELECT set_config('search_path', 'nowhere', false)";
    warm_up(&host, &["SELECT 1"]).await;
    for _ in 0..10 {
        run(&host, told).await;
    }
    run(&host, "SELECT * FROM pause").await;
    warm_up(&host, &["SELECT * FROM pause"]).await;
}

#[tokio::test]
async fn a_network_that_falls_silent_keeps_no_place() {
    let server = TlsPostgres::without_tls().await;
    let network = SilentNetwork::to(([127, 0, 0, 1], server.port()).into()).await;
    let url = format!(
        "host=127.0.0.1 port={} user=postgres dbname=postgres",
        network.port()
    );
    let database = server.database().reached_by(url);
    let host = TestHost::with("hostile", |options| {
        options.databases.insert("default".into(), database);
        options.shared_role = true;
        // So that it is not this that ends them.
        options.database.statement_timeout_ms = 60_000;
        options.plugin.limits.wall_ms_max = 60_000;
        options.database.connect_timeout_ms = 1_000;
    })
    .await;
    warm_up(&host, &["SELECT 1"]).await;
    network.set_silent(true);
    let begun = Instant::now();
    let answers = join_all((0..10).map(|_| sql(&host, "SELECT 1"))).await;
    // The limit of a cancellation and a little.
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    for answer in answers {
        assert!(!answer.text().contains("rows"), "{answer:?}");
    }
    network.set_silent(false);
    run(&host, "SELECT 1").await;
    host.connections_at_rest().await;
}
