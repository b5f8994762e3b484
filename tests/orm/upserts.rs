//! Rows that are inserted or updated: by NULLs, in batches, in tables of other
//! sorts.

use plinth::orm::{ModelMeta, excluded};
use plinth::prelude::*;
use plinth_tests::native_database;

#[expect(
    clippy::duplicated_attributes,
    reason = "a column can be in several unique constraints"
)]
#[derive(Model, Debug)]
#[model(
    table = "prices",
    unique(shop, region),
    unique(shop, code, nulls_not_distinct)
)]
struct Price {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    number: Option<i64>,
    shop: i64,
    region: Option<String>,
    code: Option<String>,
    #[model(default = 0)]
    cents: i64,
}

fn prices() -> Db {
    native_database(&[Price::META])
}

fn count(db: &Db) -> i64 {
    Price::objects().count(db).expect("a count")
}

#[test]
fn a_null_by_which_no_row_is_found_is_refused() {
    let db = prices();
    let update = || [Price::cents.set(excluded(Price::cents))];
    let one = create!(Price { shop: 1 }).on_conflict((Price::shop, Price::region));
    let null = create!(Price {
        shop: 1,
        number: None::<i64>
    })
    .on_conflict(Price::number);
    let drafts = [
        create!(Price {
            shop: 1,
            region: "north"
        }),
        create!(Price {
            shop: 2,
            region: None::<&str>
        }),
    ];
    let many = Price::objects()
        .on_conflict((Price::region, Price::shop))
        .do_update(update())
        .bulk_create(drafts, &db);
    for (refusal, names) in [
        (
            one.do_update(update()).insert(&db).map(drop),
            ["row 1", "`prices.region`"],
        ),
        (
            null.do_update(update()).insert(&db).map(drop),
            ["row 1", "`prices.number`"],
        ),
        (many.map(drop), ["row 2", "`prices.region`"]),
    ] {
        let error = refusal.expect_err("NULL finds no row");
        assert!(error.is_invalid_query(), "{error}");
        let text = error.to_string();
        assert!(names.iter().all(|name| text.contains(name)), "{text}");
        assert!(text.contains("nulls_not_distinct"), "{text}");
    }
    assert_eq!(count(&db), 0);
}

#[test]
fn where_nulls_are_the_same_they_find_the_row() {
    let db = prices();
    let insert = |cents: i64| {
        create!(Price { shop: 1, cents })
            .on_conflict((Price::shop, Price::code))
            .do_update([Price::cents.set(excluded(Price::cents))])
            .insert(&db)
            .expect("it is inserted or updated")
    };
    let (first, second) = (insert(1), insert(2));
    assert_eq!((first.1, second.1), (true, false));
    assert_eq!(
        (first.0.id, second.0.cents, count(&db)),
        (second.0.id, 2, 1)
    );
}

#[test]
fn a_row_that_is_given_twice_is_the_same_error_in_batches_of_any_size() {
    let drafts = |rows: i64, twice: i64, is_uniform: bool| -> Vec<PriceDraft> {
        let draft = move |number: i64| match is_uniform || number % 2 == 0 {
            true => create!(Price {
                number,
                shop: number,
                cents: 1
            }),
            // With a column left to the table, batches are smaller.
            false => create!(Price {
                number,
                shop: number
            }),
        };
        (0..rows).chain([twice]).map(draft).collect()
    };
    for is_uniform in [true, false] {
        for rows in [1, 199, 200, 201, 999, 1000, 1001, 2001] {
            for twice in [0, rows / 2, rows - 1] {
                let mut db = prices();
                let upsert = |drafts, db: &Db| {
                    Price::objects()
                        .on_conflict(Price::number)
                        .do_update([Price::cents.set(Price::cents + 1)])
                        .bulk_create(drafts, db)
                };
                let given = drafts(rows, twice, is_uniform);
                let error = upsert(given, &db).expect_err("one is given twice");
                let text = error.to_string();
                assert!(
                    error.is_unique_violation() && error.sqlstate().is_none(),
                    "{text}"
                );
                assert!(
                    text.contains("`prices`") && text.contains("given twice"),
                    "{text}"
                );
                assert_eq!(count(&db), 0, "{rows} {twice}");
                if twice > 0 {
                    continue;
                }
                let inside = db.transaction(|tx| upsert(drafts(rows, twice, is_uniform), tx));
                assert!(
                    inside
                        .expect_err("one is given twice")
                        .is_unique_violation()
                );
                assert_eq!(count(&db), 0);
                // Each once is well.
                let mut once = drafts(rows, twice, is_uniform);
                once.pop();
                let new = upsert(once, &db).expect("they are new");
                assert_eq!(new.iter().filter(|(_, is_new)| *is_new).count(), new.len());
            }
        }
    }
}

