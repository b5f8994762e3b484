//! Answers that are sent while their rows come.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use plinth_tests::{Options, TestHost};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{raw, until, until_quiet, with};
use crate::own_process::{self, resident_bytes};

/// A row that the `/series` of the plugin can be made of.
async fn with_a_row(change: impl FnOnce(&mut Options)) -> TestHost {
    let host = with(change).await;
    let row = "INSERT INTO everything (id) VALUES (1)";
    host.postgres()
        .await
        .batch_execute(row)
        .await
        .expect("a row");
    host
}

/// A few rows of more than a piece, and then none for a minute.
fn slow() -> Value {
    let sql = "SELECT repeat('x', 40000) || pg_sleep(CASE WHEN g < 4 THEN 0 ELSE 60 END) \
               FROM generate_series(1, 4) g";
    json!({ "sql": sql, "is_streamed": true })
}

/// Rows of a kilobyte.
fn wide(rows: u32) -> Value {
    let sql = format!("SELECT repeat('x', 1000) FROM generate_series(1, {rows})");
    json!({ "sql": sql, "is_streamed": true })
}

/// Begins to read an answer.
async fn open(host: &TestHost, wanted: &Value) -> (SendRequest<Full<Bytes>>, Incoming) {
    let stream = TcpStream::connect(host.address()).await.expect("connects");
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP/1");
    tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::POST)
        .uri("/raw/x")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Full::from(wanted.to_string()))
        .expect("a request");
    let response = sender.send_request(request).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let length = response.headers().get("content-length");
    assert!(length.is_none(), "{length:?}");
    (sender, response.into_body())
}

/// Reads to the end; the number of bytes and of lines, or that it broke off.
async fn read(mut body: Incoming) -> hyper::Result<(u64, u64)> {
    let (mut bytes, mut lines) = (0, 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        bytes += data.len() as u64;
        lines += data
            .iter()
            .map(|byte| u64::from(*byte == b'\n'))
            .sum::<u64>();
    }
    Ok((bytes, lines))
}

/// Sends a request and reads nothing of its answer.
async fn stall(host: &TestHost, wanted: &Value) -> TcpStream {
    let mut stream = TcpStream::connect(host.address()).await.expect("connects");
    let body = wanted.to_string();
    let request = format!(
        "POST /raw/x HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sends");
    stream
}

#[tokio::test]
async fn a_million_rows_come_in_order_and_whole() {
    let host = with_a_row(|_| {}).await;
    let answer = host.get("/series/1000000").await;
    assert_eq!(answer.status, 200, "{}", answer.body.len());
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    assert_eq!(answer.header("content-disposition"), "attachment");
    let mut expected = 0;
    for line in answer.text().lines() {
        expected += 1;
        assert_eq!(line, format!("[1,{expected}]"));
    }
    assert_eq!(expected, 1_000_000);
    host.connections_at_rest().await;
}

/// In a process of its own, because the other tests of this one take memory too.
#[tokio::test]
async fn a_million_rows_leave_the_memory_as_it_was() {
    own_process::run("replies::streams::memory_stays_flat").await;
}

#[tokio::test]
#[ignore = "the test above runs it, in a process of its own"]
async fn memory_stays_flat() {
    let host = with_a_row(|_| {}).await;
    let first = read(open(&host, &wide(10_000)).await.1)
        .await
        .expect("whole");
    let before = resident_bytes() >> 20;
    let many = "SELECT repeat('x', 296) FROM generate_series(1, 1000000)";
    let many = json!({ "sql": many, "is_streamed": true });
    let (bytes, _) = read(open(&host, &many).await.1).await.expect("whole");
    let after = resident_bytes() >> 20;
    assert_eq!(bytes, 299_000_001, "after {first:?}");
    assert!(
        after < before + 32,
        "from {before} to {after} MB for 300 MB of rows"
    );
}

