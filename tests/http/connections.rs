//! How a database's URL says where it is, over sockets, TCP and TLS.

use http::{Method, Request};
use http_body_util::Full;
use plinth_tests::{ReplicatedPostgres, TestDatabase, TestHost, TlsPostgres};

use crate::cancellation::{until_busy, until_quiet};

async fn host_on(database: TestDatabase) -> TestHost {
    TestHost::with("hostile", |options| {
        options.databases.insert("default".into(), database);
        options.shared_role = true;
        // So that it is not this that stops what is cancelled.
        options.database.statement_timeout_ms = 60_000;
    })
    .await
}

async fn sql(host: &TestHost, sql: &str) -> String {
    let mut client = host.client().await;
    let answer = client.text(Method::POST, "/sql", "text/plain", sql).await;
    answer.text().to_owned()
}

/// A server on a port, and the texts that name it without TLS.
fn texts(port: u16) -> [String; 4] {
    let rest = "user=postgres dbname=postgres connect_timeout=2";
    [
        format!("host=127.0.0.1 port={port} {rest}"),
        format!("hostaddr=127.0.0.1 port={port} {rest}"),
        // Nobody listens on the first.
        format!("host=127.0.0.1,localhost port=1,{port} {rest}"),
        format!("host=/nowhere,127.0.0.1 port={port} {rest} load_balance_hosts=random"),
    ]
}

#[tokio::test]
async fn any_server_that_answers_is_taken() {
    let server = TlsPostgres::start().await;
    for text in texts(server.port()) {
        let host = host_on(server.database().reached_by(&text)).await;
        assert_eq!(sql(&host, "SELECT 1").await, "1 rows", "{text}");
    }
    let nobody = "host=127.0.0.1,/nowhere port=1 user=postgres dbname=postgres";
    let host = host_on(server.database().reached_by(nobody)).await;
    let said = sql(&host, "SELECT 1").await;
    assert!(said.contains("error connecting to server"), "{said}");
    assert!(
        !said.contains("nowhere"),
        "plugins are not told where: {said}"
    );
}

#[tokio::test]
async fn what_nobody_waits_for_is_stopped_however_the_server_is_reached() {
    let server = TlsPostgres::start().await;
    for text in texts(server.port()) {
        let host = host_on(server.database().reached_by(&text)).await;
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
}

#[tokio::test]
async fn a_server_of_the_kind_that_is_wanted_is_taken() {
    let servers = ReplicatedPostgres::start().await;
    let (primary, standby) = servers.create_database().await;
    let (primary_host, primary_port, name) = primary.socket();
    let (standby_host, standby_port, _) = standby.socket();
    let user = primary.config_user();
    for (wanted, is_standby) in [("read-write", false), ("read-only", true)] {
        // The other one first.
        let (hosts, ports) = match is_standby {
            true => (
                format!("{primary_host},{standby_host}"),
                format!("{primary_port},{standby_port}"),
            ),
            false => (
                format!("{standby_host},{primary_host}"),
                format!("{standby_port},{primary_port}"),
            ),
        };
        let text = format!(
            "host={hosts} port={ports} user={user} dbname={name} target_session_attrs={wanted}"
        );
        let host = host_on(primary.reached_by(text)).await;
        let asked = format!("SELECT FROM pg_is_in_recovery() i WHERE i = {is_standby}");
        assert_eq!(sql(&host, &asked).await, "1 rows", "{wanted}");
    }
    let text = format!(
        "host={standby_host} port={standby_port} user={user} dbname={name} \
         target_session_attrs=read-write"
    );
    let host = host_on(primary.reached_by(text)).await;
    let said = sql(&host, "SELECT 1").await;
    assert!(said.contains("takes no writes"), "{said}");
}

#[tokio::test]
async fn passwords_are_bound_to_the_servers_certificate() {
    let server = TlsPostgres::start().await;
    let postgres = server.database().connect().await;
    let create = "CREATE ROLE scram LOGIN PASSWORD 'hunter2'";
    postgres.batch_execute(create).await.expect("a role");
    let port = server.port();
    let url = |binding: &str, sslmode: &str| {
        format!(
            "postgres://scram:hunter2@db.example:{port}/postgres?hostaddr=127.0.0.1\
             &sslmode={sslmode}&channel_binding={binding}"
        )
    };
    for binding in ["require", "prefer", "disable"] {
        let database = server.database().reached_by(url(binding, "require"));
        let host = host_on(database.certified_by(server.ca_file())).await;
        assert_eq!(sql(&host, "SELECT 1").await, "1 rows", "{binding}");
    }
    let plain = server.database().reached_by(url("require", "disable"));
    let said = sql(&host_on(plain).await, "SELECT 1").await;
    assert!(said.contains("channel binding"), "{said}");
}
