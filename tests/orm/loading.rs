//! Many rows by keys that come one at a time.

use std::rc::Rc;

use plinth::prelude::*;
use plinth::testing::assert_num_queries;
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "shelves")]
struct Shelf {
    #[model(key)]
    code: String,
    floor: i32,
}

#[derive(Model, Debug)]
#[model(table = "items")]
struct Item {
    #[model(key)]
    id: i64,
    name: String,
    shelf: Option<ForeignKey<Shelf>>,
    parts: ManyToMany<Item>,
}

/// 300 items: 30 on each of ten shelves, except that every third has none.
fn items() -> Db {
    let db = native_database(&[Shelf::META, Item::META]);
    let shelves = "INSERT INTO shelves SELECT 'shelf ' || n, n % 3 FROM generate_series(0, 9) n";
    let items = "INSERT INTO items SELECT n, 'item ' || (300 - n),
        CASE WHEN n % 3 > 0 THEN 'shelf ' || (n % 10) END FROM generate_series(0, 299) n";
    for sql in [shelves, items] {
        db.execute(sql, &[]).expect("inserts");
    }
    db
}

fn ids(items: &[Item]) -> Vec<i64> {
    items.iter().map(|item| item.id).collect()
}

#[test]
fn rows_by_key_come_to_who_asked_for_them() {
    let db = items();
    let items = DataLoader::by_key(Item::objects().select_related(Item::shelf()), &db);
    let keys: Vec<i64> = (0..700).map(|n| n * 7 % 400).collect();
    let found = items.load_many(keys.iter().copied());
    // 400 different keys, of which 100 go at once.
    let found = assert_num_queries(4, || found.get()).expect("rows");
    for (key, found) in keys.iter().zip(&found) {
        let item = found.as_deref();
        assert_eq!(item.map(|item| item.id), (*key < 300).then_some(*key));
        let shelf = item.and_then(|item| item.shelf.as_ref());
        let code = shelf.map(|shelf| shelf.get().expect("loaded").code.clone());
        let expected = (*key < 300 && key % 3 > 0).then(|| format!("shelf {}", key % 10));
        assert_eq!(code, expected);
    }
    let again: Option<Rc<Item>> = items.load(7).get().expect("a row");
    assert!(Rc::ptr_eq(
        &again.expect("it is there"),
        found[1].as_ref().expect("it is there")
    ));
}

#[test]
fn text_is_a_key_as_numbers_are() {
    let db = items();
    let shelves = DataLoader::by_key(Shelf::objects().filter(Shelf::floor.lt(2)), &db);
    let hostile = "shelf 1' OR 'a' = 'a";
    let keys = ["shelf 1", "shelf 2", hostile, ""].map(str::to_owned);
    let found = shelves.load_many(keys).get().expect("rows");
    let floors: Vec<_> = found
        .iter()
        .map(|row| row.as_ref().map(|row| row.floor))
        .collect();
    assert_eq!(floors, [Some(1), None, None, None]);
    let error = shelves
        .load("a\0b".to_owned())
        .get()
        .expect_err("no text of Postgres");
    assert!(error.sqlstate().is_some() || error.is_encode(), "{error:?}");
}

#[test]
fn rows_by_a_column_are_in_order_with_what_belongs_to_them() {
    let db = items();
    let eleven = Item::objects().filter(Item::id.eq(11)).get(&db);
    let parts = eleven.expect("a row").parts;
    parts.add(0..5, &db).expect("adds");
    let query = Item::objects()
        .filter(Item::id.lt(40))
        .order_by([Item::id.desc()])
        .prefetch_related(Item::parts());
    let by_shelf = DataLoader::by_column(query, Item::shelf_id, &db);
    let one = by_shelf.load(Some("shelf 1".to_owned()));
    let none = by_shelf.load(None);
    let missing = by_shelf.load(Some("no such".to_owned()));
    // One for all of them, and one for what belongs to them.
    let one = assert_num_queries(2, || one.get()).expect("rows");
    assert_eq!(ids(&one), [31, 11, 1]);
    assert_eq!(one[1].parts.get().expect("loaded").len(), 5);
    assert_eq!(none.get().expect("rows").len(), 14);
    assert!(missing.get().expect("no rows").is_empty());
}

#[test]
fn a_column_over_a_relation_groups_too() {
    let db = items();
    let query = Item::objects()
        .filter(Item::id.lt(12))
        .order_by([Item::name.desc()]);
    let floor = Item::shelf().floor().optional();
    let by_floor = DataLoader::by_column(query, floor, &db);
    let floors = by_floor
        .load_many([Some(0), None, Some(2)])
        .get()
        .expect("rows");
    let floors: Vec<_> = floors.iter().map(|rows| ids(rows)).collect();
    assert_eq!(floors, [&[10][..], &[0, 3, 6, 9], &[2, 5, 8]]);
}

#[test]
fn a_loader_sees_what_its_transaction_did() {
    let mut db = items();
    db.transaction(|tx| {
        let shelves = DataLoader::by_key(Shelf::objects(), tx);
        let code = || "shelf 1".to_owned();
        assert_eq!(shelves.load(code()).get()?.expect("a shelf").floor, 1);
        tx.execute("UPDATE shelves SET floor = 7", &[])?;
        assert_eq!(shelves.load(code()).get()?.expect("a shelf").floor, 1);
        shelves.clear(&code());
        assert_eq!(shelves.load(code()).get()?.expect("a shelf").floor, 7);
        Ok(())
    })
    .expect("a transaction");
}

#[test]
fn an_error_of_postgres_reaches_all_of_its_batch() {
    let db = items();
    let inverse = DataLoader::new(&db, |keys: &[i64], db| {
        let sql = "SELECT 100 / n FROM unnest($1::bigint[]) WITH ORDINALITY AS u(n, i) ORDER BY i";
        let rows = db.query(sql, &[&keys.to_vec()])?;
        rows.iter().map(|row| row.get::<i64>(0)).collect()
    })
    .max_batch_size(2);
    let each = [5, 4, 0, 2].map(|key| inverse.load(key));
    assert_eq!(each[1].get().expect("a number"), 25);
    for failed in &each[2..] {
        let error = failed.get().expect_err("it divides by zero");
        assert_eq!(error.sqlstate(), Some("22012"));
    }
}
