//! What stands behind a limit or an offset would be of all rows.

use plinth::orm::{Combined, Values, WholeRow, count, exists, row_number, subquery, window};
use plinth::prelude::*;

use super::{Item, Items, Shelf, database};

fn sliced() -> [(&'static str, Items); 3] {
    let items = || Item::objects().order_by([Item::id.asc()]);
    [
        ("limit", items().limit(2)),
        ("offset", items().offset(1)),
        ("limit", items().offset(1).limit(2)),
    ]
}

fn is_refused(error: &Error, method: &str, slice: &str) -> bool {
    let text = error.to_string();
    let names_both = text.contains(&format!("`{method}`")) && text.contains(&format!("`{slice}`"));
    error.is_invalid_query() && names_both && text.contains("`goods`")
}

/// Every way to run a query tells the mistake in it.
fn check(method: &str, slice: &str, query: &Items, db: &mut Db) {
    let refusals = [
        query.all(db).map(drop),
        query.first(db).map(drop),
        query.count(db).map(drop),
        query.exists(db).map(drop),
        query.aggregate(count(), db).map(drop),
        query.to_sql().map(drop),
        query.explain(db).map(drop),
        db.pipeline((query,)).map(drop),
        query.iterator(2, db).map(drop),
        query.copy_out(db).map(drop),
        query.json(db).map(drop),
        query.clone().values(Item::id).all(db).map(drop),
        query.clone().union(Item::objects()).all(db).map(drop),
        Item::objects().except(query.clone()).count(db).map(drop),
        query
            .clone()
            .with_descendants(Item::parent())
            .all(db)
            .map(drop),
        Item::objects()
            .filter(Item::id.is_in_query(query.clone().values(Item::id)))
            .all(db)
            .map(drop),
        Item::objects()
            .filter(Item::id.is_in_query(query.clone().values(Item::id)))
            .delete(db)
            .map(drop),
    ];
    for (index, refusal) in refusals.into_iter().enumerate() {
        let error = refusal.expect_err(method);
        assert!(
            is_refused(&error, method, slice),
            "{index} {method} {slice}: {error}"
        );
    }
}

#[test]
fn what_would_be_of_all_rows_is_refused_behind_a_slice() {
    let mut db = database().connect();
    type Narrow = fn(Items) -> Items;
    let methods: [(&str, Narrow); 9] = [
        ("filter", |items| items.filter(Item::stock.gt(3))),
        ("exclude", |items| items.exclude(Item::stock.gt(3))),
        ("none", Items::none),
        ("order_by", |items| items.order_by([Item::stock.asc()])),
        ("distinct", Items::distinct),
        ("distinct_on", |items| items.distinct_on(Item::id)),
        ("with_deleted", Items::with_deleted),
        ("only_deleted", Items::only_deleted),
        ("offset", |items| items.offset(1).offset(1)),
    ];
    for (method, narrow) in methods {
        for (slice, items) in sliced() {
            let slice = if method == "offset" { "offset" } else { slice };
            check(method, slice, &narrow(items), &mut db);
        }
    }
    assert_eq!(
        Item::objects().count(&db).expect("a count"),
        5,
        "nothing was deleted"
    );
}

#[test]
fn values_behind_a_slice_are_refused_too() {
    let db = database().connect();
    let ids = |slice: Items| slice.values(Item::id);
    type Ids = Values<Item, plinth::orm::Column<Item, i64>>;
    type Narrow = fn(Ids) -> Ids;
    let methods: [(&str, Narrow); 6] = [
        ("filter", |ids| ids.filter(Item::stock.gt(3))),
        ("having", |ids| ids.having(count().gt(0))),
        ("having", |ids| ids.filter(count().gt(0))),
        ("order_by", |ids| ids.order_by([Item::id.desc()])),
        ("distinct", Ids::distinct),
        ("group_by", |ids| ids.group_by(Item::id)),
    ];
    for (method, narrow) in methods {
        for (slice, items) in sliced() {
            let error = narrow(ids(items)).all(&db).expect_err(method);
            assert!(is_refused(&error, method, slice), "{method}: {error}");
        }
    }
    for (slice, items) in sliced() {
        let grouped = items.clone().values((Item::shelf_id, count())).all(&db);
        let error = grouped.expect_err("of all rows");
        assert!(is_refused(&error, "values", slice), "{error}");
        let numbered = items.clone().annotate(row_number().over(window())).all(&db);
        let error = numbered.expect_err("of all rows");
        assert!(is_refused(&error, "values", slice), "{error}");
        let of_shelf = items.correlate(Item::shelf_id, Shelf::id);
        let shelves = Shelf::objects().filter(exists(of_shelf.clone())).all(&db);
        assert!(is_refused(
            &shelves.expect_err("of all"),
            "correlate",
            slice
        ));
        let newest = Shelf::objects()
            .values(subquery(of_shelf.values(Item::id)))
            .all(&db);
        assert!(is_refused(&newest.expect_err("of all"), "correlate", slice));
    }
    let correlated = || {
        Item::objects()
            .correlate(Item::shelf_id, Shelf::id)
            .limit(1)
    };
    for (method, query) in [
        ("filter", correlated().filter(Item::stock.gt(3))),
        ("exclude", correlated().exclude(Item::stock.gt(3))),
        ("order_by", correlated().order_by([Item::id.asc()])),
        ("correlate", correlated().correlate(Item::id, Shelf::id)),
    ] {
        let error = Shelf::objects()
            .filter(exists(query))
            .all(&db)
            .expect_err(method);
        assert!(is_refused(&error, method, "limit"), "{method}: {error}");
    }
}

#[test]
fn an_order_behind_the_slice_of_a_union_is_refused() {
    let db = database().connect();
    let both = || {
        Item::objects()
            .union(Item::objects())
            .order_by([Item::id.asc()])
    };
    let ids = |query: Combined<Item, WholeRow<Item>>| -> Vec<i64> {
        query
            .all(&db)
            .expect("rows")
            .iter()
            .map(|item| item.id)
            .collect()
    };
    assert_eq!(ids(both().limit(2).limit(3)), [1, 2]);
    assert_eq!(ids(both().limit(2).offset(1)), [2, 3]);
    for (method, query) in [
        ("order_by", both().limit(2).order_by([Item::id.desc()])),
        ("offset", both().offset(1).offset(1)),
    ] {
        for refusal in [
            query.all(&db).map(drop),
            query.first(&db).map(drop),
            query.count(&db).map(drop),
            query.exists(&db).map(drop),
            query.clone().union(Item::objects()).all(&db).map(drop),
        ] {
            let error = refusal.expect_err(method);
            assert!(
                error.is_invalid_query() && error.to_string().contains(method),
                "{error}"
            );
        }
    }
}

#[test]
fn a_limit_behind_a_limit_is_the_smaller_and_an_offset_stands_anywhere() {
    let db = database().connect();
    let ids = |query: Items| -> Vec<i64> {
        query
            .all(&db)
            .expect("rows")
            .iter()
            .map(|item| item.id)
            .collect()
    };
    let items = || Item::objects().order_by([Item::id.asc()]);
    assert_eq!(ids(items().limit(2).limit(4)), [1, 2]);
    assert_eq!(ids(items().limit(4).limit(2)), [1, 2]);
    assert_eq!(ids(items().limit(2).offset(1)), [2, 3]);
    assert_eq!(ids(items().offset(1).limit(2)), [2, 3]);
    let values = items().values(Item::id).limit(2).limit(4);
    assert_eq!(values.all(&db).expect("values"), [1, 2]);
    let second = items().values(Item::id).offset(1).offset(1).all(&db);
    assert!(is_refused(&second.expect_err("two"), "offset", "offset"));
}

#[test]
fn a_relation_that_is_prefetched_twice_is_refused_by_its_name() {
    let db = database().connect();
    let twice = Item::objects()
        .prefetch_related(Item::notes().filter(super::Note::id.gt(1)))
        .prefetch_related(Item::notes());
    let error = twice.all(&db).expect_err("one of them would be lost");
    assert!(
        is_refused(&error, "prefetch_related", "prefetch_related"),
        "{error}"
    );
    assert!(error.to_string().contains("`Item.notes`"), "{error}");
}
