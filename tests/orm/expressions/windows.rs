//! Functions over windows and groups.

use plinth::orm::{
    Cte, array_agg, bool_and, bool_or, count, count_of, exists, first_value, lag, nth_value, ntile,
    rank, row_number, string_agg, sum, window,
};
use plinth::prelude::*;

use super::{Item, Shelf, items};

#[test]
fn rows_are_numbered_and_compared_with_those_beside_them() {
    let db = items();
    let by_id = || {
        window()
            .partition_by(Item::shelf_id)
            .order_by([Item::id.asc()])
    };
    let rows = Item::objects()
        .values((
            Item::id,
            row_number().over(by_id()),
            lag(Item::pages, 1).over(by_id()),
            sum(Item::price).over(by_id().rows(-1..=0)),
            first_value(Item::title.left(1)).over(by_id()),
            nth_value(Item::id, 3).over(by_id().rows(..)),
            rank().over(window().order_by([Item::pages.desc().nulls_last()])),
        ))
        .order_by([Item::id.asc()])
        .all(&db)
        .expect("a query");
    let price = |cents| Some(Decimal::new(cents, 3));
    assert_eq!(
        rows,
        [
            (1, 1, None, price(9500), "T".into(), Some(3), 1),
            (2, 2, Some(300), price(21845), "T".into(), Some(3), 4),
            (3, 3, None, price(11845), "T".into(), Some(3), 2),
            (4, 1, None, price(0), String::new(), None, 2),
        ]
    );
    let shares = Item::objects().order_by([Item::id.asc()]).values((
        ntile(2).over(window().order_by([Item::id.asc()])),
        count().over(window()),
    ));
    assert_eq!(
        shares.all(&db).expect("a query"),
        [(1, 4), (1, 4), (2, 4), (2, 4)]
    );
}

#[test]
fn the_first_of_each_group_by_a_window_with_a_name() {
    let db = items();
    let place = row_number().over(
        window()
            .partition_by(Item::shelf_id)
            .order_by([Item::price.desc()]),
    );
    let places = Cte::query("places", Item::objects().values((Item::id, place)));
    let dearest = Item::objects()
        .with(places.columns(&["id", "place"]))
        .filter(Q::raw(
            "{} IN (SELECT id FROM places WHERE place = {})",
            (Item::id, 1),
        ))
        .order_by([Item::id.asc()])
        .values(Item::id);
    assert_eq!(dearest.all(&db).expect("a query"), [2, 4]);
}

#[test]
fn groups_are_asked_whether_there_are_any() {
    let db = items();
    let same_pages = Item::objects()
        .correlate(Item::shelf_id, Shelf::id)
        .values(Item::shelf_id)
        .having(count().gt(1));
    let shelves = Shelf::objects()
        .filter(exists(same_pages))
        .values(Shelf::name);
    assert_eq!(shelves.all(&db).expect("a query"), ["north"]);
}

#[test]
fn values_are_collected() {
    let db = items();
    let shelves = Item::objects()
        .values((
            Item::shelf_id,
            array_agg(Item::pages).order_by([Item::id.desc()]),
            string_agg(Item::title.left(1), "|").order_by([Item::id.asc()]),
            count_of(Item::pages),
            bool_and(Item::pages.gt(50)),
            bool_or(Item::pages.gt(200)),
        ))
        .order_by([Item::shelf_id.asc()]);
    assert_eq!(
        shelves.all(&db).expect("a query"),
        [
            (
                1,
                Some(vec![Some(100), None, Some(300)]),
                Some("T|1|O".into()),
                2,
                Some(false),
                Some(true)
            ),
            (
                2,
                Some(vec![Some(100)]),
                Some(String::new()),
                1,
                Some(true),
                Some(false)
            ),
        ]
    );
    let none = Item::objects().filter(Item::id.gt(9)).values((
        array_agg(Item::id),
        string_agg(Item::title, ","),
        bool_and(Item::id.gt(0)),
    ));
    assert_eq!(none.get(&db).expect("a query"), (None, None, None));
    let distinct = Item::objects().values(sum(Item::pages).distinct());
    assert_eq!(distinct.get(&db).expect("a query"), Some(400));
}

#[test]
fn an_expression_that_is_grouped_by_is_written_again() {
    let db = items();
    let part = || (Item::id + 1) / 2;
    let query = Item::objects()
        .values((part() * 10, count()))
        .group_by(part())
        .having(part().gt(0))
        .order_by([(part() * -1).asc()]);
    assert_eq!(query.all(&db).expect("a query"), [(20, 2), (10, 2)]);
}
