//! Statements that cost the host more than their sender.

use super::*;

#[tokio::test]
async fn comments_in_comments() {
    harmless(async |site| {
        let sql = "/* ".repeat(600_000);
        for way in ["query", "execute", "pipeline", "start", "copy out"] {
            let steps = json!([{ "way": "begin" }, { "way": way, "sql": sql }]);
            at_once(2, async || site.script(&steps).await).await;
        }
    })
    .await;
}

#[tokio::test]
async fn texts_of_tens_of_megabytes() {
    harmless(async |site| {
        // The plugin makes it of a little.
        let step = json!({ "sql": "SELECT 1", "types": 8_000_000, "parameters": 20_000_000 });
        let said = site.script(&json!([step])).await;
        assert!(said.text().starts_with("refused"), "{said:?}");
    })
    .await;
}

#[tokio::test]
async fn parameters_that_no_statement_has() {
    harmless(async |site| {
        let step = json!({ "sql": "SELECT {n}", "types": 65_535, "times": 20 });
        let said = site.script(&json!([step])).await;
        assert!(said.text().contains("65535 values"), "{said:?}");
    })
    .await;
}

#[tokio::test]
async fn statements_of_as_many_columns_as_there_may_be() {
    harmless(async |site| {
        let columns = vec!["1"; 1_664].join(", ");
        let step = json!({ "sql": format!("SELECT {columns} -- {{n}}"), "times": 200 });
        at_once(3, async || site.script(&json!([step])).await).await;
    })
    .await;
}

#[tokio::test]
async fn templates_of_as_many_marks_as_there_may_be() {
    harmless(async |site| {
        let template = "\u{0}".repeat(2_000);
        for number in 0..60 {
            let sql = format!("SELECT {number}");
            let columns = vec![0; 2_000];
            let wanted = json!({ "sql": sql, "template": template, "columns": columns });
            assert_eq!(site.reply(&wanted).await.status, 200);
        }
    })
    .await;
}

#[tokio::test]
async fn results_that_are_not_fetched() {
    harmless(async |site| {
        let start = json!({ "sql": "SELECT repeat('x', 10000000)", "way": "start", "times": 32 });
        let compute = json!({ "way": "compute", "timeout_ms": 400 });
        at_once(4, async || site.script(&json!([start, compute])).await).await;
    })
    .await;
}

#[tokio::test]
async fn transactions_without_end() {
    harmless(async |site| {
        let steps: Vec<_> = (0..2_000)
            .flat_map(|_| [json!({ "way": "begin" }), json!({ "way": "commit" })])
            .collect();
        let said = site.script(&json!(steps)).await;
        if said.status == 200 {
            assert!(
                said.text().contains("no more transactions"),
                "{:.200}",
                said.text()
            );
        }
    })
    .await;
}

#[tokio::test]
async fn rows_that_only_the_host_reads() {
    harmless(async |site| {
        let sql = "SELECT generate_series(1, 50000)";
        let steps = json!([{ "sql": sql, "way": "execute", "times": 1000 }]);
        let answers = at_once(2, async || site.script(&steps).await).await;
        for answer in answers {
            let told = answer.status == 508 || answer.text().contains("cpu_ms_max");
            assert!(told, "the host's time is the plugin's: {answer:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_load_that_is_never_finished() {
    harmless(async |site| {
        let postgres = site.0.postgres().await;
        let table = "CREATE TABLE hostile.loaded (a text); GRANT ALL ON hostile.loaded TO PUBLIC";
        postgres.batch_execute(table).await.expect("a table");
        let steps = json!([
            { "way": "begin" },
            { "way": "copy in", "sql": "COPY loaded FROM STDIN" },
            { "way": "copy write", "parameters": 65_000, "byte": 97, "times": 1_000 },
        ]);
        at_once(4, async || site.script(&steps).await).await;
    })
    .await;
}

#[tokio::test]
async fn statements_that_wait_for_each_other() {
    harmless(async |site| {
        let step = json!([{ "sql": "SELECT pg_sleep(30)" }]);
        at_once(100, async || site.script(&step).await).await;
    })
    .await;
}
