//! Queries that plugins answer with: what the host writes, and what it does when
//! something goes wrong.

mod streams;

use std::time::Duration;

use http::{Method, StatusCode};
use plinth_tests::{Answer, Options, TestHost};
use serde_json::{Value, json};

/// Each column's values, one a row: all that is hard to write.
const VALUES: &[(&str, &[&str])] = &[
    ("truth", &["true", "false"]),
    ("small", &["-32768", "32767"]),
    (
        "large",
        &["-9223372036854775808", "9223372036854775807", "0"],
    ),
    (
        "real",
        &[
            "1.5",
            "'-0'",
            "3.4028235e38",
            "'Infinity'",
            "'NaN'",
            "1e-45",
            "16777216",
        ],
    ),
    (
        "double",
        &[
            "0.1",
            "2.2250738585072014e-308",
            "1.7976931348623157e308",
            "'-Infinity'",
            "'NaN'",
            "5e-324",
            "1e21",
            "123456789012345680",
            "1",
        ],
    ),
    (
        "exact",
        &[
            "0",
            "0.00",
            "-1",
            "10000",
            "19.99",
            "-0.0001",
            "79228162514264337593543950335",
            "-7.9228162514264337593543950335",
            "0.0000000000000000000000000001",
            "100000000.00001",
        ],
    ),
    (
        "text",
        &[
            "''",
            r#"E'it''s \\ "%_\n$1 é 😀'"#,
            r"E'\x01\x08\t\x0c\r\x1f\x7f'",
            "repeat('x', 1000)",
            r#"'12345678"'"#,
            r"E'\u2028</script>'",
        ],
    ),
    ("bytes", &["''", r"'\x00ff275c'"]),
    ("uuid", &["'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'"]),
    (
        "instant",
        &[
            "'2024-02-29T01:02:03.000001Z'",
            "'1969-12-31T23:59:59.999999Z'",
            "'0044-03-15T01:02:03Z BC'",
            "'2000-01-01T00:00:00Z'",
            "'2100-03-01T00:00:00.5Z'",
            "'1900-02-28T23:59:59.1Z'",
        ],
    ),
    (
        "day",
        &[
            "'2024-02-29'",
            "'9999-12-31'",
            "'0001-01-01'",
            "'0001-12-31 BC'",
            "'4714-11-24 BC'",
        ],
    ),
    (
        "local",
        &[
            "'9999-12-31 23:59:59.999999'",
            "'1969-12-31 23:59:59.000001'",
            "'0044-03-15 01:02:03 BC'",
            "'4714-11-24 00:00:00 BC'",
        ],
    ),
    ("clock", &["'00:00'", "'23:59:59.999999'", "'01:02:03.1'"]),
    (
        "zoned_clock",
        &[
            "'04:05:06.5+05:30'",
            "'00:00:00-15:59:59'",
            "'00:00:00Z'",
            "'01:00-07'",
        ],
    ),
    (
        "span",
        &[
            "'0'",
            "'14 months'",
            "'-3 days 4 hours'",
            "'-1 year -1 month 5 days -00:01:30.000001'",
            "'178956970 years 7 mons 2147483647 days 2562047788:00:54.775806'",
            "'-0.5 seconds'",
            "'1 hour 0.25 seconds'",
        ],
    ),
    ("document", &["'[]'", "'{}'", "'7'", "'null'", r#"'"é\n"'"#]),
    (
        "host",
        &[
            "'10.1.2.3/8'",
            "'10.1.2.3'",
            "'::/0'",
            "'2001:db8::1/32'",
            "'::1'",
        ],
    ),
    (
        "network",
        &[
            "'0.0.0.0/0'",
            "'10.0.0.0/8'",
            "'2001:db8::/32'",
            "'10.1.2.3/32'",
        ],
    ),
    ("address", &["'10.1.2.3'", "'::1'", "'::ffff:10.0.0.1'"]),
    ("card", &["'08:00:2b:01:02:ff'"]),
    ("amount", &["'19.99'", "'-0.05'", "0"]),
    ("bits", &["''", "'0'", "'1011'", "'111111110'"]),
    (
        "position",
        &["'16/B374D848'", "'FFFFFFFF/FFFFFFFF'", "'0/0'"],
    ),
    ("markup", &[r#"'<a b="c">é</a>'"#]),
    ("mood", &["'glad'", "'sad'"]),
    ("numbers", &["'empty'", "'(,)'", "'[-3,5)'", "'[1,)'"]),
    ("prices", &["'(1,10]'", "'[-1.50,2.25)'", "'(,7]'"]),
    ("days", &["'[2024-01-01,2024-02-29)'", "'[2024-01-01,)'"]),
    (
        "instants",
        &["'[2024-02-29 01:02:03+00,2025-01-01 00:00+00]'"],
    ),
    ("truths", &["'{t,NULL,f}'", "'{}'"]),
    ("smalls", &["'{1,NULL,-1}'"]),
    ("larges", &["'{1,NULL,9223372036854775807}'"]),
    ("doubles", &["'{0.1,NULL,NaN,1}'"]),
    ("exacts", &["'{0.10,NULL,-12345678901234567890}'"]),
    (
        "texts",
        &[r#"ARRAY['', NULL, 'NULL', '{a,b}', E'"\\']"#, "'{}'"],
    ),
    ("uuids", &["'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,NULL}'"]),
    ("times", &["'{2024-02-29T01:02:03Z,NULL}'"]),
    ("spans", &["'{1 month,NULL}'"]),
    ("next_id", &["1", "2"]),
    ("secret", &["'hunter2'"]),
];

/// A host whose table holds every value, and a row of NULLs.
async fn everything() -> TestHost {
    let host = TestHost::start("replies").await;
    let most = VALUES.iter().map(|(_, values)| values.len()).max();
    let mut sql = String::new();
    for row in 0..=most.unwrap_or_default() {
        let present = VALUES.iter().filter_map(|(column, values)| {
            let value = values.get(row)?;
            Some((column, value))
        });
        let (columns, values): (Vec<_>, Vec<_>) = present.map(|(c, v)| (*c, *v)).unzip();
        let columns = ["id"]
            .into_iter()
            .chain(columns)
            .collect::<Vec<_>>()
            .join(", ");
        let id = (row + 1).to_string();
        let values = [id.as_str()]
            .into_iter()
            .chain(values)
            .collect::<Vec<_>>()
            .join(", ");
        sql += &format!("INSERT INTO everything ({columns}) VALUES ({values}); ");
    }
    let postgres = host.postgres().await;
    postgres
        .batch_execute(&format!(
            "SET lc_monetary = 'C'; SET timezone = 'UTC'; {sql}"
        ))
        .await
        .expect("inserts");
    host
}

async fn with(change: impl FnOnce(&mut Options)) -> TestHost {
    TestHost::with("replies", change).await
}

/// Asks for an answer past the SDK.
async fn raw(host: &TestHost, wanted: &Value) -> Answer {
    host.client()
        .await
        .json(Method::POST, "/raw/x", wanted)
        .await
}

/// The text that a value becomes.
async fn written(host: &TestHost, sql: &str) -> String {
    let answer = raw(host, &json!({ "sql": sql })).await;
    assert_eq!(answer.status, StatusCode::OK, "{sql}: {answer:?}");
    answer.text().to_owned()
}

#[tokio::test]
async fn the_host_writes_what_serde_would() {
    let host = everything().await;
    let by_serde = host.get("/everything/serde").await;
    assert_eq!(by_serde.status, 200, "{by_serde:?}");
    let by_host = host.get("/everything/host").await;
    assert_eq!(by_host.header("content-type"), "application/json");
    assert_eq!(
        by_host.header("content-length"),
        by_host.body.len().to_string()
    );
    // Row by row first, for a failure that can be read.
    let rows = |answer: &Answer| answer.json().as_array().expect("rows").clone();
    for (host, serde) in rows(&by_host).iter().zip(rows(&by_serde)) {
        assert_eq!(*host, serde);
    }
    assert_eq!(by_host.text(), by_serde.text());
    assert_eq!(
        host.get("/everything/host/streamed").await.text(),
        by_serde.text()
    );
    assert!(!by_host.text().contains("hunter2"));
}

#[tokio::test]
async fn one_row_is_an_object_and_none_a_404() {
    let host = everything().await;
    for id in [1, 2, 11] {
        let by_serde = host.get(&format!("/one/serde/{id}")).await;
        let by_host = host.get(&format!("/one/host/{id}")).await;
        assert_eq!(by_host.status, 200, "{by_host:?}");
        assert_eq!(by_host.text(), by_serde.text());
    }
    let (by_serde, by_host) = (
        host.get("/one/serde/99").await,
        host.get("/one/host/99").await,
    );
    let mut problems = [by_serde.problem(404), by_host.problem(404)];
    for problem in &mut problems {
        problem["request_id"].take();
    }
    assert_eq!(problems[0], problems[1]);
}

#[tokio::test]
async fn an_envelope_stands_around_the_rows() {
    let host = everything().await;
    let cards = host.get("/cards").await;
    assert_eq!(cards.status, 203);
    let text = cards.text();
    assert!(
        text.starts_with(r#"{"items":[{"id":1,"nextText":"#),
        "{text}"
    );
    assert!(
        text.ends_with(r#"{"id":11,"nextText":null}],"limit":7}"#),
        "{text}"
    );
    assert_eq!(host.get("/pairs").await.json()[2], json!([3, 6]));
}

#[tokio::test]
async fn what_rust_types_cannot_hold_is_written_as_postgres_has_it() {
    let host = TestHost::start("replies").await;
    host.postgres()
        .await
        .batch_execute(
            "CREATE TYPE weather AS ENUM ('so-so'); CREATE DOMAIN age AS int4; \
             CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS hstore; \
             GRANT USAGE ON SCHEMA public TO PUBLIC",
        )
        .await
        .expect("types");
    for (sql, expected) in [
        ("'NaN'::numeric", r#"["NaN"]"#),
        ("'-Infinity'::numeric", r#"["-Infinity"]"#),
        (
            "10::numeric ^ 30",
            r#"["1000000000000000000000000000000.0000000000000000"]"#,
        ),
        (
            "1e-40::numeric",
            r#"["0.0000000000000000000000000000000000000001"]"#,
        ),
        ("'infinity'::date", r#"["infinity"]"#),
        ("'-infinity'::timestamptz", r#"["-infinity"]"#),
        ("'10000-01-01'::date", r#"["+010000-01-01"]"#),
        ("'5874897-12-31'::date", r#"["+5874897-12-31"]"#),
        ("'4713-11-24 BC'::date", r#"["-004712-11-24"]"#),
        (
            "'4713-11-24 00:00 BC'::timestamp",
            r#"["-004712-11-24T00:00:00"]"#,
        ),
        (
            "'294276-12-31 23:59:59.999999'::timestamp",
            r#"["+294276-12-31T23:59:59.999999"]"#,
        ),
        ("'24:00'::time", r#"["24:00:00"]"#),
        ("'{{1,2},{3,NULL}}'::int4[]", "[[[1,2],[3,null]]]"),
        ("'[3:4]={7,8}'::int4[]", "[[7,8]]"),
        (
            r#"'{"b": 1.50, "a": [null]}'::json"#,
            r#"[{"b": 1.50, "a": [null]}]"#,
        ),
        (
            r#"'{"b":1.50,"a":[null]}'::jsonb"#,
            r#"[{"a": [null], "b": 1.50}]"#,
        ),
        ("'a'::\"char\"", r#"["a"]"#),
        ("''::\"char\"", r#"[""]"#),
        ("'a'::char(3)", r#"["a  "]"#),
        ("'a'::name", r#"["a"]"#),
        ("7::oid", "[7]"),
        ("'so-so'::weather", r#"["so-so"]"#),
        ("'{so-so}'::weather[]", r#"[["so-so"]]"#),
        ("'7'::age", "[7]"),
        ("NULL::int", "[null]"),
    ] {
        assert_eq!(
            written(&host, &format!("SELECT {sql}")).await,
            expected,
            "{sql}"
        );
    }
    let find = "SELECT typname, typnamespace::regnamespace::text FROM pg_type \
                WHERE typname IN ('citext', 'hstore')";
    for row in host.postgres().await.query(find, &[]).await.expect("types") {
        let (name, schema): (String, String) = (row.get(0), row.get(1));
        let (value, expected) = match name.as_str() {
            "citext" => ("'É'", r#"["É"]"#),
            _ => (r#"'b=>NULL, aa=>"1\""'"#, r#"[{"aa":"1\"","b":null}]"#),
        };
        let sql = format!("SELECT {value}::{schema}.{name}");
        assert_eq!(written(&host, &sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn a_record_is_one_line_whatever_its_json_is() {
    let host = TestHost::start("replies").await;
    for (value, expected) in [
        (
            "E'[\\n{\"id\":99,\"admin\":true}\\r\\n]'::json",
            json!([{ "id": 99, "admin": true }]),
        ),
        (
            "row_to_json(x, true) FROM (SELECT 1 AS a, E'b\\nc' AS b) x",
            json!({ "a": 1, "b": "b\nc" }),
        ),
        (
            "ARRAY[E'{\\n\"a\":\\r1}'::json, NULL, '\"\\\\n\"']",
            json!([{ "a": 1 }, null, "\\n"]),
        ),
        ("row_to_json(ROW(E'[\\n1\\n]'::json))", json!({ "f1": [1] })),
        ("E'[\\n1]'::jsonb", json!([1])),
    ] {
        for is_streamed in [false, true] {
            let sql = format!("SELECT {value}");
            let answer = raw(
                &host,
                &json!({
                    "sql": sql, "before": "", "separator": "\n", "after": "\n",
                    "is_streamed": is_streamed,
                }),
            )
            .await;
            let lines: Vec<_> = answer.text().split(['\n', '\r']).collect();
            let [record, ""] = lines[..] else {
                panic!("{value}: {lines:?}");
            };
            let record: Value = serde_json::from_str(record).expect("JSON");
            assert_eq!(record, expected, "{value}");
        }
    }
}

#[tokio::test]
async fn a_type_that_is_not_written_is_refused_before_the_query_runs() {
    let host = with(|options| options.dev = true).await;
    let table = "CREATE TABLE ran (n int); GRANT ALL ON ran TO PUBLIC";
    host.postgres()
        .await
        .batch_execute(table)
        .await
        .expect("a table");
    for ty in ["point", "tsvector", "record", "int4multirange"] {
        let value = match ty {
            "point" => "point(1, 2)",
            "tsvector" => "'a'::tsvector",
            "record" => "ROW(1)",
            _ => "'{}'::int4multirange",
        };
        let sql = format!("INSERT INTO ran VALUES (1) RETURNING {value} AS odd");
        let problem = raw(&host, &json!({ "sql": sql })).await.problem(500);
        let cause = problem["cause"].as_str().expect("a cause");
        assert!(cause.contains(ty) && cause.contains("\"odd\""), "{cause}");
    }
    assert_eq!(written(&host, "SELECT count(*) FROM ran").await, "[0]");
}

#[tokio::test]
async fn projections_without_sense_are_refused() {
    let host = with(|options| options.dev = true).await;
    for (wanted, said) in [
        (json!({ "columns": [1] }), "does not return"),
        (json!({ "columns": [65535] }), "does not return"),
        (json!({ "columns": [] }), "does not return"),
        (json!({ "columns": [0, 0] }), "more columns"),
        (
            json!({ "template": "\u{1}\u{0}", "columns": [0, 0] }),
            "in pairs",
        ),
        (json!({ "template": "\u{0}\u{2}" }), "in pairs"),
        (
            json!({ "template": "x".repeat(100_000), "columns": [] }),
            "bytes",
        ),
        (json!({ "sql": "BEGIN" }), "transaction"),
        (json!({ "sql": "SELECT $1::int4" }), "parameters"),
        (json!({ "sql": "SELEC 1" }), "syntax"),
        (json!({ "sql": "" }), "does not return"),
        (json!({ "database": "other" }), "other"),
    ] {
        for is_streamed in [false, true] {
            let mut wanted = wanted.clone();
            wanted["is_streamed"] = is_streamed.into();
            let problem = raw(&host, &wanted).await.problem(500);
            let cause = problem["cause"].as_str().expect("a cause");
            assert!(cause.contains(said), "{wanted}: {cause}");
        }
    }
    assert_eq!(written(&host, "SELECT 7").await, "[7]");
    host.connections_at_rest().await;
}

#[tokio::test]
async fn a_part_of_a_row_can_be_null_as_a_whole() {
    let host = TestHost::start("replies").await;
    let wanted = json!({
        "sql": "VALUES (1, 'Ann', 7), (2, NULL, NULL)",
        "template": "{\"id\":\u{0},\"boss\":\u{1}{\"name\":\u{0}}\u{2}}",
        "columns": [0, 2, 1],
    });
    let expected = r#"[{"id":1,"boss":{"name":"Ann"}},{"id":2,"boss":null}]"#;
    assert_eq!(raw(&host, &wanted).await.text(), expected);
}

#[tokio::test]
async fn a_plan_is_of_its_projection() {
    let host = TestHost::start("replies").await;
    for _ in 0..3 {
        for (template, expected) in [("\u{0}", "[1]"), ("[\u{0}]", "[[1]]")] {
            let wanted = json!({ "sql": "SELECT 1, 2", "template": template });
            assert_eq!(raw(&host, &wanted).await.text(), expected);
            let second = json!({ "sql": "SELECT 1, 2", "columns": [1] });
            assert_eq!(raw(&host, &second).await.text(), "[2]");
        }
    }
}

#[tokio::test]
async fn failures_have_the_status_of_their_cause() {
    let host = with(|options| options.database.statement_timeout_ms = 300).await;
    for is_streamed in [false, true] {
        let wanted = |sql: &str| json!({ "sql": sql, "is_streamed": is_streamed });
        raw(&host, &wanted("SELECT 1 / 0")).await.problem(500);
        raw(&host, &wanted("SELECT 70000::int2")).await.problem(400);
        let mut slow = wanted("SELECT pg_sleep(30)::text");
        slow["timeout_ms"] = 200.into();
        raw(&host, &slow).await.problem(504);
        let mut one = wanted("SELECT 1 WHERE false");
        one["is_one"] = true.into();
        raw(&host, &one).await.problem(404);
        one["sql"] = "SELECT generate_series(1, 1000000)".into();
        raw(&host, &one).await.problem(500);
    }
    raw(&host, &json!({ "sql": "SELECT pg_sleep(30)::text" }))
        .await
        .problem(504);
    let problem = raw(&host, &json!({ "status": 42 })).await.problem(500);
    assert_eq!(problem["type"], "urn:plinth:problem:bad-reply");
    host.connections_at_rest().await;
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_and_its_query_stopped() {
    let host = with(|options| options.plugin.limits.reply_bytes_max = 100_000).await;
    let endless = json!({ "sql": "SELECT generate_series(1, 1000000000)" });
    let problem = raw(&host, &endless).await.problem(500);
    assert_eq!(problem["type"], "urn:plinth:problem:bad-reply");
    // A value of a hundred kilobytes, ten thousand times in each row.
    let sql = "SELECT repeat('x', 90000) FROM generate_series(1, 10)";
    for is_streamed in [false, true] {
        let template = "\u{0}".repeat(10_000);
        let columns = vec![0; 10_000];
        let much = json!({ "sql": sql, "template": template, "columns": columns, "is_streamed": is_streamed });
        raw(&host, &much).await.problem(500);
    }
    let rest = tokio::time::timeout(Duration::from_secs(10), host.connections_at_rest());
    rest.await.expect("stopped soon");
}

#[tokio::test]
async fn it_sees_what_the_handler_has_done() {
    let host = TestHost::start("replies").await;
    let insert = "INSERT INTO everything (id) VALUES (7)";
    let wanted = json!({ "first": insert, "sql": "SELECT id FROM everything" });
    assert_eq!(raw(&host, &wanted).await.text(), "[7]");
}

#[tokio::test]
async fn in_a_transaction_and_with_prefetched_rows_the_sdk_refuses() {
    let host = everything().await;
    host.get("/inside").await.problem(500);
    host.get("/prefetched").await.problem(500);
}

/// A host with room for one request of one plugin, and a lock that queries wait
/// for.
async fn locked(change: impl FnOnce(&mut Options)) -> (TestHost, tokio_postgres::Client) {
    let host = with(|options| {
        options.plugin.limits.instances_max = 1;
        options.plugin.limits.queue_max = 0;
        change(options);
    })
    .await;
    let postgres = host.postgres().await;
    let lock = "BEGIN; LOCK TABLE everything IN ACCESS EXCLUSIVE MODE";
    postgres.batch_execute(lock).await.expect("locks");
    (host, postgres)
}

/// Asks for rows that are locked, and waits until Postgres does.
async fn waiting(host: &TestHost) -> tokio::task::JoinHandle<Answer> {
    let mut client = host.client().await;
    let waiting = tokio::spawn(async move { client.get("/everything/host").await });
    until(host, "wait_event_type = 'Lock'").await;
    waiting
}

/// Waits until some of the host's connections are as a condition says.
async fn until(host: &TestHost, condition: &str) {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = 'plinth' AND {condition}"
    );
    let postgres = host.postgres().await;
    for _ in 0..2000 {
        let row = postgres.query_one(&sql, &[]).await.expect("counts");
        if row.get::<_, i64>(0) > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("no connection came to {condition}");
}

/// Waits until the server does nothing for the host.
async fn until_quiet(host: &TestHost) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
               AND application_name = 'plinth' AND state <> 'idle'";
    let postgres = host.postgres().await;
    host.connections_at_rest().await;
    for _ in 0..2000 {
        let row = postgres.query_one(sql, &[]).await.expect("counts");
        if row.get::<_, i64>(0) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the server went on working");
}

#[tokio::test]
async fn while_postgres_works_the_instance_serves_others() {
    let (host, postgres) = locked(|_| {}).await;
    let waiting = waiting(&host).await;
    // There is one instance, and no place in the queue.
    assert_eq!(written(&host, "SELECT 7").await, "[7]");
    postgres.batch_execute("COMMIT").await.expect("commits");
    assert_eq!(waiting.await.expect("no panic").text(), "[]");
}

#[tokio::test]
async fn there_is_a_limit_to_answers_under_way() {
    let (host, postgres) = locked(|options| options.plugin.limits.replies_max = 1).await;
    let waiting = waiting(&host).await;
    let refused = raw(&host, &json!({})).await;
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "1");
    postgres.batch_execute("COMMIT").await.expect("commits");
    assert_eq!(waiting.await.expect("no panic").status, 200);
    assert_eq!(written(&host, "SELECT 7").await, "[7]");
}

#[tokio::test]
async fn a_full_pool_is_busy() {
    let (host, postgres) = locked(|options| {
        options.database.connections_max = 1;
        options.database.acquire_timeout_ms = 100;
    })
    .await;
    let waiting = waiting(&host).await;
    let refused = raw(&host, &json!({})).await;
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "1");
    postgres.batch_execute("COMMIT").await.expect("commits");
    assert_eq!(waiting.await.expect("no panic").status, 200);
}

#[tokio::test]
async fn the_wall_time_of_a_request_goes_on() {
    let (host, _postgres) = locked(|options| options.plugin.limits.wall_ms_max = 300).await;
    let problem = host.get("/everything/host").await.problem(504);
    assert_eq!(problem["type"], "urn:plinth:problem:wall-time-limit");
    until_quiet(&host).await;
}

#[tokio::test]
async fn who_goes_away_takes_the_query_along() {
    let (host, _postgres) = locked(|_| {}).await;
    let waiting = waiting(&host).await;
    waiting.abort();
    until_quiet(&host).await;
}

#[tokio::test]
async fn head_tells_what_get_would() {
    let host = everything().await;
    let mut client = host.client().await;
    let get = client.get("/everything/host").await;
    let head = client.call(Method::HEAD, "/everything/host").await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert!(head.body.is_empty());
    client.call(Method::HEAD, "/one/host/99").await;
    assert_eq!(client.call(Method::HEAD, "/one/host/99").await.status, 404);
    // Its rows are more than a piece, so they are given up.
    let series = client.call(Method::HEAD, "/series/1000000").await;
    assert_eq!((series.status.as_u16(), series.body.len()), (200, 0));
    until_quiet(&host).await;
}
