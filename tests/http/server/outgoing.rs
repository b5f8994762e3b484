//! Answers that nobody takes, or slowly.

use std::time::{Duration, Instant};

use http::Method;
use plinth_tests::TestHost;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::{http2, raw};

const LARGE: &str = "/big/10000000";

#[tokio::test]
async fn what_is_not_taken_on_http_2_is_given_up() {
    let host = TestHost::with("hostile", |options| {
        options.server.send_timeout_ms = 500;
        options.admin = true;
    })
    .await;
    let client = http2::connect(host.address(), 0).await;
    let mut answers = Vec::new();
    for _ in 0..5 {
        let mut client = client.clone().ready().await.expect("ready");
        let request = http2::request(Method::GET, LARGE);
        let (answer, _) = client.send_request(request, true).expect("begins");
        answers.push(answer.await.expect("a head").into_body());
    }
    let kept = async || host.metrics().await.value("plinth_answers_bytes", &[]);
    assert!(kept().await > 9_000_000.0);
    let begun = Instant::now();
    while kept().await > 0.0 {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "it is kept for ever"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(answers);
}

#[tokio::test]
async fn one_connection_keeps_a_part_of_the_room() {
    let host = TestHost::with("hostile", |options| {
        options.plugin.limits.reply_bytes_max = 2 << 20;
        options.server.answers_bytes_max = 8 << 20;
    })
    .await;
    let client = http2::connect(host.address(), 0).await;
    let mut statuses = Vec::new();
    let mut kept = Vec::new();
    for _ in 0..6 {
        let mut client = client.clone().ready().await.expect("ready");
        let request = http2::request(Method::GET, "/big/900000");
        let (answer, _) = client.send_request(request, true).expect("begins");
        let answer = answer.await.expect("a head");
        statuses.push(answer.status().as_u16());
        kept.push(answer);
    }
    assert_eq!(statuses, [200, 200, 503, 503, 503, 503]);
    assert_eq!(host.get("/big/900000").await.status, 200);
}

#[tokio::test]
async fn a_client_that_reads_steadily_has_the_time_it_needs() {
    let host = TestHost::with("hostile", |options| {
        options.server.send_timeout_ms = 3_000;
        options.server.bytes_per_second_min = 4_096;
    })
    .await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(8_192).expect("small");
    let mut stream = socket.connect(host.address()).await.expect("connects");
    let request = b"GET /big/600000 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.expect("writes");
    let begun = Instant::now();
    let mut read = 0;
    let mut buffer = [0; 4_000];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        read += count;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    assert!(read > 600_000, "{read} bytes");
    assert!(
        begun.elapsed() > Duration::from_secs(5),
        "it was slow enough"
    );
}

#[tokio::test]
async fn a_client_that_takes_a_little_now_and_then_is_given_up() {
    let host = TestHost::with("hostile", |options| {
        options.server.send_timeout_ms = 600;
        options.server.bytes_per_second_min = 1_000_000;
    })
    .await;
    let mut stream = TcpStream::connect(host.address()).await.expect("connects");
    let request = format!("GET {LARGE} HTTP/1.1\r\nhost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("writes");
    let begun = Instant::now();
    let mut buffer = vec![0; 50_000];
    let mut read = 0;
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        read += count;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert!(read < 10_000_000, "it was sent all of it");
    assert!(
        begun.elapsed() < Duration::from_secs(25),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn http_1_0_is_sent_a_stream_whole_or_not_at_all() {
    let host = TestHost::with("replies", |options| {
        options.plugin.limits.reply_bytes_max = 1_000_000;
    })
    .await;
    let ask = async |sql: &str| {
        let body = serde_json::json!({ "sql": sql, "is_streamed": true }).to_string();
        let head = format!(
            "POST /raw/x HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        raw(host.address(), (head + &body).as_bytes()).await
    };
    let whole = ask("SELECT generate_series(1, 20000)").await;
    assert!(whole.contains("content-length: "), "{whole:.300}");
    assert!(whole.ends_with("19999,20000]"));
    let fails = ask("SELECT 1 / (20000 - n) FROM generate_series(1, 30000) n").await;
    assert!(fails.starts_with("HTTP/1.0 500"), "{fails:.300}");
    let long = ask("SELECT repeat('x', 1000) FROM generate_series(1, 2000)").await;
    assert!(long.starts_with("HTTP/1.0 505"), "{long:.300}");
}
