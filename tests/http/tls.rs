//! TLS to Postgres, on a server with a certificate of its own.

use std::path::PathBuf;

use http::{Method, Request};
use http_body_util::Full;
use plinth_tests::{Answer, TestDatabase, TestHost, TlsPostgres};

use crate::cancellation::{until_busy, until_quiet};

/// A host whose administrator and plugin both connect.
async fn host_on(database: TestDatabase) -> anyhow::Result<TestHost> {
    TestHost::try_with("hostile", |options| {
        options.databases.insert("default".into(), database);
    })
    .await
}

/// A host whose plugin connects, and nobody else.
async fn host_without_roles_on(database: TestDatabase) -> anyhow::Result<TestHost> {
    TestHost::try_with("hostile", |options| {
        options.databases.insert("default".into(), database);
        options.shared_role = true;
    })
    .await
}

async fn sql(host: &TestHost, sql: &str) -> Answer {
    let mut client = host.client().await;
    client.text(Method::POST, "/sql", "text/plain", sql).await
}

/// A row where the connection is encrypted, else none.
const ENCRYPTED: &str = "SELECT FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";

#[tokio::test]
async fn connections_are_encrypted_where_the_url_requires_it_and_not_elsewhere() {
    let server = TlsPostgres::start().await;
    let host = host_on(server.database()).await.expect("starts");
    assert_eq!(sql(&host, ENCRYPTED).await.text(), "1 rows");
    for sslmode in ["disable", "prefer"] {
        let plain = server.database_with("db.example", sslmode, None);
        let host = host_on(plain).await.expect("starts");
        assert_eq!(sql(&host, ENCRYPTED).await.text(), "0 rows", "{sslmode}");
    }
}

/// What a plugin is told that can't connect.
async fn failure(database: TestDatabase) -> String {
    let host = host_without_roles_on(database).await.expect("starts");
    let answer = sql(&host, "SELECT 1").await;
    let text = answer.text().to_owned();
    assert!(text.contains("cannot connect to database"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    text
}

#[tokio::test]
async fn a_server_is_refused_that_is_not_who_it_should_be() {
    let server = TlsPostgres::start().await;
    let database = |host: &str, trusted: Option<PathBuf>| {
        failure(server.database_with(host, "require", trusted))
    };
    let text = database("db.example", Some(server.foreign_ca_file())).await;
    assert!(text.contains("invalid peer certificate"), "{text}");
    // The system's authorities have not signed it either.
    let text = database("db.example", None).await;
    assert!(text.contains("UnknownIssuer"), "{text}");
    for name in ["other.example", "db.example.org", "127.0.0.1"] {
        let text = database(name, Some(server.ca_file())).await;
        assert!(text.contains("not valid for name"), "{text}");
    }
}

#[tokio::test]
async fn an_administrator_does_not_trust_another_server_either() {
    let server = TlsPostgres::start().await;
    let foreign = Some(server.foreign_ca_file());
    let database = server.database_with("db.example", "require", foreign);
    let error = host_on(database).await.map(drop).expect_err("refused");
    let error = format!("{error:#}");
    assert!(error.contains("invalid peer certificate"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_required() {
    let server = TlsPostgres::without_tls().await;
    let text = failure(server.database()).await;
    assert!(text.contains("server does not support TLS"), "{text}");
}

#[tokio::test]
async fn a_host_does_not_start_with_a_file_of_certificates_that_it_cannot_use() {
    let server = TlsPostgres::start().await;
    let file = server.ca_file().with_file_name("gone.pem");
    let database = server.database_with("db.example", "require", Some(file));
    let started = host_without_roles_on(database).await.map(drop);
    let error = started.expect_err("refused");
    let error = format!("{error:#}");
    assert!(error.contains("databases.default: tls_ca_file"), "{error}");
    assert!(
        error.contains("gone.pem") && !error.contains("hunter2"),
        "{error}"
    );
}

#[tokio::test]
async fn a_statement_that_nobody_waits_for_is_stopped_over_tls() {
    let server = TlsPostgres::start().await;
    let host = TestHost::with("hostile", |options| {
        options
            .databases
            .insert("default".into(), server.database());
        // So that it is not this that stops it.
        options.database.statement_timeout_ms = 60_000;
    })
    .await;
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
