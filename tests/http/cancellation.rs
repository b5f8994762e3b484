//! What nobody waits for any more is stopped on the server, and leaves nothing
//! behind.

use std::time::Duration;

use http::{Method, Request};
use http_body_util::Full;
use plinth_tests::TestHost;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::limits::create_held;

const CONNECTIONS_MAX: usize = 6;

async fn hostile(wall_ms_max: u64) -> TestHost {
    let host = TestHost::with("hostile", |options| {
        options.database.connections_max = CONNECTIONS_MAX;
        options.plugin.limits.wall_ms_max = wall_ms_max;
    })
    .await;
    create_held(&host).await;
    host
}

async fn count(host: &TestHost, sql: &str) -> i64 {
    let row = host.postgres().await.query_one(sql, &[]).await;
    row.expect("counts").get(0)
}

const BACKENDS: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND application_name = 'plinth'";

const UNDER_WAY: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND application_name = 'plinth' AND state <> 'idle'";

/// Waits until the server does nothing for the host.
pub(crate) async fn until_quiet(host: &TestHost) {
    let quiet = async {
        host.connections_at_rest().await;
        while count(host, UNDER_WAY).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), quiet)
        .await
        .expect("stopped soon");
}

/// Waits until a statement is under way.
pub(crate) async fn until_busy(host: &TestHost) {
    let busy = async {
        while count(host, UNDER_WAY).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), busy)
        .await
        .expect("begun");
}

#[tokio::test]
async fn a_client_that_goes_away_stops_its_query() {
    let host = hostile(30_000).await;
    let mut client = host.client().await;
    let request = Request::post("/sql")
        .header("content-type", "text/plain")
        .body(Full::from("SELECT pg_sleep(30)"))
        .expect("a request");
    let waiting = tokio::spawn(async move { client.try_send(request).await });
    until_busy(&host).await;
    waiting.abort();
    until_quiet(&host).await;
}

#[tokio::test]
async fn the_end_of_the_wall_time_stops_the_query() {
    let host = hostile(300).await;
    let mut client = host.client().await;
    let sleep = "SELECT pg_sleep(30)";
    let answer = client.text(Method::POST, "/sql", "text/plain", sleep).await;
    answer.problem(504);
    until_quiet(&host).await;
}

#[tokio::test]
async fn a_trap_stops_what_is_under_way() {
    let host = hostile(30_000).await;
    host.get("/pending/trap").await.problem(500);
    until_quiet(&host).await;
    assert_eq!(host.get("/pending/drop").await.text(), "dropped");
    until_quiet(&host).await;
    assert_eq!(host.get("/pending/forget").await.text(), "forgotten");
    until_quiet(&host).await;
}

/// Sends a request and goes away some time after.
async fn give_up(host: &TestHost, path: &str, after: Duration) {
    let mut stream = TcpStream::connect(host.address()).await.expect("connects");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let _ = stream.write_all(request.as_bytes()).await;
    tokio::time::sleep(after).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cancelled_requests_leak_nothing() {
    const REQUESTS: u64 = 10_000;
    const CLIENTS: u64 = 32;
    let host = hostile(30_000).await;
    let clients = (0..CLIENTS).map(|client| {
        let host = &host;
        async move {
            for request in 0..REQUESTS / CLIENTS {
                // Some leave before the statement, some in it, some with its answer on the way;
                // one in fifty in a transaction that would sleep.
                let after = Duration::from_micros((request * 37 + client * 101) % 3_000);
                let path = if request % 50 == 0 {
                    "/hold/30"
                } else {
                    "/rows/100"
                };
                give_up(host, path, after).await;
            }
        }
    });
    futures_util::future::join_all(clients).await;
    until_quiet(&host).await;
    let backends = usize::try_from(count(&host, BACKENDS).await).expect("few");
    assert!(backends <= CONNECTIONS_MAX, "{backends} backends");
    let statistics = host.statistics();
    assert_eq!(statistics.connections, statistics.idle, "{statistics:?}");
    assert_eq!(statistics.waiting, 0, "{statistics:?}");
    assert_eq!(count(&host, "SELECT count(*) FROM held").await, 0);
    assert_eq!(host.get("/rows/100").await.text(), "100 rows");
}