#[tokio::test]
async fn a_cursor_takes_a_million_rows_through_a_small_plugin() {
    let host = TestHost::with("orm", |options| {
        options.plugin.limits.memory_bytes_max = 4 << 20;
        options.plugin.limits.cpu_ms_max = 60_000;
        options.plugin.limits.wall_ms_max = 120_000;
        // It fetches a thousand rows at a time.
        options.plugin.limits.statements_max = 2_000;
    })
    .await;
    let row = "INSERT INTO people (name) VALUES ('Ann')";
    host.postgres()
        .await
        .batch_execute(row)
        .await
        .expect("a row");
    let rows = 1_000_000_i64;
    let answer = host.get(&format!("/series/{rows}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json(), json!([rows, rows * (rows + 1) / 2]));
}

#[tokio::test]
async fn few_rows_have_a_length() {
    let host = with_a_row(|_| {}).await;
    let few = raw(&host, &wide(20)).await;
    assert_eq!(few.header("content-length"), few.body.len().to_string());
    assert_eq!(few.json().as_array().map(Vec::len), Some(20));
    let none = raw(&host, &wide(0)).await;
    assert_eq!((none.text(), none.header("content-length")), ("[]", "2"));
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_makes_postgres_wait() {
    let host = with_a_row(|_| {}).await;
    let client = stall(&host, &wide(1_000_000)).await;
    // It waits to be rid of what it has: nobody between keeps the rest of a gigabyte.
    until(&host, "wait_event = 'ClientWrite'").await;
    drop(client);
    until_quiet(&host).await;
}

#[tokio::test]
async fn a_client_that_goes_away_takes_the_query_along() {
    let host = with_a_row(|_| {}).await;
    let (sender, mut body) = open(&host, &wide(1_000_000)).await;
    body.frame().await.expect("a piece").expect("of data");
    drop((sender, body));
    until_quiet(&host).await;
    // Also where Postgres is the slow one.
    let (sender, mut body) = open(&host, &slow()).await;
    body.frame().await.expect("a piece").expect("of data");
    until(&host, "wait_event = 'PgSleep'").await;
    drop((sender, body));
    until_quiet(&host).await;
}

#[tokio::test]
async fn what_fails_after_the_first_rows_breaks_off() {
    let host = with_a_row(|_| {}).await;
    let sql = "SELECT 1 / (50000 - g) FROM generate_series(1, 100000) g";
    let (_, body) = open(&host, &json!({ "sql": sql, "is_streamed": true })).await;
    read(body).await.expect_err("it is not whole");
    until_quiet(&host).await;
    // Before them it is an answer like any other.
    let sql = "SELECT 1 / (50 - g) FROM generate_series(1, 100000) g";
    raw(&host, &json!({ "sql": sql, "is_streamed": true }))
        .await
        .problem(500);
    assert_eq!(raw(&host, &wide(1)).await.status, 200);
}

#[tokio::test]
async fn a_backend_that_is_killed_breaks_the_answer_off() {
    let host = with_a_row(|_| {}).await;
    let (_sender, mut body) = open(&host, &wide(1_000_000)).await;
    body.frame().await.expect("a piece").expect("of data");
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' \
                AND datname = current_database() AND application_name = 'plinth'";
    let killed = host.postgres().await.query(kill, &[]).await.expect("kills");
    assert_eq!(killed.len(), 1);
    read(body).await.expect_err("it is not whole");
    assert_eq!(raw(&host, &wide(1)).await.status, 200);
    until_quiet(&host).await;
}

#[tokio::test]
async fn too_long_and_too_large_break_off() {
    let host = with_a_row(|options| options.plugin.limits.stream_bytes_max = 100_000).await;
    let (_, body) = open(&host, &wide(1_000_000)).await;
    read(body).await.expect_err("it is not whole");
    until_quiet(&host).await;
    assert_eq!(raw(&host, &wide(20)).await.status, 200);

    let host = with_a_row(|options| options.plugin.limits.stream_ms_max = 500).await;
    let (_, body) = open(&host, &slow()).await;
    read(body).await.expect_err("it is not whole");
    until_quiet(&host).await;
}

#[tokio::test]
async fn there_is_a_limit_to_streams_and_to_how_long_they_stall() {
    let host = with_a_row(|options| {
        options.plugin.limits.streams_max = 1;
        options.plugin.limits.stream_stall_ms_max = 1_000;
    })
    .await;
    let mut client = stall(&host, &wide(1_000_000)).await;
    until(&host, "wait_event = 'ClientWrite'").await;
    let refused = raw(&host, &wide(1)).await;
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "1");
    // Others are answered meanwhile, and soon there is a place again.
    assert_eq!(raw(&host, &json!({})).await.text(), "[1]");
    until_quiet(&host).await;
    assert_eq!(raw(&host, &wide(1)).await.status, 200);
    // What the client had not taken yet does not look whole.
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest).await;
    assert!(rest.starts_with(b"HTTP/1.1 200 OK"), "{}", rest.len());
    assert!(!rest.ends_with(b"0\r\n\r\n"), "{}", rest.len());
}

#[tokio::test]
async fn it_changes_nothing() {
    let host = with_a_row(|_| {}).await;
    let insert = "INSERT INTO everything (id) VALUES (7) RETURNING id";
    raw(&host, &json!({ "sql": insert, "is_streamed": true }))
        .await
        .problem(500);
    assert_eq!(raw(&host, &json!({ "sql": insert })).await.text(), "[7]");
}

#[tokio::test]
async fn a_table_that_has_changed_is_no_matter() {
    let host = with_a_row(|_| {}).await;
    let all = json!({ "sql": "SELECT * FROM everything", "columns": [0], "is_streamed": true });
    for change in ["ADD COLUMN more int", "DROP COLUMN more"] {
        assert_eq!(raw(&host, &all).await.text(), "[1]");
        let change = format!("ALTER TABLE everything {change}");
        host.postgres()
            .await
            .batch_execute(&change)
            .await
            .expect("alters");
    }
    assert_eq!(raw(&host, &all).await.text(), "[1]");
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_host_that_stops_lets_it_end() {
    let host = with_a_row(|_| {}).await;
    let (_sender, mut body) = open(&host, &wide(20_000)).await;
    body.frame().await.expect("a piece").expect("of data");
    let stopping = tokio::spawn(host.stop());
    read(body).await.expect("whole");
    let stopped = tokio::time::timeout(Duration::from_secs(10), stopping).await;
    stopped.expect("soon").expect("no panic");
}
