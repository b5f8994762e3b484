//! Many rows written at once.

use plinth::orm::excluded;
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "items")]
struct Item {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    price: Option<Decimal>,
    #[model(default = Draft)]
    state: State,
    #[model(default = [])]
    tags: Vec<String>,
    extra: Option<serde_json::Value>,
    #[model(default = now)]
    created_at: Timestamp,
}

#[derive(Choices, Debug, Clone, Copy, PartialEq)]
enum State {
    Draft,
    Done,
}

fn db() -> Db {
    native_database(&[Item::META])
}

fn drafts(count: usize) -> Vec<ItemDraft> {
    let draft = |n: usize| {
        let price =
            (!n.is_multiple_of(3)).then(|| Decimal::new(i64::try_from(n).expect("small"), 2));
        create!(Item {
            name: format!("item {n} ' \\ {{}}"),
            price,
            state: State::Done
        })
    };
    (0..count).map(draft).collect()
}

#[test]
fn more_rows_than_a_statement_has_parameters_come_back_in_order() {
    let db = db();
    let items = Item::objects()
        .bulk_create(drafts(30_000), &db)
        .expect("inserts");
    assert_eq!(items.len(), 30_000);
    let ids: Vec<_> = items.iter().map(|item| item.id).collect();
    assert!(ids.is_sorted());
    for (n, item) in items.iter().enumerate().step_by(997) {
        assert_eq!(item.name, format!("item {n} ' \\ {{}}"));
        assert_eq!(item.price.is_none(), n.is_multiple_of(3));
        assert_eq!(item.state, State::Done);
    }
    assert_eq!(Item::objects().count(&db).expect("a count"), 30_000);
}

#[test]
fn rows_that_leave_columns_to_the_table() {
    let db = db();
    let mixed = [
        create!(Item { name: "a" }),
        create!(Item {
            name: "b",
            state: State::Done,
            tags: ["x", "y,{}"]
        }),
        create!(Item {
            name: "c",
            extra: serde_json::json!({"a": [1, null]})
        }),
    ];
    let items = Item::objects().bulk_create(mixed, &db).expect("inserts");
    assert_eq!(
        (items[0].state, items[1].state),
        (State::Draft, State::Done)
    );
    assert_eq!(items[1].tags, ["x", "y,{}"]);
    assert_eq!(items[2].extra, Some(serde_json::json!({"a": [1, null]})));
}

#[test]
fn many_that_are_there_already() {
    let db = db();
    Item::objects()
        .bulk_create(drafts(3), &db)
        .expect("inserts");
    let mut again = drafts(5);
    for draft in &mut again {
        draft.price = Some(Some(Decimal::new(1, 0)));
    }
    let rows = Item::objects()
        .on_conflict(Item::name)
        .do_update([Item::price.set(excluded(Item::price))])
        .bulk_create(again, &db)
        .expect("inserts");
    let new: Vec<_> = rows.iter().map(|(_, is_new)| *is_new).collect();
    assert_eq!(new, [false, false, false, true, true]);
    assert!(
        rows.iter()
            .all(|(item, _)| item.price == Some(Decimal::new(1, 0)))
    );
}

#[test]
fn a_violation_leaves_no_row() {
    let db = db();
    let mut drafts = drafts(2500);
    drafts[2400].name = drafts[0].name.clone();
    let error = Item::objects()
        .bulk_create(drafts, &db)
        .expect_err("a name twice");
    assert!(error.is_unique_violation(), "{error:?}");
    assert_eq!(Item::objects().count(&db).expect("a count"), 0);
}

#[test]
fn each_row_is_updated_to_values_of_its_own() {
    let db = db();
    let mut items = Item::objects()
        .bulk_create(drafts(2300), &db)
        .expect("inserts");
    for item in &mut items {
        item.price = (item.id % 2 == 0).then(|| Decimal::from(item.id));
        item.state = State::Draft;
        item.name = "not written".to_owned();
    }
    let updated = Item::objects().bulk_update(&items, (Item::price, Item::state), &db);
    assert_eq!(updated.expect("an update"), 2300);
    for item in Item::objects().all(&db).expect("rows") {
        assert_eq!(
            item.price,
            (item.id % 2 == 0).then(|| Decimal::from(item.id))
        );
        assert_eq!(item.state, State::Draft);
        assert!(item.name.starts_with("item "));
    }
}

#[test]
fn arrays_and_json_too_and_rows_that_are_gone_are_left_out() {
    let db = db();
    let mut items = Item::objects()
        .bulk_create(drafts(3), &db)
        .expect("inserts");
    items[1].delete(&db).expect("deletes");
    for item in &mut items {
        item.tags = vec![String::new(), "a\"b".to_owned()];
        item.extra = Some(serde_json::Value::Null);
    }
    let updated = Item::objects().bulk_update(&items, (Item::tags, Item::extra), &db);
    assert_eq!(updated.expect("an update"), 2);
    let updated = Item::objects().bulk_update(&items[..1], Item::extra, &db);
    assert_eq!(updated.expect("an update"), 1);
    let rows = Item::objects()
        .order_by([Item::id.asc()])
        .all(&db)
        .expect("rows");
    assert_eq!(rows, [items[0].clone(), items[2].clone()]);
}
