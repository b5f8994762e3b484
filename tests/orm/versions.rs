//! Rows with a version, changed by several who saw the same.

use plinth::orm::excluded;
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug, Clone)]
#[model(table = "orders")]
struct Order {
    #[model(key)]
    id: i64,
    #[model(unique)]
    number: i64,
    state: String,
    #[model(version)]
    version: i32,
}

#[derive(Model, Debug, Clone)]
#[model(table = "leaves")]
struct Leaf {
    #[model(key)]
    id: i64,
    text: String,
    #[model(version)]
    version: i64,
    #[model(soft_delete)]
    deleted_at: Option<Timestamp>,
}

/// So many orders, all of version 1.
fn orders(count: i64) -> (Db, Vec<Order>) {
    let db = native_database(&[Order::META, Leaf::META]);
    let draft = |id| {
        create!(Order {
            id,
            number: id,
            state: "new"
        })
    };
    let orders = Order::objects().bulk_create((1..=count).map(draft), &db);
    (db, orders.expect("inserts"))
}

fn pay(id: i64, db: &Db) {
    let paid = Order::objects().filter(Order::id.eq(id));
    let paid = paid.update([Order::state.set("paid")]).execute(db);
    assert_eq!(paid.expect("an update"), 1);
}

fn count(state: &str, db: &Db) -> i64 {
    let orders = Order::objects().filter(Order::state.eq(state));
    orders.count(db).expect("a count")
}

fn shipped(mut orders: Vec<Order>) -> Vec<Order> {
    for order in &mut orders {
        order.state = "shipped".to_owned();
    }
    orders
}

#[test]
fn only_the_version_that_was_seen_is_deleted() {
    let (db, orders) = orders(2);
    pay(1, &db);
    let error = orders[0].delete(&db).expect_err("it was paid");
    assert!(error.is_stale(), "{error}");
    orders[1].delete(&db).expect("it is as it was");
    let error = orders[1].delete(&db).expect_err("it is gone");
    assert!(error.is_stale(), "as of a save: {error}");
    assert_eq!((count("paid", &db), count("new", &db)), (1, 0));
}

#[test]
fn only_the_version_that_was_seen_is_marked_and_removed() {
    let (db, _) = orders(0);
    let seen = create!(Leaf { id: 1, text: "a" })
        .insert(&db)
        .expect("a leaf");
    let mut other = seen.clone().edit();
    other.text = "b".to_owned();
    other.save(&db).expect("it is the first");
    assert!(seen.delete(&db).unwrap_err().is_stale());
    assert!(seen.hard_delete(&db).unwrap_err().is_stale());
    other.delete(&db).expect("it is up to date");
    assert!(
        other.hard_delete(&db).unwrap_err().is_stale(),
        "it was counted"
    );
    let marked = Leaf::objects()
        .with_deleted()
        .get(&db)
        .expect("it is there");
    assert_eq!(marked.version, 3);
    marked.hard_delete(&db).expect("it is up to date");
    assert_eq!(
        Leaf::objects().with_deleted().count(&db).expect("a count"),
        0
    );
}

#[test]
fn many_are_written_back_all_or_none() {
    // In one statement, and in several.
    for rows in [1, 2, 1000, 1001, 2100] {
        let (db, orders) = orders(rows);
        let orders = shipped(orders);
        pay(rows, &db);
        let stale = Order::objects().bulk_update(&orders, Order::state, &db);
        assert!(stale.expect_err("one was paid").is_stale());
        assert_eq!(
            (count("shipped", &db), count("paid", &db)),
            (0, 1),
            "{rows}"
        );
        let fresh = shipped(Order::objects().all(&db).expect("rows"));
        let changed = Order::objects().bulk_update(&fresh, Order::state, &db);
        assert_eq!(changed.expect("they are up to date"), fresh.len() as u64);
        let again = Order::objects().bulk_update(&fresh, Order::state, &db);
        assert!(again.expect_err("they were counted").is_stale());
    }
}

#[test]
fn a_row_that_is_gone_or_given_twice_is_stale_too() {
    let (mut db, orders) = orders(1200);
    let mut twice = shipped(orders.clone());
    twice.push(twice[0].clone());
    for rows in [&twice[..], &[twice[0].clone(), twice[0].clone()]] {
        let error = Order::objects().bulk_update(rows, Order::state, &db);
        assert!(error.expect_err("it is of one version once").is_stale());
    }
    orders[7].delete(&db).expect("it is there");
    let error = Order::objects().bulk_update(&shipped(orders.clone()), Order::state, &db);
    assert!(error.expect_err("one is gone").is_stale());
    assert_eq!(count("new", &db), 1199);
    let given_up = db.transaction(|tx| {
        let all = shipped(orders);
        Order::objects().bulk_update(&all, Order::state, tx)
    });
    assert!(given_up.expect_err("one is gone").is_stale());
    assert_eq!(count("new", &db), 1199);
}

#[test]
fn where_a_filter_leaves_rows_out_they_are_not_missed() {
    let (db, orders) = orders(3);
    pay(1, &db);
    let orders = shipped(orders);
    let new = Order::objects().filter(Order::state.eq("new"));
    assert_eq!(new.bulk_update(&orders, Order::state, &db).expect("two"), 2);
    // Neither is one of another version overwritten.
    let any = Order::objects().filter(Order::id.gt(0));
    assert_eq!(
        any.bulk_update(&orders, Order::state, &db).expect("none"),
        0
    );
    assert_eq!((count("shipped", &db), count("paid", &db)), (2, 1));
}

#[test]
fn no_change_sets_a_version_back() {
    let (db, orders) = orders(1);
    pay(1, &db);
    let set = || [Order::version.set(1)];
    let draft = || {
        create!(Order {
            id: 2,
            number: 1,
            state: "b"
        })
    };
    let refusals = [
        Order::objects().update(set()).execute(&db).map(drop),
        Order::objects()
            .bulk_update(&orders, (Order::state, Order::version), &db)
            .map(drop),
        draft()
            .on_conflict(Order::number)
            .do_update(set())
            .insert(&db)
            .map(drop),
        Order::objects()
            .on_conflict(Order::number)
            .do_update([Order::version.set(excluded(Order::version))])
            .bulk_create([draft()], &db)
            .map(drop),
    ];
    for refusal in refusals {
        let error = refusal.expect_err("it is counted");
        assert!(error.is_invalid_query(), "{error}");
        assert!(error.to_string().contains("`orders.version`"), "{error}");
    }
    assert_eq!(Order::objects().get(&db).expect("a row").version, 2);
}
