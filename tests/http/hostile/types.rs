//! Types of a database's own, nested and large.

use super::*;

/// Makes types in the schema of the plugin, as its owner could.
async fn make(site: &Site, sql: &str) {
    let postgres = site.0.postgres().await;
    let sql = format!("SET search_path = hostile; {sql}; GRANT USAGE ON SCHEMA hostile TO PUBLIC");
    postgres.batch_execute(&sql).await.expect("types");
}

/// A loop of Postgres' own.
fn each(count: u32, first: &str, next: &str) -> String {
    format!(
        "{first}; DO $do$ BEGIN FOR i IN 1..{count} LOOP \
         EXECUTE format($sql${next}$sql$, i, i - 1); END LOOP; END $do$"
    )
}

/// Selects a value of a type in each of the ways there are.
async fn select(site: &Site, ty: &str) {
    let sql = format!("SELECT NULL::hostile.{ty}");
    let parameter = format!("SELECT $1::hostile.{ty} IS NULL");
    let null: Value =
        json!({ "sql": parameter, "types": 1, "ty": 0, "parameters": 4, "byte": 255 });
    for steps in [
        json!([{ "sql": sql }]),
        json!([{ "sql": sql, "way": "pipeline" }]),
        json!([{ "sql": sql, "way": "start" }, { "way": "wait" }]),
        json!([{ "way": "begin" }, { "sql": sql }]),
        json!([{ "sql": sql, "timeout_ms": 2000 }]),
        Value::Array(vec![null]),
    ] {
        let said = site.script(&steps).await;
        assert!(
            said.text().contains("1 rows") || said.text().contains("10 results"),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn domains_over_domains() {
    harmless(async |site| {
        let next = "CREATE DOMAIN d%s AS d%s";
        make(site, &each(3_000, "CREATE DOMAIN d0 AS text", next)).await;
        select(site, "d3000").await;
        // Of a column Postgres tells what its domain is over.
        let deep = json!({ "sql": "SELECT NULL::hostile.d3000" });
        assert_eq!(site.reply(&deep).await.text(), "[null]");
        let array = |depth| format!("SELECT NULL::hostile.d{depth}[]");
        assert_eq!(
            site.reply(&json!({ "sql": array(3) })).await.text(),
            "[null]"
        );
        site.reply(&json!({ "sql": array(3_000) }))
            .await
            .problem(500);
    })
    .await;
}

#[tokio::test]
async fn row_types_of_row_types() {
    harmless(async |site| {
        let next = "CREATE TYPE r%s AS (inner_row r%s)";
        make(site, &each(3_000, "CREATE TYPE r0 AS (a int)", next)).await;
        select(site, "r3000").await;
        let deep = json!({ "sql": "SELECT NULL::hostile.r3000" });
        site.reply(&deep).await.problem(500);
    })
    .await;
}

#[tokio::test]
async fn an_enum_of_a_million_labels() {
    harmless(async |site| {
        // Statement by statement it would take an hour.
        make(
            site,
            "SET allow_system_table_mods = on; CREATE TYPE e AS ENUM ('first'); \
             INSERT INTO pg_enum SELECT 1000000 + i, 'e'::regtype, i + 1, 'label ' || i \
             FROM generate_series(1, 1000000) i",
        )
        .await;
        select(site, "e").await;
        let first = json!({ "sql": "SELECT 'first'::hostile.e" });
        assert_eq!(site.reply(&first).await.text(), "[\"first\"]");
    })
    .await;
}
