//! Arrays and JSON.

use expect_test::{Expect, expect};
use plinth::orm::{Q, Selection, Values, array_agg, value};
use plinth::prelude::*;
use serde_json::{Value, json};

use crate::models::Book;
use crate::{refusal, text};

/// What is selected, and that it is a `T`.
fn check<T>(selection: impl Selection<Book, Row = T>, expected: Expect) {
    let text = text(Book::objects().values(selection).to_sql());
    let (_, selected) = text.split_once("\nSELECT ").expect("it selects");
    expected.assert_eq(&selected.replace(" FROM \"books\"", ""));
}

/// What follows WHERE.
fn check_where(condition: Q<Book>, expected: Expect) {
    let text = text(Book::objects().filter(condition).to_sql());
    let (_, condition) = text.split_once(" WHERE ").expect("it has a condition");
    expected.assert_eq(condition);
}

#[test]
fn arrays_are_tested() {
    let some = vec![String::from("c")];
    check_where(
        Book::tags.has("it's")
            & Book::tags.contains_all(["a", "b"])
            & Book::tags.contained_by(&some)
            & Book::tags.overlaps(some)
            & Book::tags.len().gt(2),
        expect![[r#"
            "tags" @> $1 AND "tags" @> $2 AND "tags" <@ $3 AND "tags" && $4 AND CARDINALITY("tags") > $5
            --   $1 = '{"it''s"}'::text[]
            --   $2 = '{a,b}'::text[]
            --   $3 = '{c}'::text[]
            --   $4 = '{c}'::text[]
            --   $5 = 2"#]],
    );
}

#[test]
fn an_empty_list_is_an_array() {
    check_where(
        Book::tags.contains_all([] as [&str; 0]) | Book::tags.overlaps(Vec::<String>::new()),
        expect![[r#"
            "tags" @> $1 OR "tags" && $2
            --   $1 = '{}'::text[]
            --   $2 = '{}'::text[]"#]],
    );
}

#[test]
fn what_an_array_is_tested_with_may_be_columns() {
    check_where(
        Book::tags.has(Book::title) & Book::tags.contains_all([Book::title, Book::isbn]),
        expect![[
            r#""tags" @> CAST(ARRAY["title"] AS text[]) AND "tags" @> CAST(ARRAY["title", "isbn"] AS text[])"#
        ]],
    );
    check_where(
        !Book::tags.overlaps(Book::sequel_of().tags()),
        expect![[r#"(t0."tags" && t1."tags") IS NOT TRUE"#]],
    );
}

#[test]
fn an_element_may_be_missing() {
    check::<(Option<String>, Option<String>, i32)>(
        (Book::tags.get(0), Book::tags.get(-1), Book::tags.len()),
        expect![[r#"
            ("tags")[$1], ("tags")[$2], CARDINALITY("tags")
            --   $1 = 1
            --   $2 = 0"#]],
    );
    check_where(
        !Book::tags.get(i32::MAX).eq("a"),
        expect![[r#"
        (("tags")[$1] = $2) IS NOT TRUE
        --   $1 = 2147483647
        --   $2 = 'a'"#]],
    );
    check::<Option<Option<String>>>(
        array_agg(Book::title).get(0).optional(),
        expect![[r#"
        (ARRAY_AGG("title"))[$1]
        --   $1 = 1"#]],
    );
}

#[test]
fn arrays_grow_and_shrink() {
    check::<(Vec<String>, Vec<String>, Vec<String>, Vec<String>)>(
        (
            Book::tags.append(Book::title),
            Book::tags.prepend("first"),
            Book::tags.extend(["y", "z"]),
            Book::tags.remove("a").append("b"),
        ),
        expect![[r#"
            ARRAY_APPEND("tags", "title"), ARRAY_PREPEND($1, "tags"), ARRAY_CAT("tags", $2), ARRAY_APPEND(ARRAY_REMOVE("tags", $3), $4)
            --   $1 = 'first'
            --   $2 = '{y,z}'::text[]
            --   $3 = 'a'
            --   $4 = 'b'"#]],
    );
    let update = Book::objects().update([Book::tags.set(Book::tags.extend(["y"]))]);
    assert!(text(update.to_sql()).contains(r#""tags" = ARRAY_CAT("tags", $1)"#));
}

#[test]
fn json_is_read_by_path() {
    check::<(Option<Value>, Option<Value>, Option<String>, Option<String>)>(
        (
            Book::extra.key("a").key("b"),
            Book::extra.key("list").item(-1),
            Book::extra.key("a").text(Book::title),
            Book::extra.item(0).as_text(),
        ),
        expect![[r#"
            (("extra" -> $1) -> $2), (("extra" -> $3) -> $4), (("extra" -> $5) ->> "title"), (("extra" -> $6) #>> '{}')
            --   $1 = 'a'
            --   $2 = 'b'
            --   $3 = 'list'
            --   $4 = '-1'::int4
            --   $5 = 'a'
            --   $6 = 0"#]],
    );
    check_where(
        Book::extra.text("language").eq("fr") & !Book::extra.key("n").eq(json!(3)),
        expect![[r#"
            ("extra" ->> $1) = $2 AND (("extra" -> $3) = $4) IS NOT TRUE
            --   $1 = 'language'
            --   $2 = 'fr'
            --   $3 = 'n'
            --   $4 = '3'::jsonb"#]],
    );
    check_where(
        Book::extra
            .text("pages")
            .cast::<Option<i32>>()
            .gt(Book::pages)
            & Book::extra.text("title").icontains(Book::title),
        expect![[r#"
            CAST(("extra" ->> $1) AS integer) > "pages" AND ("extra" ->> $2) ILIKE ('%' || REPLACE(REPLACE(REPLACE("title", '\', '\\'), '%', '\%'), '_', '\_') || '%') ESCAPE '\'
            --   $1 = 'pages'
            --   $2 = 'title'"#]],
    );
}

#[test]
fn json_is_tested() {
    check_where(
        Book::extra.contains_json(json!({ "a": [1] }))
            & Book::extra.contained_by_json(json!({}))
            & Book::extra.has_key("a")
            & Book::extra.has_keys(["a", "b"])
            & Book::extra.has_any_keys(["c"]),
        expect![[r#"
            "extra" @> $1 AND "extra" <@ $2 AND "extra" ? $3 AND "extra" ?& $4 AND "extra" ?| $5
            --   $1 = '{"a":[1]}'::jsonb
            --   $2 = '{}'::jsonb
            --   $3 = 'a'
            --   $4 = '{a,b}'::text[]
            --   $5 = '{c}'::text[]"#]],
    );
    check_where(
        !Book::extra.has_key("a") & !Book::extra.key("a").contains_json(Book::extra),
        expect![[r#"
            ("extra" ? $1) IS NOT TRUE AND (("extra" -> $2) @> "extra") IS NOT TRUE
            --   $1 = 'a'
            --   $2 = 'a'"#]],
    );
}

#[test]
fn json_is_changed() {
    check::<(Option<Value>, Option<Value>, Option<Value>)>(
        (
            Book::extra.merge(json!({ "a": null })),
            Book::extra.without_key("a"),
            Book::extra.with_path(["a", "0"], json!("it's")),
        ),
        expect![[r#"
            (SELECT COALESCE(a || b, a, b) FROM (VALUES ("extra", $1)) AS e(a, b)), ("extra" - $2), JSONB_SET("extra", $3, $4)
            --   $1 = '{"a":null}'::jsonb
            --   $2 = 'a'
            --   $3 = '{a,0}'::text[]
            --   $4 = '"it''s"'::jsonb"#]],
    );
    let update =
        Pamphlet::objects().update([Pamphlet::extra.set(Pamphlet::extra.merge(json!({ "a": 1 })))]);
    assert!(text(update.to_sql()).contains(r#""extra" = ("extra" || $1)"#));
}

#[test]
fn what_is_put_into_a_document_may_be_null() {
    check::<(Option<Value>, Option<Value>, Option<Value>)>(
        (
            Book::extra.merge(Book::extra.key("more")),
            Book::extra.without_key(Book::extra.text("key")),
            Book::extra.with_path(["a"], Book::extra.key("b")),
        ),
        expect![[r#"
            (SELECT COALESCE(a || b, a, b) FROM (VALUES ("extra", ("extra" -> $1))) AS e(a, b)), ("extra" - ARRAY[("extra" ->> $2)]), (SELECT JSONB_SET(a, CASE WHEN ARRAY_POSITION(b, NULL) IS NULL THEN COALESCE(b, '{}') ELSE '{}' END, COALESCE(c, 'null')) FROM (VALUES ("extra", $3, ("extra" -> $4))) AS e(a, b, c))
            --   $1 = 'more'
            --   $2 = 'key'
            --   $3 = '{a}'::text[]
            --   $4 = 'b'"#]],
    );
    // One form inside the other, none of them twice.
    let merged = (0..200).fold(value(Book::extra), |extra, _| extra.merge(Book::extra));
    let sql = text(Book::objects().values(merged).to_sql());
    assert!(sql.len() < 200 * 80, "{}", sql.len());
}

#[test]
fn an_array_is_never_null_behind_an_element_more() {
    check::<(Vec<String>, Vec<String>, Vec<String>, Vec<String>)>(
        (
            Book::sequel_of().tags().append("x"),
            Book::tags.append(Book::extra.text("tag")),
            Book::tags.prepend(Book::extra.text("tag")),
            Book::tags.extend([Book::extra.text("tag")]),
        ),
        expect![[r#"
            ARRAY_APPEND(t1."tags", $1), ARRAY_REMOVE(ARRAY_APPEND(t0."tags", (t0."extra" ->> $2)), NULL), ARRAY_REMOVE(ARRAY_PREPEND((t0."extra" ->> $3), t0."tags"), NULL), ARRAY_REMOVE(ARRAY_CAT(t0."tags", CAST(ARRAY[(t0."extra" ->> $4)] AS text[])), NULL) AS t0 LEFT JOIN "books" AS t1 ON t1."id" = t0."sequel_of_id"
            --   $1 = 'x'
            --   $2 = 'tag'
            --   $3 = 'tag'
            --   $4 = 'tag'"#]],
    );
    let lost = Book::sequel_of().tags().remove("x");
    assert!(refusal(Book::objects().values(lost).to_sql()).contains("can be NULL"));
}

#[derive(Model, Debug, Clone)]
#[model(table = "bags")]
struct Bag {
    #[model(key, auto)]
    id: i64,
    word: Option<String>,
    words: Vec<Option<String>>,
    others: Option<Vec<Option<String>>>,
}

fn check_bag(condition: Q<Bag>, expected: Expect) {
    let text = text(Bag::objects().filter(condition).to_sql());
    let (_, condition) = text.split_once(" WHERE ").expect("it has a condition");
    expected.assert_eq(condition);
}

#[test]
fn a_null_is_an_element_where_elements_can_be_null() {
    let (null, some) = (None::<&str>, Some("a"));
    check_bag(
        Bag::words.has("a") & Bag::words.has(null) & !Bag::words.has(Bag::word),
        expect![[r#"
            "words" @> $1 AND ARRAY_POSITION("words", $2) IS NOT NULL AND NOT (ARRAY_POSITION("words", "word") IS NOT NULL)
            --   $1 = '{a}'::text[]
            --   $2 = NULL"#]],
    );
    // An index finds what has the other elements.
    check_bag(
        Bag::words.contains_all([some, null])
            & Bag::words.overlaps([some, null])
            & Bag::words.contained_by([some, null])
            & Bag::words.contained_by([some]),
        expect![[r#"
            ("words" @> $1 AND ARRAY_POSITION("words", NULL) IS NOT NULL) AND ("words" && $2 OR ARRAY_POSITION("words", NULL) IS NOT NULL) AND ARRAY_REMOVE("words", NULL) <@ $3 AND "words" <@ $4
            --   $1 = '{a}'::text[]
            --   $2 = '{a}'::text[]
            --   $3 = '{a}'::text[]
            --   $4 = '{a}'::text[]"#]],
    );
    check_bag(
        Bag::words.contains_all(Bag::others)
            & Bag::others.overlaps([Bag::word, Bag::word])
            & Bag::words.append("z").contained_by([some, null]),
        expect![[r#"
            (SELECT a @> ARRAY_REMOVE(b, NULL) AND (ARRAY_POSITION(b, NULL) IS NULL OR ARRAY_POSITION(a, NULL) IS NOT NULL) FROM (VALUES ("words", "others")) AS e(a, b)) AND (SELECT a && b OR ARRAY_POSITION(a, NULL) IS NOT NULL AND ARRAY_POSITION(b, NULL) IS NOT NULL FROM (VALUES ("others", CAST(ARRAY["word", "word"] AS text[]))) AS e(a, b)) AND (SELECT ARRAY_REMOVE(a, NULL) <@ b AND (ARRAY_POSITION(a, NULL) IS NULL OR ARRAY_POSITION(b, NULL) IS NOT NULL) FROM (VALUES (ARRAY_APPEND("words", $1), $2)) AS e(a, b))
            --   $1 = 'z'
            --   $2 = '{a,NULL}'::text[]"#]],
    );
}

#[test]
fn keys_may_be_null() {
    check_where(
        Book::extra.has_keys([Book::extra.text("key")])
            & Book::extra.has_any_keys([Book::extra.text("key")]),
        expect![[r#"
            (SELECT a ?& b AND ARRAY_POSITION(b, NULL) IS NULL FROM (VALUES ("extra", CAST(ARRAY[("extra" ->> $1)] AS text[]))) AS e(a, b)) AND "extra" ?| CAST(ARRAY[("extra" ->> $2)] AS text[])
            --   $1 = 'key'
            --   $2 = 'key'"#]],
    );
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Extra {
    language: String,
}

#[derive(Model, Debug, Clone)]
#[model(table = "pamphlets")]
struct Pamphlet {
    #[model(key, auto)]
    id: i64,
    extra: Json<Extra>,
    numbers: Option<Vec<i32>>,
}

#[test]
fn json_of_a_type_is_read_by_path_too() {
    let query = Pamphlet::objects()
        .filter(Pamphlet::extra.text("language").eq("fr") & Pamphlet::numbers.has(7))
        .values((Pamphlet::numbers.get(0), Pamphlet::numbers.len()))
        .order_by([Pamphlet::extra.key("language").asc()]);
    let _: &Values<Pamphlet, _> = &query;
    expect![[r#"
        -- SELECT (5 parameters)
        SELECT ("numbers")[$1], CARDINALITY("numbers") FROM "pamphlets" WHERE ("extra" ->> $2) = $3 AND "numbers" @> $4 ORDER BY ("extra" -> $5) ASC
        --   $1 = 1
        --   $2 = 'language'
        --   $3 = 'fr'
        --   $4 = '{7}'::int4[]
        --   $5 = 'language'"#]].assert_eq(&text(query.to_sql()));
}
