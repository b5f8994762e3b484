//! What Postgres computes: functions, and queries as values.

mod documents;
mod search;
mod times;
mod windows;

use plinth::orm::{
    avg, coalesce, count, greatest, least, nullif, random, string_agg, subquery, sum, value,
};
use plinth::prelude::*;
use plinth_tests::native_database;
use serde_json::{Value, json};

#[derive(Model, Debug)]
#[model(table = "shelves")]
struct Shelf {
    #[model(key, auto)]
    id: i64,
    name: String,
}

#[derive(Model, Debug)]
#[model(table = "items")]
struct Item {
    #[model(key)]
    id: i32,
    shelf: ForeignKey<Shelf>,
    title: String,
    subtitle: Option<String>,
    price: Decimal,
    pages: Option<i32>,
    tags: Vec<String>,
    extra: Option<Value>,
    out_at: Timestamp,
    born: Option<Date>,
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Three items on the first shelf, one on the second, and none on the third.
fn items() -> Db {
    let db = native_database(&[Shelf::META, Item::META]);
    // What is said of UTC must not be so because the session is in it.
    db.execute("SET TIME ZONE 'America/New_York'", &[])
        .expect("a zone");
    let shelves = ["north", "south", "empty"].map(|name| create!(Shelf { name }));
    let shelves = Shelf::objects().bulk_create(shelves, &db).expect("inserts");
    let items = [
        create!(Item {
            id: 1,
            shelf: &shelves[0],
            title: "The left hand of darkness",
            subtitle: "left",
            price: Decimal::new(950, 2),
            pages: 300,
            tags: ["sf", "classic"].map(String::from).to_vec(),
            extra: json!({ "lang": "en", "n": 3, "list": [1, [2], null], "none": null }),
            // In New York it is still the last day of the year.
            out_at: time("2024-01-01T03:04:59.9Z"),
            born: "1969-12-28".parse::<Date>().expect("a date"),
        }),
        create!(Item {
            id: 2,
            shelf: &shelves[0],
            title: r"100%_\ wool",
            subtitle: r"%_\",
            price: Decimal::new(12345, 3),
            pages: None::<i32>,
            tags: Vec::<String>::new(),
            extra: None::<Value>,
            out_at: time("2024-03-10T12:00:00Z"),
            born: None::<Date>,
        }),
        create!(Item {
            id: 3,
            shelf: &shelves[0],
            title: "O'Hara's darkness",
            subtitle: None::<String>,
            price: Decimal::new(-5, 1),
            pages: 100,
            tags: ["classic", "it's"].map(String::from).to_vec(),
            extra: json!([{ "lang": "fr" }, "x"]),
            out_at: time("2024-03-31T23:30:00Z"),
            born: "2000-01-03".parse::<Date>().expect("a date"),
        }),
        create!(Item {
            id: 4,
            shelf: &shelves[1],
            title: "",
            subtitle: "",
            price: Decimal::ZERO,
            pages: 100,
            tags: ["sf"].map(String::from).to_vec(),
            extra: json!("text"),
            out_at: time("2023-12-31T00:00:00Z"),
            born: None::<Date>,
        }),
    ];
    Item::objects().bulk_create(items, &db).expect("inserts");
    db
}

fn found(condition: Q<Item>, db: &Db) -> Vec<i32> {
    let items = Item::objects().filter(condition).order_by([Item::id.asc()]);
    items.values(Item::id).all(db).expect("a query")
}

/// That one condition has the first rows, and its complement all the others.
fn check(condition: &Q<Item>, expected: &[i32], db: &Db) {
    assert_eq!(found(condition.clone(), db), expected, "{condition:?}");
    let others: Vec<i32> = (1..=4).filter(|id| !expected.contains(id)).collect();
    assert_eq!(found(!condition.clone(), db), others, "not {condition:?}");
}

fn one<T>(selection: impl plinth::orm::Selection<Item, Row = T>, id: i32, db: &Db) -> T {
    let item = Item::objects().filter(Item::id.eq(id));
    item.values(selection).get(db).expect("a query")
}

#[test]
fn what_is_looked_for_stands_for_itself_in_a_column_too() {
    let db = items();
    check(&Item::title.contains(Item::subtitle), &[1, 2, 4], &db);
    check(
        &Item::title.icontains(Item::subtitle.upper()),
        &[1, 2, 4],
        &db,
    );
    check(
        &Item::title.starts_with(Item::title.left(3)),
        &[1, 2, 3, 4],
        &db,
    );
    check(&Item::title.ends_with(Item::subtitle), &[4], &db);
    check(&Item::title.iexact(Item::subtitle), &[4], &db);
    check(&Item::subtitle.starts_with(value("%_")), &[2], &db);
    check(&Item::subtitle.contains(value("e").concat("f")), &[1], &db);
}

#[test]
fn regular_expressions() {
    let db = items();
    check(&Item::title.regex("^[0-9]+%"), &[2], &db);
    check(&Item::title.iregex("HAND|hara's"), &[1, 3], &db);
    check(&Item::subtitle.regex("^$"), &[4], &db);
    let error = Item::objects().filter(Item::title.regex("(")).all(&db);
    assert_eq!(
        error.expect_err("it is malformed").sqlstate(),
        Some("2201B")
    );
}

#[test]
fn functions_of_text_and_numbers() {
    let db = items();
    let title = Item::title;
    assert_eq!(
        one(
            (
                title.left(3),
                title.right(4),
                title.substr(5, 4),
                title.position("hand")
            ),
            1,
            &db
        ),
        ("The".into(), "ness".into(), "left".into(), 10)
    );
    assert_eq!(
        one(
            (
                title.split_part("'", 1),
                title.split_part("'", -1),
                title.initcap()
            ),
            3,
            &db
        ),
        ("O".into(), "s darkness".into(), "O'Hara'S Darkness".into())
    );
    assert_eq!(
        one(
            (
                title.reverse().left(4),
                title.repeat(0),
                title.replace("%", "")
            ),
            2,
            &db
        ),
        ("loow".into(), String::new(), r"100_\ wool".into())
    );
    assert_eq!(one(title.md5(), 4, &db), "d41d8cd98f00b204e9800998ecf8427e");
    let price = Item::price;
    assert_eq!(
        one(
            (
                price.round(),
                price.round_to(1),
                price.floor(),
                price.ceil()
            ),
            2,
            &db
        ),
        (
            Decimal::new(12, 0),
            Decimal::new(123, 1),
            Decimal::new(12, 0),
            Decimal::new(13, 0)
        )
    );
    assert_eq!(
        one((price.abs(), price.sign(), price.power(2)), 3, &db),
        (Decimal::new(5, 1), Decimal::new(-1, 0), Decimal::new(25, 2))
    );
    assert_eq!(
        one(
            (
                greatest(Item::pages, 7),
                least(Item::pages, 7),
                nullif(Item::id, 2)
            ),
            2,
            &db
        ),
        (Some(7), Some(7), None)
    );
    let random = one(random(), 1, &db);
    assert!((0.0..1.0).contains(&random));
    check(&greatest(Item::pages, 200).gt(200), &[1], &db);
    check(&nullif(Item::id, 2).gt(2), &[3, 4], &db);
}

#[test]
fn a_query_is_a_value() {
    let db = items();
    let of_shelf = || Item::objects().correlate(Item::shelf_id, Shelf::id);
    let shelves = Shelf::objects()
        .values((
            Shelf::name,
            subquery(
                of_shelf()
                    .order_by([Item::id.desc()])
                    .values(Item::title)
                    .limit(1),
            ),
            subquery(of_shelf().values(count())),
            coalesce(subquery(of_shelf().values(sum(Item::pages))), 0),
        ))
        .order_by([subquery(of_shelf().values(count())).desc()]);
    assert_eq!(
        shelves.all(&db).expect("a query"),
        [
            ("north".into(), Some("O'Hara's darkness".into()), 3, 400),
            ("south".into(), Some(String::new()), 1, 100),
            ("empty".into(), None, 0, 0),
        ]
    );
    let dearest = Item::objects().values(avg(Item::price));
    check(&Item::price.gt(subquery(dearest)), &[1, 2], &db);
    let pages = || {
        of_shelf()
            .values(Item::pages)
            .order_by([Item::id.asc()])
            .limit(1)
    };
    let others = Shelf::objects()
        .exclude(subquery(pages()).eq(300))
        .order_by([Shelf::id.asc()]);
    let names = others.values(Shelf::name).all(&db).expect("a query");
    assert_eq!(names, ["south", "empty"]);
    let several = Shelf::objects().values(subquery(of_shelf().values(Item::id)));
    assert_eq!(
        several.all(&db).expect_err("several rows").sqlstate(),
        Some("21000")
    );
    let update = Shelf::objects().update([Shelf::name.set(coalesce(
        subquery(of_shelf().values(string_agg(Item::title.left(1), "").order_by([Item::id.asc()]))),
        "none",
    ))]);
    assert_eq!(update.execute(&db).expect("an update"), 3);
    let names = Shelf::objects()
        .order_by([Shelf::id.asc()])
        .values(Shelf::name);
    assert_eq!(names.all(&db).expect("a query"), ["T1O", "", "none"]);
}
