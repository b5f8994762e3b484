//! What Postgres computes: functions, windows, subqueries, arrays, JSON, times,
//! and the search for words.

use plinth::Interval;
use plinth::orm::{
    Cte, HeadlineOptions, Q, RankOptions, SearchQuery, Weight, array_agg, avg, bool_and, bool_or,
    coalesce, count, count_of, days, exists, first_value, greatest, lag, least, now, nth_value,
    ntile, nullif, random, rank, row_number, search_query, search_vector, string_agg, subquery,
    sum, value, window,
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
fn parts_of_times_are_those_of_utc_in_any_session() {
    let db = items();
    let at = Item::out_at;
    assert_eq!(
        one(
            (
                at.year(),
                at.month(),
                at.day(),
                at.hour(),
                at.minute(),
                at.second()
            ),
            1,
            &db
        ),
        (2024, 1, 1, 3, 4, 59)
    );
    // 2023-12-31 is a Sunday, in the last ISO week of its year.
    assert_eq!(
        one(
            (
                at.week_day(),
                at.iso_week_day(),
                at.week(),
                at.iso_year(),
                at.quarter()
            ),
            4,
            &db
        ),
        (1, 7, 52, 2023, 4)
    );
    assert_eq!(
        one((at.day_of_year(), at.date()), 3, &db),
        (91, "2024-03-31".parse().expect("a date"))
    );
    assert_eq!(
        one((at.trunc_year(), at.trunc_day(), at.trunc_hour()), 1, &db),
        (
            time("2024-01-01T00:00:00Z"),
            time("2024-01-01T00:00:00Z"),
            time("2024-01-01T03:00:00Z")
        )
    );
    assert_eq!(
        one(
            (at.trunc_month(), at.trunc_week(), at.trunc_second()),
            3,
            &db
        ),
        (
            time("2024-03-01T00:00:00Z"),
            time("2024-03-25T00:00:00Z"),
            time("2024-03-31T23:30:00Z")
        )
    );
    assert_eq!(
        one((Item::born.year(), Item::born.trunc_week()), 3, &db),
        (Some(2000), Some("2000-01-03".parse().expect("a date")))
    );
    check(&Item::born.month().eq(12), &[1], &db);
    let months = Item::objects()
        .values((at.trunc_month(), count()))
        .order_by([at.trunc_month().asc()]);
    let counts: Vec<i64> = months
        .all(&db)
        .expect("a query")
        .into_iter()
        .map(|m| m.1)
        .collect();
    assert_eq!(counts, [1, 1, 2]);
}

#[test]
fn days_have_24_hours_whatever_the_session_is_in() {
    let db = items();
    // The clocks of New York were set forward on this day.
    assert_eq!(
        one(
            (
                Item::out_at - Interval::days(1),
                Item::out_at + days(Item::id),
                Item::out_at - Interval::months(1),
            ),
            2,
            &db
        ),
        (
            time("2024-03-09T12:00:00Z"),
            time("2024-03-12T12:00:00Z"),
            time("2024-02-10T12:00:00Z")
        )
    );
    assert_eq!(
        one(
            (
                Item::out_at.since(value(time("2024-03-09T00:00:00Z"))),
                Item::out_at.age_since(value(time("2024-02-01T00:00:00Z"))),
            ),
            2,
            &db
        ),
        (
            Interval::days(1) + Interval::hours(12),
            Interval::months(1) + Interval::days(9) + Interval::hours(12)
        )
    );
    let spans =
        Item::objects().values(sum(Item::out_at.since(value(time("2023-12-31T00:00:00Z")))));
    assert_eq!(
        spans.get(&db).expect("a query").map(|span| span.days),
        Some(70 + 91 + 1)
    );
    check(
        &Item::out_at.lt(now() - Interval::days(30)),
        &[1, 2, 3, 4],
        &db,
    );
    check(
        &(Item::born + Interval::years(40)).gt(value(
            "2020-01-01".parse::<plinth::DateTime>().expect("a time"),
        )),
        &[3],
        &db,
    );
}

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

#[test]
fn arrays_are_asked_about_and_changed() {
    let db = items();
    check(&Item::tags.has("classic"), &[1, 3], &db);
    check(&Item::tags.has("it's"), &[3], &db);
    check(&Item::tags.contains_all(["sf", "classic"]), &[1], &db);
    check(
        &Item::tags.contains_all([] as [&str; 0]),
        &[1, 2, 3, 4],
        &db,
    );
    check(&Item::tags.overlaps(Vec::<String>::new()), &[], &db);
    check(&Item::tags.overlaps(["sf", "it's"]), &[1, 3, 4], &db);
    check(&Item::tags.contained_by(["sf"]), &[2, 4], &db);
    check(&Item::tags.len().eq(2), &[1, 3], &db);
    check(&Item::tags.get(0).eq("sf"), &[1, 4], &db);
    check(&Item::tags.get(-1).is_null(), &[1, 2, 3, 4], &db);
    let change = Item::tags
        .append("new")
        .prepend("first")
        .remove("classic")
        .extend(["a", "b"]);
    Item::objects()
        .update([Item::tags.set(change)])
        .execute(&db)
        .expect("an update");
    assert_eq!(one(Item::tags, 3, &db), ["first", "it's", "new", "a", "b"]);
    assert_eq!(one(Item::tags.get(1), 2, &db), Some("new".into()));
}

#[test]
fn json_is_asked_about_and_changed() {
    let db = items();
    check(&Item::extra.text("lang").eq("en"), &[1], &db);
    check(&Item::extra.item(0).text("lang").eq("fr"), &[3], &db);
    check(&Item::extra.key("n").eq(json!(3)), &[1], &db);
    check(&Item::extra.key("none").is_null(), &[2, 3, 4], &db);
    check(&Item::extra.text("none").is_null(), &[1, 2, 3, 4], &db);
    check(&Item::extra.as_text().eq("text"), &[4], &db);
    check(
        &Item::extra.contains_json(json!({ "list": [1] })),
        &[1],
        &db,
    );
    check(
        &Item::extra.contained_by_json(json!([{ "lang": "fr" }, "x", 1])),
        &[3],
        &db,
    );
    check(&Item::extra.has_key("lang"), &[1], &db);
    check(&Item::extra.has_any_keys(["x", "n"]), &[1, 3], &db);
    check(&Item::extra.has_keys(["n", "lang"]), &[1], &db);
    assert_eq!(
        one(Item::extra.key("list").item(-2), 1, &db),
        Some(json!([2]))
    );
    let change = Item::extra
        .merge(json!({ "n": 4, "m": { "k": 1 } }))
        .without_key("lang")
        .with_path(["m", "k"], json!("it's"));
    let first = Item::objects().filter(Item::id.eq(1));
    first
        .update([Item::extra.set(change)])
        .execute(&db)
        .expect("an update");
    assert_eq!(
        one(Item::extra, 1, &db),
        Some(json!({ "n": 4, "m": { "k": "it's" }, "list": [1, [2], null], "none": null }))
    );
}

#[test]
fn words_are_searched_for() {
    let db = items();
    let words = || {
        search_vector((
            Item::title.weight(Weight::A),
            Item::subtitle.weight(Weight::C),
        ))
    };
    check(&Item::title.search("hands"), &[1], &db);
    check(&Item::subtitle.search("left"), &[1], &db);
    check(&words().matches(search_query("darkness left")), &[1], &db);
    check(
        &words().matches(SearchQuery::phrase("hand of darkness")),
        &[1],
        &db,
    );
    check(
        &words().matches(SearchQuery::websearch("darkness -left")),
        &[3],
        &db,
    );
    check(
        &words().matches(SearchQuery::raw("dark:* & !hand")),
        &[3],
        &db,
    );
    let joined =
        (search_query("wool") | SearchQuery::phrase("left hand")) & !search_query("o'hara");
    check(&words().matches(joined), &[1, 2], &db);
    let simple = search_vector(Item::title).config("simple");
    check(
        &simple
            .clone()
            .matches(search_query("hands").config("simple")),
        &[],
        &db,
    );
    check(
        &simple.matches(search_query("the").config("simple")),
        &[1],
        &db,
    );
    let options = RankOptions::new()
        .weights([0.0, 0.0, 0.0, 1.0])
        .normalization(2)
        .cover_density();
    let ranks = one(
        (
            words().rank(search_query("left")),
            words().rank_with(search_query("left"), &options),
            words().rank(search_query("absent")),
        ),
        1,
        &db,
    );
    assert!(
        ranks.0 > 0.0 && ranks.1 > 0.0 && ranks.2 == 0.0,
        "{ranks:?}"
    );
    let marks = HeadlineOptions::new()
        .marks("<b class=\"x\">", "\\\"</b>")
        .max_words(4)
        .min_words(2);
    let headline = one(Item::title.headline(search_query("hand"), &marks), 1, &db);
    assert!(
        headline.contains("<b class=\"x\">hand\\\"</b>"),
        "{headline}"
    );
}

#[test]
fn text_of_a_client_is_no_error_of_a_search() {
    let db = items();
    let texts = [
        "",
        " ",
        "'",
        "\"",
        "\\",
        "a\\",
        "!!",
        "& | !",
        "(",
        "))((",
        "a:*",
        ":*",
        "<->",
        "-",
        "or",
        "or or",
        "\"a",
        "the of",
        "a\0b",
        "🦀",
        "'; DROP TABLE items; --",
        "$1",
        "%",
        "a <2> b",
    ];
    for text in texts {
        for query in [
            SearchQuery::plain(text),
            SearchQuery::phrase(text),
            SearchQuery::websearch(text),
        ] {
            let matches = search_vector(Item::title).matches(query);
            Item::objects()
                .filter(matches | Item::title.search(text))
                .all(&db)
                .expect(text);
        }
    }
    for text in ["a &", "'", "(a", "a b", "a:zz", "a <99999> b"] {
        let matches = search_vector(Item::title).matches(SearchQuery::raw(text));
        let error = Item::objects().filter(matches).all(&db).expect_err(text);
        assert!(error.is_invalid_search(), "{text}: {error}");
    }
}

#[test]
fn texts_are_alike() {
    let db = items();
    db.execute("CREATE EXTENSION pg_trgm", &[])
        .expect("the extension");
    check(&Item::title.trigram_word_similar("darknes"), &[1, 3], &db);
    check(&Item::subtitle.trigram_similar("lefd"), &[1], &db);
    let nearest = Item::objects().order_by([Item::title.trigram_distance("ohara darkness").asc()]);
    assert_eq!(nearest.first(&db).expect("a query").expect("a row").id, 3);
    let (alike, word) = one(
        (
            Item::subtitle.similarity("left"),
            Item::title.word_similarity("hand"),
        ),
        1,
        &db,
    );
    assert_eq!((alike, word), (Some(1.0), 1.0));
}
