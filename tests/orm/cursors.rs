//! Rows that come in parts.

use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "numbers")]
struct Number {
    #[model(key)]
    id: i32,
    text: String,
}

fn numbers(count: i32) -> Db {
    let db = native_database(&[Number::META]);
    let sql = "INSERT INTO numbers SELECT i, 'number ' || i FROM generate_series(1, $1) AS i";
    db.execute(sql, &[&count]).expect("inserts");
    db
}

fn ordered() -> QuerySet<Number> {
    Number::objects().order_by([Number::id.asc()])
}

fn open_cursors(db: &Db) -> i64 {
    let rows = db.query(
        "SELECT count(*) FROM pg_cursors WHERE is_holdable OR name LIKE 'rows%'",
        &[],
    );
    rows.expect("a query")
        .first()
        .expect("a row")
        .get(0)
        .expect("a count")
}

#[test]
fn every_row_comes_once_and_in_order() {
    let db = numbers(1000);
    for chunk_rows in [0, 1, 7, 500, 1000, 5000] {
        let rows = ordered().iterator(chunk_rows, &db).expect("a cursor");
        let ids: Vec<i32> = rows.map(|row| row.expect("a row").id).collect();
        assert_eq!(ids, (1..=1000).collect::<Vec<_>>(), "by {chunk_rows}");
    }
    let none = ordered().filter(Number::id.gt(5000));
    assert_eq!(none.iterator(10, &db).expect("a cursor").count(), 0);
}

#[test]
fn values_and_parameters_too() {
    let db = numbers(50);
    let query = ordered()
        .filter(Number::text.ends_with("7"))
        .values((Number::id, Number::text));
    let rows: Result<Vec<_>> = query.iterator(2, &db).expect("a cursor").collect();
    let rows = rows.expect("rows");
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[4], (47, "number 47".to_owned()));
}

#[test]
fn several_at_once_in_one_transaction_see_it_as_it_was() {
    let mut db = numbers(6);
    db.transaction(|tx| {
        let mut first = ordered().iterator(2, tx)?;
        let mut second = ordered().iterator(3, tx)?;
        first.next();
        Number::objects().delete(tx)?;
        assert_eq!(open_cursors(tx), 2);
        assert_eq!(second.by_ref().count(), 6);
        assert_eq!(first.by_ref().count(), 5);
        drop((first, second));
        assert_eq!(open_cursors(tx), 0);
        Ok(())
    })
    .expect("commits");
    assert_eq!(Number::objects().count(&db).expect("a count"), 0);
}

#[test]
fn one_that_is_given_up_leaves_nothing_open() {
    let db = numbers(100);
    let mut rows = ordered().iterator(10, &db).expect("a cursor");
    assert_eq!(rows.next().expect("a row").expect("a row").text, "number 1");
    drop(rows);
    assert_eq!(open_cursors(&db), 0);
    let error = db
        .execute("SAVEPOINT outside", &[])
        .expect_err("no transaction");
    assert_eq!(error.sqlstate(), Some("25P01"));
}

#[test]
fn an_error_on_the_way_is_the_last_thing_that_comes() {
    let db = numbers(10);
    let inverse = plinth::orm::value(60) / (Number::id - 7);
    let query = ordered().values(inverse);
    let rows: Vec<_> = query.iterator(2, &db).expect("a cursor").collect();
    assert_eq!(rows.len(), 7, "{rows:?}");
    let error = rows
        .into_iter()
        .next_back()
        .expect("a last")
        .expect_err("a division by zero");
    assert_eq!(error.sqlstate(), Some("22012"));
}

#[test]
fn a_wrong_query_opens_none() {
    let db = numbers(1);
    let query = ordered().filter(Q::raw("no_such_function()", ()));
    assert!(query.iterator(10, &db).is_err());
    assert_eq!(Number::objects().count(&db).expect("a count"), 1);
}

/// Each iterator within the one before, twenty of them, given back in another
/// order than they came.
#[test]
fn any_number_of_one_statement_are_nested() {
    let mut db = numbers(25);
    db.transaction(|tx| {
        let mut open: Vec<_> = (0..20)
            .map(|_| ordered().iterator(2, tx))
            .collect::<Result<_>>()?;
        for (index, rows) in open.iter_mut().enumerate() {
            let ids = rows
                .by_ref()
                .take(index + 1)
                .map(|row| row.map(|row| row.id));
            let ids: Vec<_> = ids.collect::<Result<_>>()?;
            assert_eq!(ids.last().copied(), i32::try_from(index + 1).ok());
        }
        for place in [3, 0, 11, 7] {
            drop(open.remove(place));
            open.push(ordered().iterator(3, tx)?);
        }
        assert_eq!(open_cursors(tx), 20);
        let names = "SELECT count(DISTINCT name) FILTER (WHERE name ~ '_1?[0-9]$') FROM pg_cursors";
        let few: i64 = tx.query(names, &[])?.first().expect("a row").get(0)?;
        assert_eq!(few, 20, "names that are free are taken again");
        let rest: Vec<_> = open.iter_mut().map(Iterator::count).collect();
        assert_eq!(rest[..3], [23, 22, 20], "what was read is not read again");
        drop(open);
        assert_eq!(open_cursors(tx), 0);
        Ok(())
    })
    .expect("commits");
}

#[test]
fn one_that_was_forgotten_or_undone_is_in_no_ones_way() {
    let mut db = numbers(3);
    for _ in 0..3 {
        let undone = db.transaction(|tx| {
            for _ in 0..10 {
                std::mem::forget(ordered().iterator(1, tx)?);
            }
            let undone = tx.transaction(|sp| {
                let mut rows = ordered().iterator(1, sp)?;
                rows.next().transpose()?;
                sp.execute("no SQL", &[]).map(drop)
            });
            assert!(undone.is_err());
            assert_eq!(ordered().iterator(1, tx)?.count(), 3);
            assert_eq!(open_cursors(tx), 10);
            let failed = ordered().filter(Q::raw("no_such_function()", ()));
            let undone = tx.transaction(|sp| failed.iterator(1, sp).map(drop));
            assert!(undone.is_err());
            assert_eq!(ordered().iterator(1, tx)?.count(), 3);
            Err::<(), _>(Error::other("undone"))
        });
        assert_eq!(undone.expect_err("it is undone").to_string(), "undone");
    }
    assert_eq!(ordered().iterator(1, &db).expect("a cursor").count(), 3);
}
