//! Numbers in JSON: of those that Rust has no place for none comes back as
//! another.

use plinth::http::Json;
use plinth::prelude::*;
use plinth_tests::native_database;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

#[derive(Model, Debug)]
#[model(table = "papers")]
struct Paper {
    #[model(key)]
    id: i32,
    doc: Value,
    typed: Option<Json<Vec<f64>>>,
    many: Vec<Value>,
}

/// One paper, and a number that no Rust type holds in all its columns.
fn paper() -> Db {
    let db = native_database(&[Paper::META]);
    let sql = "INSERT INTO papers VALUES (1, \
               '{\"n\": 12345678901234567890123, \"m\": 1.10, \"k\": -0}', \
               '[0.12345678901234567890]', ARRAY[CAST('1e400' AS jsonb)])";
    db.execute(sql, &[]).expect("inserts");
    db
}

#[test]
fn a_document_is_not_read_with_another_number_in_it() {
    let db = paper();
    let errors = [
        Paper::objects()
            .values(Paper::doc)
            .all(&db)
            .expect_err("a number")
            .to_string(),
        Paper::objects()
            .values(Paper::typed)
            .all(&db)
            .expect_err("a number")
            .to_string(),
        Paper::objects()
            .values(Paper::many)
            .all(&db)
            .expect_err("a number")
            .to_string(),
        Paper::objects().all(&db).expect_err("a number").to_string(),
    ];
    assert!(errors[0].contains("12345678901234567890123"), "{errors:?}");
    assert!(errors[1].contains("0.12345678901234567890"), "{errors:?}");
    assert!(errors[2].contains("10000000"), "{errors:?}");
    assert!(errors[3].contains("doc"), "{errors:?}");
    let whole = db
        .query("SELECT CAST(doc AS json) FROM papers", &[])
        .expect("a query");
    assert!(whole.first().expect("a row").get::<Value>(0).is_err());
}

#[test]
fn its_numbers_are_read_as_text_and_as_decimals() {
    let db = paper();
    let n = || Paper::doc.text("n");
    let read = Paper::objects().values((
        n(),
        n().cast::<Option<Decimal>>(),
        Paper::doc.key("m"),
        Paper::doc.without_key("n"),
    ));
    let (text, decimal, exact, rest) = read.get(&db).expect("a query");
    assert_eq!(text.as_deref(), Some("12345678901234567890123"));
    assert_eq!(decimal, "12345678901234567890123".parse().ok());
    assert_eq!(exact, Some(json!(1.1)));
    assert_eq!(rest, json!({ "m": 1.1, "k": 0 }));
    // Changing another key in Postgres leaves the number as it is.
    let change = Paper::doc.merge(json!({ "m": 2 }));
    let update = Paper::objects().update([Paper::doc.set(change)]);
    update.execute(&db).expect("an update");
    assert_eq!(
        Paper::objects().values(n()).get(&db).expect("a query"),
        text
    );
}

/// Whatever a document holds, it is equal for Postgres when it is written back,
/// or was not read.
#[test]
fn what_is_read_is_written_back_equal() {
    let db = native_database(&[]);
    let digits = || "[0-9]{1,22}";
    let number = (
        any::<bool>(),
        digits(),
        proptest::option::of(digits()),
        -340..340_i32,
    )
        .prop_map(|(is_negative, whole, fraction, exponent)| {
            let whole = whole.trim_start_matches('0');
            let whole = if whole.is_empty() { "0" } else { whole };
            let sign = if is_negative { "-" } else { "" };
            match fraction {
                Some(fraction) if exponent % 3 == 0 => format!("{sign}{whole}.{fraction}"),
                Some(fraction) => format!("{sign}{whole}.{fraction}e{exponent}"),
                None => format!("{sign}{whole}"),
            }
        });
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&number, |number| {
        let read = db
            .query("SELECT $1::text::jsonb", &[&number])
            .expect("a query");
        let Ok(read) = read.first().expect("a row").get::<Value>(0) else {
            return Ok(());
        };
        let equal = db
            .query("SELECT $1 = $2::text::jsonb", &[&read, &number])
            .expect("a query");
        let is_equal: bool = equal.first().expect("a row").get(0).expect("a bool");
        prop_assert!(is_equal, "{number} was read as {read}");
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
}
