//! Errors and notices of any length.

use super::*;

/// A block that raises something of hundreds of megabytes; as a function, which
/// the owner has made.
async fn raiser(site: &Site, level: &str) {
    let postgres = site.0.postgres().await;
    let sql = format!(
        "CREATE FUNCTION hostile.raise_{level}() RETURNS int LANGUAGE plpgsql AS $$ BEGIN \
         RAISE {level} USING MESSAGE = repeat('m', 70000000), DETAIL = repeat('d', 70000000), \
         HINT = repeat('h', 70000000); RETURN 1; END $$"
    );
    postgres.batch_execute(&sql).await.expect("a function");
}

#[tokio::test]
async fn an_error_of_hundreds_of_megabytes() {
    harmless(async |site| {
        raiser(site, "exception").await;
        let sql = "SELECT hostile.raise_exception()";
        for steps in [
            json!([{ "sql": sql }]),
            json!([{ "sql": sql, "way": "pipeline" }]),
            json!([{ "way": "begin" }, { "sql": sql }]),
        ] {
            let said = site.script(&steps).await;
            assert!(said.text().contains("mmm…"), "{:.200}", said.text());
            assert!(said.text().len() < 20_000);
        }
        site.reply(&json!({ "sql": sql })).await.problem(500);
    })
    .await;
}

#[tokio::test]
async fn a_notice_of_hundreds_of_megabytes() {
    harmless(async |site| {
        raiser(site, "notice").await;
        let said = site
            .script(&json!([{ "sql": "SELECT hostile.raise_notice()" }]))
            .await;
        assert!(said.text().starts_with("1 rows"), "{said:?}");
    })
    .await;
}
