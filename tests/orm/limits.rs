//! Queries of any size give the right rows, or are refused before Postgres sees
//! them.

use plinth::orm::{count, exists, value};
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "numbers")]
struct Number {
    #[model(key)]
    id: i32,
    value: Option<i32>,
}

/// Numbers from 0 to 1999 with themselves as values, but each tenth with NULL.
fn numbers() -> Db {
    let db = native_database(&[Number::META]);
    let drafts = (0..2000).map(|id| {
        let value = (id % 10 != 0).then_some(id);
        create!(Number { id, value })
    });
    Number::objects().bulk_create(drafts, &db).expect("inserts");
    db
}

fn count_of(condition: Q<Number>, db: &Db) -> i64 {
    let query = Number::objects().filter(condition);
    query.count(db).expect("a count")
}

#[test]
fn a_thousand_conditions_are_a_thousand_conditions() {
    let db = numbers();
    let all = Q::all((0..1000).map(|n| Number::id.ne(n)));
    assert_eq!(count_of(all.clone(), &db), 1000);
    assert_eq!(count_of(!all, &db), 1000);
    let any = Q::any((0..1000).map(|n| Number::value.eq(n)));
    assert_eq!(count_of(any.clone(), &db), 900);
    assert_eq!(count_of(!any, &db), 1100);
    let chained = (0..1000).fold(Number::objects(), |query, n| query.filter(Number::id.ne(n)));
    assert_eq!(chained.count(&db).expect("a count"), 1000);
    let folded = (0..1000).fold(Q::any([]), |q, n| q | Number::id.eq(n));
    assert_eq!(count_of(folded, &db), 1000);
    let pairs = Q::any((0..1000).map(|n| Number::id.eq(n) & Number::value.eq(n)));
    assert_eq!(count_of(pairs, &db), 900);
    let negated = Q::all((0..1000).map(|n| !Number::value.eq(n)));
    assert_eq!(count_of(negated, &db), 1100);
}

#[test]
fn conditions_as_deep_as_they_may_be() {
    let db = numbers();
    // Each round adds n or takes it away, the last one for good.
    let deep = (0..198).fold(Number::id.eq(-1), |q, n| {
        (q | Number::id.eq(n)) & Number::id.ne(n - 1)
    });
    assert_eq!(count_of(deep.clone(), &db), 1);
    assert_eq!(count_of(!deep, &db), 1999);
    // Postgres' own stack is more than enough for as many queries.
    let queries = (0..60).fold(Number::id.eq(3), |q, _| {
        let same = Number::objects().filter(q);
        exists(same.correlate(Number::id, Number::value))
    });
    assert_eq!(count_of(queries, &db), 1);
}

#[test]
fn any_number_of_members_is_one_parameter() {
    let db = numbers();
    assert_eq!(count_of(Number::id.is_in(0..1001), &db), 1001);
    assert_eq!(count_of(!Number::id.is_in(0..1001), &db), 999);
    assert_eq!(count_of(Number::value.is_in(-69_000..1000), &db), 900);
    assert_eq!(count_of(!Number::value.is_in(-69_000..1000), &db), 1100);
    let with_null = (-69_000..1000).map(Some).chain([None]);
    assert_eq!(count_of(Number::value.is_in(with_null), &db), 1100);
    let found = Number::objects().in_bulk(0..70_000, &db).expect("rows");
    assert_eq!(found.len(), 2000);
}

#[test]
fn as_many_parameters_as_postgres_counts_and_no_more() {
    let db = numbers();
    // As sums: over as many conditions Postgres would think for long.
    let many = |count: usize| {
        let ones = vec![value(1); count];
        let sums = ones.chunks(256).map(|ones| {
            let sum = ones.iter().cloned().reduce(|sum, one| sum + one);
            Number::id.lt(sum.expect("no sum is empty"))
        });
        Number::objects().filter(Q::all(sums))
    };
    let most = many(65_535);
    let found = most.count(&db).expect("a count");
    assert_eq!(found, 255, "the last of the sums is the least");
    let error = many(65_536).count(&db).expect_err("one too many");
    assert!(error.is_invalid_query(), "{error:?}");
    let with_limit = most.limit(1).all(&db).expect_err("the limit is one too");
    assert!(with_limit.is_invalid_query(), "{with_limit:?}");
}

/// What only Postgres limits is its error, and nothing is cut off.
#[test]
fn more_orderings_than_postgres_takes_are_its_error() {
    let db = numbers();
    let ordered = |count: i32| {
        let orders = (0..count).map(|n| (Number::id * n % 7).asc());
        Number::objects().order_by(orders.chain([Number::id.desc()]))
    };
    let first = ordered(1000).limit(1).all(&db).expect("a row");
    // The greatest of those that all the orderings take for equal.
    assert_eq!(first[0].id, 1995);
    let error = ordered(5000).all(&db).expect_err("too many");
    assert_eq!(error.sqlstate(), Some("54011"), "{error:?}");
    let by_column = (0..5000).map(|_| Number::value.desc());
    let rows = Number::objects().order_by(by_column).limit(1).all(&db);
    assert_eq!(rows.expect("a row")[0].value, None);
}

#[test]
fn a_row_limit_beyond_what_postgres_counts_is_none() {
    let db = numbers();
    let all = Number::objects().limit(u64::MAX);
    assert_eq!(all.count(&db).expect("a count"), 2000);
    let none = Number::objects().offset(u64::MAX);
    assert_eq!(none.count(&db).expect("a count"), 0);
    assert!(!none.exists(&db).expect("an answer"));
    let aggregate = none.aggregate(count(), &db).expect("a count");
    assert_eq!(aggregate, 0);
}

#[test]
fn a_text_of_megabytes_is_a_text() {
    let db = native_database(&[Page::META]);
    let body = "ö'\"\\".repeat(2_000_000);
    let page = create!(Page {
        id: 1,
        body: &*body
    })
    .insert(&db);
    assert_eq!(page.expect("inserts").body, body);
    let found = Page::objects().filter(Page::body.eq(&body) & Page::body.ends_with(&body));
    assert_eq!(found.get(&db).expect("a page").body, body);
}

#[derive(Model, Debug)]
#[model(table = "pages")]
struct Page {
    #[model(key)]
    id: i32,
    body: String,
}
