//! Reads from a replica, on a real standby.
//!
//! Where replay is paused, what is written shows on the primary alone: what a
//! request reads then tells where it was read.

use http::Method;
use plinth_tests::{ReplicatedPostgres, TestDatabase, TestHost};
use serde_json::json;

use crate::databases::{post, texts};

/// A plugin with a primary and a standby, which has the note "old".
async fn replicated() -> (TestHost, ReplicatedPostgres) {
    let servers = ReplicatedPostgres::start().await;
    let (primary, standby) = servers.create_database().await;
    let archive = TestDatabase::create().await;
    let host = TestHost::with("databases", |options| {
        options.databases.insert("default".into(), primary);
        options.databases.insert("replica".into(), standby);
        options.databases.insert("archive".into(), archive);
    })
    .await;
    post(&host, "/notes/old").await;
    servers.caught_up().await;
    (host, servers)
}

#[tokio::test]
async fn reads_go_to_the_standby_but_not_those_that_must_see_what_was_written() {
    let (host, servers) = replicated().await;
    assert_eq!(host.get("/is-standby").await.json(), true);
    servers.pause_replay().await;
    // Each request writes, and reads what it wrote; the next is back at the
    // standby. All of them are likely to be served by one instance.
    let before_and_after = post(&host, "/notes/a/and-read").await;
    assert_eq!(before_and_after, json!([["old"], ["old", "a"]]));
    let before_and_after = post(&host, "/notes/b/by-sql-and-read").await;
    assert_eq!(before_and_after, json!([["old"], ["old", "a", "b"]]));
    let inside_and_after = post(&host, "/notes/c/undo-and-read").await;
    assert_eq!(
        inside_and_after,
        json!([["old", "a", "b", "c"], ["old", "a", "b"]])
    );
    let all = ["old", "a", "b"];
    assert_eq!(texts(&host, "/notes/in-a-transaction").await, all);
    assert_eq!(texts(&host, "/notes/of/default").await, all);
    // What is made once is looked for where it was made.
    assert_eq!(post(&host, "/notes/a/once").await, false);
    for path in ["/notes", "/notes/by-cursor", "/notes/of/replica"] {
        assert_eq!(texts(&host, path).await, ["old"], "{path}");
    }
    servers.resume_replay().await;
    assert_eq!(texts(&host, "/notes").await, all);
}

#[tokio::test]
async fn the_standby_refuses_writes_and_its_loss_is_told() {
    let (host, mut servers) = replicated().await;
    let path = "/notes/of/replica/new";
    let refused = host.client().await.call(Method::POST, path).await;
    let detail = refused.problem(400)["detail"].to_string();
    assert!(detail.contains("read-only transaction"), "{detail}");
    servers.stop_standby().await;
    let lost = host.get("/notes").await;
    lost.problem(503);
    assert_eq!(lost.header("retry-after"), "1");
    assert_eq!(texts(&host, "/notes/in-a-transaction").await, ["old"]);
    post(&host, "/notes/new").await;
    assert_eq!(texts(&host, "/notes/of/default").await, ["old", "new"]);
}

#[tokio::test]
async fn the_standby_answers_reads_when_the_primary_is_lost() {
    let (host, mut servers) = replicated().await;
    servers.stop_primary().await;
    assert_eq!(texts(&host, "/notes").await, ["old"]);
    let lost = host.client().await.call(Method::POST, "/notes/new").await;
    lost.problem(503);
    host.get("/notes/in-a-transaction").await.problem(503);
    assert_eq!(texts(&host, "/notes").await, ["old"]);
}