#[test]
fn whether_a_row_is_given_twice_is_decided_as_postgres_compares() {
    #[derive(Model, Debug)]
    #[model(table = "rates")]
    struct Rate {
        #[model(key, auto)]
        id: i64,
        #[model(unique)]
        rate: Decimal,
    }
    let db = native_database(&[Rate::META]);
    for others in [0, 1500] {
        let rates = (0..others).map(|n| Decimal::from(n + 10));
        let ends = [Decimal::new(15, 1), Decimal::new(150, 2)];
        let rates = [ends[0]].into_iter().chain(rates).chain([ends[1]]);
        let error = Rate::objects()
            .on_conflict(Rate::rate)
            .do_update([Rate::rate.set(excluded(Rate::rate))])
            .bulk_create(rates.map(|rate| create!(Rate { rate })), &db)
            .expect_err("1.5 is 1.50");
        assert!(error.is_unique_violation(), "{error}");
    }
    assert_eq!(Rate::objects().count(&db).expect("a count"), 0);
}

#[derive(Model, Debug)]
#[model(table = "measures", managed = false)]
struct Measure {
    #[model(key)]
    id: i64,
    value: i64,
}

/// The same, by a model that does not say what its table is.
#[derive(Model, Debug)]
#[model(table = "measures")]
struct Plain {
    #[model(key)]
    id: i64,
    value: i64,
}

const PARTITIONED: &[&str] = &[
    "CREATE TABLE measures (id bigint PRIMARY KEY, value bigint NOT NULL) PARTITION BY RANGE (id)",
    "CREATE TABLE measures_low PARTITION OF measures FOR VALUES FROM (0) TO (100)",
    "CREATE TABLE measures_high PARTITION OF measures FOR VALUES FROM (100) TO (9999)",
];

const VIEW: &[&str] = &[
    "CREATE TABLE measured (id bigint PRIMARY KEY, value bigint NOT NULL)",
    "CREATE VIEW measures AS SELECT id, value FROM measured",
];

/// A database whose table has no system columns to ask.
fn other_table(ddl: &[&str]) -> Db {
    let db = native_database(&[] as &[&'static ModelMeta]);
    for sql in ddl {
        db.execute(*sql, &[]).expect(sql);
    }
    db
}

#[test]
fn partitioned_tables_and_views_tell_what_is_new() {
    for ddl in [PARTITIONED, VIEW] {
        let db = other_table(ddl);
        let measures = |ids: std::ops::Range<i64>| ids.map(|id| create!(Measure { id, value: 1 }));
        let upsert = |ids| {
            Measure::objects()
                .on_conflict(Measure::id)
                .do_update([Measure::value.set(Measure::value + excluded(Measure::value))])
                .bulk_create(measures(ids), &db)
                .expect("they are inserted or updated")
        };
        let first = upsert(98..102);
        assert!(
            first.iter().all(|(row, is_new)| *is_new && row.value == 1),
            "{first:?}"
        );
        let second = upsert(100..1500);
        let ids: Vec<_> = second.iter().map(|(row, _)| row.id).collect();
        assert_eq!(ids, (100..1500).collect::<Vec<_>>(), "in their order");
        for (row, is_new) in &second {
            assert_eq!(
                (*is_new, row.value),
                (row.id >= 102, if row.id < 102 { 2 } else { 1 })
            );
        }
        let (row, is_new) = create!(Measure { id: 98, value: 5 })
            .on_conflict(Measure::id)
            .do_update([Measure::value.set(excluded(Measure::value))])
            .insert(&db)
            .expect("it is there");
        assert_eq!((row.value, is_new), (5, false));
    }
}

#[test]
fn a_model_that_does_not_say_so_is_told_the_attribute() {
    for ddl in [PARTITIONED, VIEW] {
        let db = other_table(ddl);
        let error = create!(Plain { id: 1, value: 1 })
            .on_conflict(Plain::id)
            .do_update([Plain::value.set(2)])
            .insert(&db)
            .expect_err("it has no system columns");
        let text = error.to_string();
        assert!(
            error.is_invalid_query() && text.contains("managed = false"),
            "{text}"
        );
        assert!(text.contains("`measures`"), "{text}");
    }
}
