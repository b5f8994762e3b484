//! Rows and values that are too large, or become so.

use super::*;

const HUGE: &str = "SELECT repeat('x', 300000000)";

async fn refused(site: &Site, steps: Value) {
    let said = site.script(&steps).await;
    assert!(said.text().contains("result_bytes_max"), "{said:?}");
}

#[tokio::test]
async fn a_row_of_hundreds_of_megabytes() {
    harmless(async |site| {
        for steps in [
            json!([{ "sql": HUGE }]),
            json!([{ "sql": HUGE, "way": "pipeline" }]),
            json!([{ "sql": HUGE, "way": "execute" }]),
            json!([{ "sql": HUGE, "timeout_ms": 2500 }]),
            json!([{ "sql": HUGE, "way": "start" }, { "way": "wait" }]),
            json!([{ "way": "begin" }, { "sql": HUGE }]),
        ] {
            refused(site, steps).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_row_of_a_copy_of_hundreds_of_megabytes() {
    harmless(async |site| {
        let sql = format!("COPY ({HUGE}) TO STDOUT");
        refused(
            site,
            json!([{ "way": "begin" }, { "way": "copy out", "sql": sql }]),
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_row_of_hundreds_of_megabytes_as_an_answer() {
    harmless(async |site| {
        for is_streamed in [false, true] {
            let wanted = json!({ "sql": HUGE, "is_streamed": is_streamed });
            site.reply(&wanted).await.problem(500);
        }
    })
    .await;
}

#[tokio::test]
async fn one_large_row_does_not_take_others_with_it() {
    let site = Site::start().await;
    // On the connection that they share.
    let small = json!([{ "sql": "SELECT repeat('x', 10)" }]);
    for _ in 0..20 {
        site.script(&small).await;
    }
    let others = async {
        for _ in 0..200 {
            let said = site.script(&small).await;
            assert_eq!(said.text(), "1 rows, 14 bytes");
        }
    };
    let large = async {
        for _ in 0..5 {
            refused(&site, json!([{ "sql": "SELECT repeat('x', 30000000)" }])).await;
        }
    };
    tokio::join!(others, large);
}

#[tokio::test]
async fn rows_without_end() {
    harmless(async |site| {
        let endless = "SELECT generate_series(1, 1000000000), repeat('x', 1000)";
        for way in ["query", "execute", "pipeline"] {
            refused(site, json!([{ "sql": endless, "way": way }])).await;
        }
    })
    .await;
}

#[tokio::test]
async fn numbers_of_few_bytes_and_many_digits() {
    harmless(async |site| {
        for sql in [
            "SELECT array_fill('1e131071'::numeric, ARRAY[3000])",
            "SELECT array_fill('1e-16383'::numeric, ARRAY[20000])",
        ] {
            at_once(2, async || {
                for is_streamed in [false, true] {
                    let wanted = json!({ "sql": sql, "is_streamed": is_streamed });
                    let status = site.reply(&wanted).await.status.as_u16();
                    // Two at once are more streams than the plugin's part of the pool allows.
                    assert!(status == 500 || is_streamed && status == 503, "{status}");
                }
            })
            .await;
        }
    })
    .await;
}

#[tokio::test]
async fn values_that_grow_as_they_are_written() {
    harmless(async |site| {
        for sql in [
            "SELECT repeat(chr(1), 8000000)",
            "SELECT decode(repeat('ff', 8000000), 'hex')",
            "SELECT repeat('1', 60000000)::bit(60000000)",
            "SELECT array_fill(repeat(chr(1), 100), ARRAY[100000])",
        ] {
            let answer = site.reply(&json!({ "sql": sql })).await;
            assert_eq!(answer.status, 500, "{sql}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_value_named_ten_thousand_times() {
    harmless(async |site| {
        for (marks, sql) in [(2_000, "SELECT repeat('x', 1000000)"), (60_000, "SELECT 1")] {
            let template = "\u{0}".repeat(marks);
            let columns = vec![0; marks];
            let wanted = json!({ "sql": sql, "template": template, "columns": columns });
            site.reply(&wanted).await.problem(500);
        }
    })
    .await;
}

#[tokio::test]
async fn what_stands_around_rows_counts_too() {
    harmless(async |site| {
        let much = "x".repeat(1_500_000);
        let none = "SELECT 1 WHERE false";
        for wanted in [
            json!({ "sql": none, "before": much }),
            json!({ "sql": none, "after": much }),
            json!({ "sql": "SELECT generate_series(1, 3)", "separator": much }),
        ] {
            site.reply(&wanted).await.problem(500);
        }
    })
    .await;
}
