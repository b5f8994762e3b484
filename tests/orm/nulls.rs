//! Functions that change a document, an array or a text, of operands that are
//! NULL: what Postgres makes of each, what Rust makes of the same rows, and
//! whether the ORM knows that it can be NULL.

use std::fmt::Debug;

use plinth::DateTime;
use plinth::database::ColumnType;
use plinth::orm::{
    Expr, HeadlineOptions, coalesce, least, search_query, search_vector, value, when,
};
use plinth::prelude::*;
use plinth_tests::native_database;
use serde_json::{Value, json};

/// Each column that is here twice can be NULL the second time.
#[derive(Model, Debug, Clone)]
#[model(table = "sheets")]
struct Sheet {
    #[model(key)]
    id: i32,
    doc: Value,
    maybe_doc: Option<Value>,
    text: String,
    maybe_text: Option<String>,
    tags: Vec<String>,
    maybe_tags: Option<Vec<String>>,
    words: Vec<Option<String>>,
    maybe_words: Option<Vec<Option<String>>>,
    number: i32,
    maybe_number: Option<i32>,
    price: Decimal,
    maybe_price: Option<Decimal>,
    day: Date,
    maybe_span: Option<Interval>,
}

type Words = Vec<Option<String>>;

fn words(words: &[Option<&str>]) -> Words {
    let words = words.iter();
    words.map(|word| word.map(String::from)).collect()
}

fn tags(tags: &[&str]) -> Vec<String> {
    tags.iter().copied().map(String::from).collect()
}

fn sheets() -> (Db, Vec<Sheet>) {
    let db = native_database(&[Sheet::META]);
    let docs = [json!({ "a": 1, "b": { "c": 2 } }), json!([1, "a"])];
    let mut drafts = Vec::new();
    for id in 0..32_i32 {
        let has = |bit: i32| id >> bit & 1 == 1;
        drafts.push(create!(Sheet {
            id,
            doc: docs[usize::from(has(0))].clone(),
            maybe_doc: has(1).then(|| docs[usize::from(has(2))].clone()),
            text: if has(0) { "a" } else { "banana" },
            maybe_text: has(3).then_some("a"),
            tags: tags(if has(0) { &["a", "b", "a"] } else { &[] }),
            maybe_tags: has(2).then(|| tags(&["c"])),
            words: words(if has(4) {
                &[Some("a"), None]
            } else {
                &[Some("b")]
            }),
            maybe_words: has(1).then(|| words(&[None, Some("z")])),
            number: 2,
            maybe_number: has(4).then_some(3),
            price: Decimal::new(15, 1),
            maybe_price: has(3).then(|| Decimal::new(25, 1)),
            day: "2024-02-29".parse::<Date>().expect("a date"),
            maybe_span: has(2).then(|| Interval::days(1)),
        }));
    }
    let rows = Sheet::objects().bulk_create(drafts, &db).expect("inserts");
    (db, rows)
}

/// That a function is in each row what Rust says, that the ORM says of it that
/// it can be NULL where some row of it is, and otherwise not.
fn check<T, V>(
    what: &str,
    expr: Expr<Sheet, T>,
    model: impl Fn(&Sheet) -> Option<V>,
    (db, rows): &(Db, Vec<Sheet>),
) where
    V: ColumnType + PartialEq + Debug + Clone,
    Expr<Sheet, V>: plinth::orm::Selection<Sheet, Row = V>,
    Expr<Sheet, Option<V>>: plinth::orm::Selection<Sheet, Row = Option<V>>,
{
    let query = Sheet::objects().order_by([Sheet::id.asc()]);
    let optional = query.clone().values(expr.clone().cast::<Option<V>>());
    let sql = optional.to_sql().map(|statement| statement.inlined());
    let sql = format!("{what}: {sql:?}");
    let found = optional
        .all(db)
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let expected: Vec<_> = rows.iter().map(model).collect();
    assert_eq!(found, expected, "{sql}");
    let can_be_null = query.values(expr.cast::<V>()).to_sql().is_err();
    assert_eq!(can_be_null, expected.contains(&None), "{sql}");
}

/// `||` of documents.
fn merged(one: &Value, other: &Value) -> Value {
    match (one.clone(), other.clone()) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            one.into()
        }
        (Value::Array(mut one), Value::Array(other)) => {
            one.extend(other);
            one.into()
        }
        (Value::Array(mut one), other) => {
            one.push(other);
            one.into()
        }
        (one, Value::Array(mut other)) => {
            other.insert(0, one);
            other.into()
        }
        (one, other) => json!([one, other]),
    }
}

fn either<T: Clone>(one: Option<&T>, other: Option<&T>, both: impl Fn(&T, &T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other).cloned(),
    }
}

#[test]
fn a_document_is_not_lost_to_a_null_that_is_put_into_it() {
    let world = sheets();
    let (null, docs) = (|| value(None::<Value>), (Sheet::doc, Sheet::maybe_doc));
    check(
        "merge",
        docs.0.merge(docs.1),
        |row| either(Some(&row.doc), row.maybe_doc.as_ref(), merged),
        &world,
    );
    check(
        "merge into what can be NULL",
        docs.1.merge(docs.0),
        |row| either(row.maybe_doc.as_ref(), Some(&row.doc), merged),
        &world,
    );
    check(
        "merge of a value into what can be NULL",
        docs.1.merge(json!({ "x": 1 })),
        |row| either(row.maybe_doc.as_ref(), Some(&json!({ "x": 1 })), merged),
        &world,
    );
    check(
        "merge of two that can be NULL",
        docs.1.merge(Sheet::doc.key("b")),
        |row| either(row.maybe_doc.as_ref(), row.doc.get("b"), merged),
        &world,
    );
    check(
        "merge of NULL",
        docs.0.merge(null()),
        |row| Some(row.doc.clone()),
        &world,
    );
    check(
        "merge of NULL into what can be NULL",
        docs.1.merge(null()),
        |row| row.maybe_doc.clone(),
        &world,
    );
    let without = |doc: &Value, key: Option<&str>| {
        let mut doc = doc.clone();
        match (&mut doc, key) {
            (Value::Object(doc), Some(key)) => drop(doc.remove(key)),
            (Value::Array(doc), Some(key)) => doc.retain(|item| item != key),
            _ => {}
        }
        doc
    };
    check(
        "without_key",
        docs.0.without_key(Sheet::maybe_text),
        |row| Some(without(&row.doc, row.maybe_text.as_deref())),
        &world,
    );
    check(
        "without_key of what can be NULL",
        docs.1.without_key(Sheet::maybe_text),
        |row| Some(without(row.maybe_doc.as_ref()?, row.maybe_text.as_deref())),
        &world,
    );
}

/// `jsonb_set` at one key of an object, or before the first item of a list.
fn with(doc: &Value, key: Option<&str>, new: &Value) -> Value {
    let mut doc = doc.clone();
    match (&mut doc, key) {
        (Value::Object(doc), Some(key)) => drop(doc.insert(key.to_owned(), new.clone())),
        (Value::Array(doc), Some("0")) => doc[0] = new.clone(),
        _ => {}
    }
    doc
}

#[test]
fn a_path_is_set_to_null_and_not_the_document() {
    let (db, mut rows) = sheets();
    let new = |row: &Sheet| row.maybe_doc.clone().unwrap_or(Value::Null);
    // Of a list, "b" is no place, which is Postgres' error.
    let lists = Sheet::objects().exclude(Sheet::doc.has_key("b"));
    lists.delete(&db).expect("deletes");
    rows.retain(|row| row.doc.is_object());
    let world = (db, rows);
    check(
        "with_path",
        Sheet::doc.with_path(["b"], Sheet::maybe_doc),
        |row| Some(with(&row.doc, Some("b"), &new(row))),
        &world,
    );
    check(
        "with_path of a missing key",
        Sheet::doc.with_path(["b"], Sheet::doc.key("missing")),
        |row| Some(with(&row.doc, Some("b"), &Value::Null)),
        &world,
    );
    check(
        "with_path at a key that can be NULL",
        Sheet::doc.with_path([Sheet::maybe_text], json!(7)),
        |row| Some(with(&row.doc, row.maybe_text.as_deref(), &json!(7))),
        &world,
    );
    check(
        "with_path at a path that can be NULL",
        Sheet::doc.with_path(Sheet::maybe_tags, Sheet::maybe_doc),
        |row| {
            let path = row.maybe_tags.as_ref();
            let key = path.map(|path| path[0].as_str());
            Some(with(&row.doc, key, &new(row)))
        },
        &world,
    );
    check(
        "with_path of what can be NULL",
        Sheet::maybe_doc.with_path(["0"], Sheet::maybe_doc.key("a")),
        |row| {
            let doc = row.maybe_doc.as_ref()?;
            Some(with(doc, Some("0"), doc.get("a").unwrap_or(&Value::Null)))
        },
        &world,
    );
}

#[test]
fn a_document_set_to_a_change_of_itself_is_there_afterwards() {
    let (db, _) = sheets();
    let missing = || Sheet::doc.key("missing");
    let objects = || Sheet::objects().filter(Sheet::doc.has_key("b"));
    for change in [
        Sheet::doc.with_path(["b"], missing()),
        Sheet::doc.merge(missing()),
        Sheet::doc.without_key(Sheet::doc.text("missing")),
    ] {
        let update = objects().update([Sheet::doc.set(change)]);
        assert_eq!(update.execute(&db).expect("an update"), 16);
    }
    let docs = objects().values(Sheet::doc).all(&db).expect("a query");
    assert_eq!(docs[0], json!({ "a": 1, "b": null }));
    let merge = Sheet::maybe_doc.merge(json!({ "x": 1 }));
    let nulls = objects().filter(Sheet::maybe_doc.is_null());
    let update = nulls.update([Sheet::maybe_doc.set(merge)]);
    let docs = update.returning().all(&db).expect("an update");
    assert_eq!(docs.len(), 8);
    assert!(
        docs.iter()
            .all(|row| row.maybe_doc == Some(json!({ "x": 1 })))
    );
}

fn appended(array: Option<&Words>, word: Option<&str>) -> Words {
    let mut array = array.cloned().unwrap_or_default();
    array.push(word.map(String::from));
    array
}

#[test]
fn an_array_of_nulls_takes_another_and_is_not_lost() {
    let world = sheets();
    let null = || value(None::<String>);
    check(
        "append",
        Sheet::words.append(Sheet::maybe_text),
        |row| Some(appended(Some(&row.words), row.maybe_text.as_deref())),
        &world,
    );
    check(
        "append of NULL",
        Sheet::words.append(null()),
        |row| Some(appended(Some(&row.words), None)),
        &world,
    );
    check(
        "append to what can be NULL",
        Sheet::maybe_words.append(Sheet::maybe_text),
        |row| {
            Some(appended(
                row.maybe_words.as_ref(),
                row.maybe_text.as_deref(),
            ))
        },
        &world,
    );
    check(
        "prepend to what can be NULL",
        Sheet::maybe_words.prepend(Sheet::maybe_text),
        |row| {
            let old = row.maybe_words.iter().flatten().cloned();
            Some(
                [row.maybe_text.clone()]
                    .into_iter()
                    .chain(old)
                    .collect::<Words>(),
            )
        },
        &world,
    );
    let both = |one: &Words, other: &Words| [&one[..], other].concat();
    check(
        "extend",
        Sheet::words.extend(Sheet::maybe_words),
        |row| either(Some(&row.words), row.maybe_words.as_ref(), both),
        &world,
    );
    check(
        "extend what can be NULL",
        Sheet::maybe_words.extend([Sheet::maybe_text]),
        |row| {
            let more = vec![row.maybe_text.clone()];
            either(row.maybe_words.as_ref(), Some(&more), both)
        },
        &world,
    );
    check(
        "extend NULL",
        Sheet::maybe_words.extend(value(None::<Words>)),
        |row| row.maybe_words.clone(),
        &world,
    );
    let removed = |array: &Words, word: &Option<String>| {
        let mut array = array.clone();
        array.retain(|old| old != word);
        array
    };
    check(
        "remove",
        Sheet::words.remove(Sheet::maybe_text),
        |row| Some(removed(&row.words, &row.maybe_text)),
        &world,
    );
    check(
        "remove from what can be NULL",
        Sheet::maybe_words.remove(null()),
        |row| Some(removed(row.maybe_words.as_ref()?, &None)),
        &world,
    );
}

#[test]
fn an_array_without_nulls_gets_none() {
    let world = sheets();
    let added = |array: Option<&Vec<String>>, tag: Option<&String>| {
        let old = array.into_iter().flatten();
        Some(old.chain(tag).cloned().collect::<Vec<_>>())
    };
    check(
        "append",
        Sheet::tags.append(Sheet::maybe_text),
        |row| added(Some(&row.tags), row.maybe_text.as_ref()),
        &world,
    );
    check(
        "append to what can be NULL",
        Sheet::maybe_tags.append(Sheet::maybe_text),
        |row| added(row.maybe_tags.as_ref(), row.maybe_text.as_ref()),
        &world,
    );
    check(
        "prepend",
        Sheet::tags.prepend(Sheet::maybe_text),
        |row| {
            added(Some(&row.maybe_text.iter().cloned().collect()), None)
                .map(|first| [first, row.tags.clone()].concat())
        },
        &world,
    );
    check(
        "extend",
        Sheet::tags.extend([Sheet::maybe_text]),
        |row| added(Some(&row.tags), row.maybe_text.as_ref()),
        &world,
    );
    check(
        "extend by what can be NULL",
        Sheet::maybe_tags.extend(Sheet::tags),
        |row| Some([row.maybe_tags.clone().unwrap_or_default(), row.tags.clone()].concat()),
        &world,
    );
    check(
        "remove",
        Sheet::tags.remove(Sheet::maybe_text),
        |row| {
            let tags = row
                .tags
                .iter()
                .filter(|tag| Some(*tag) != row.maybe_text.as_ref());
            Some(tags.cloned().collect::<Vec<_>>())
        },
        &world,
    );
}

#[test]
fn a_text_is_not_lost_to_a_null_that_is_put_into_it() {
    let world = sheets();
    check(
        "concat",
        Sheet::text.concat(Sheet::maybe_text),
        |row| Some(row.text.clone() + row.maybe_text.as_deref().unwrap_or_default()),
        &world,
    );
    check(
        "concat to what can be NULL",
        Sheet::maybe_text.concat(Sheet::text),
        |row| Some(row.maybe_text.clone()? + &row.text),
        &world,
    );
    let replaced = |text: &str, from: Option<&str>, to: Option<&str>| match (from, to) {
        (Some(from), Some(to)) => text.replace(from, to),
        _ => text.to_owned(),
    };
    check(
        "replace",
        Sheet::text.replace(Sheet::maybe_text, "o"),
        |row| Some(replaced(&row.text, row.maybe_text.as_deref(), Some("o"))),
        &world,
    );
    check(
        "replace by what can be NULL",
        Sheet::text.replace("n", Sheet::maybe_text),
        |row| Some(replaced(&row.text, Some("n"), row.maybe_text.as_deref())),
        &world,
    );
    check(
        "replace in what can be NULL",
        Sheet::maybe_text.replace(Sheet::maybe_text, Sheet::text),
        |row| {
            Some(replaced(
                row.maybe_text.as_deref()?,
                row.maybe_text.as_deref(),
                Some(&row.text),
            ))
        },
        &world,
    );
}

/// That each of some expressions is NULL in the rows where it is told to be, and
/// that the ORM knows whether it can be.
fn check_nulls<T>(
    exprs: impl IntoIterator<Item = (&'static str, Expr<Sheet, T>)>,
    is_null: impl Fn(&Sheet) -> bool,
    (db, rows): &(Db, Vec<Sheet>),
) {
    for (what, expr) in exprs {
        let query = Sheet::objects().order_by([Sheet::id.asc()]);
        let text = query.clone().values(expr.clone().cast::<Option<String>>());
        let texts = text
            .all(db)
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let found: Vec<_> = texts.iter().map(Option::is_none).collect();
        let expected: Vec<_> = rows.iter().map(&is_null).collect();
        assert_eq!(found, expected, "{what}");
        let can_be_null = query.values(expr.cast::<String>()).to_sql().is_err();
        assert_eq!(can_be_null, expected.contains(&true), "{what}");
    }
}

#[test]
fn whether_an_expression_can_be_null_is_known() {
    let world = sheets();
    let (text, number, span) = (Sheet::maybe_text, Sheet::maybe_number, Sheet::maybe_span);
    let query = || search_query(text);
    check_nulls(
        [
            (
                "headline",
                Sheet::text.headline(query(), &HeadlineOptions::new()),
            ),
            ("split_part", Sheet::text.split_part(text, 1)),
        ],
        |row| row.maybe_text.is_none(),
        &world,
    );
    check_nulls(
        [("rank", search_vector(Sheet::text).rank(query()))],
        |row| row.maybe_text.is_none(),
        &world,
    );
    check_nulls(
        [("rank", search_vector(text).rank(search_query("a")))],
        |_| false,
        &world,
    );
    check_nulls(
        [
            ("left", Sheet::text.left(number)),
            ("right", Sheet::text.right(number)),
            ("substr", Sheet::text.substr(number, 1)),
            ("repeat", Sheet::text.repeat(number)),
        ],
        |row| row.maybe_number.is_none(),
        &world,
    );
    check_nulls(
        [
            ("lower", Sheet::text.lower()),
            ("concat", Sheet::text.concat(text).upper()),
            ("replace", Sheet::text.replace(text, text).trim()),
            ("coalesce", coalesce(text, "none")),
            ("when", when(Sheet::maybe_number.gt(1), "a").otherwise("b")),
            ("least", least(Sheet::text, text)),
        ],
        |_| false,
        &world,
    );
    let left = when(number.is_null(), Sheet::text.left(number)).otherwise("b");
    check_nulls([("when", left)], |row| row.maybe_number.is_none(), &world);
    check_nulls(
        [
            ("days", plinth::orm::days(number)),
            ("days times", plinth::orm::days(number) * 2.0),
        ],
        |row| row.maybe_number.is_none(),
        &world,
    );
    check_nulls(
        [("power", Sheet::price.power(Sheet::maybe_price))],
        |row| row.maybe_price.is_none(),
        &world,
    );
    check_nulls(
        [("epoch", span.epoch())],
        |row| row.maybe_span.is_none(),
        &world,
    );
    let trunc = [("trunc", Sheet::day.trunc_month())];
    check_nulls(trunc, |_| false, &world);
    check_nulls(
        [("abs", number.abs())],
        |row| row.maybe_number.is_none(),
        &world,
    );
}

/// What is computed of values that are not there is not there either: SQL's own
/// rule.
#[test]
fn parts_numbers_and_times_are_null_where_an_operand_is() {
    let world = sheets();
    let chars = |text: &str, count: Option<i32>| {
        let count = usize::try_from(count?).expect("it is not below zero");
        Some(text.chars().take(count).collect::<String>())
    };
    let number = Sheet::maybe_number;
    check(
        "left",
        Sheet::text.left(number),
        |row| chars(&row.text, row.maybe_number),
        &world,
    );
    check(
        "substr",
        Sheet::text.substr(1, number),
        |row| chars(&row.text, row.maybe_number),
        &world,
    );
    check(
        "right",
        Sheet::text.reverse().right(number).reverse(),
        |row| chars(&row.text, row.maybe_number),
        &world,
    );
    check(
        "repeat",
        Sheet::text.repeat(number),
        |row| {
            Some(
                row.text
                    .repeat(usize::try_from(row.maybe_number?).expect("a count")),
            )
        },
        &world,
    );
    check(
        "split_part",
        Sheet::text.split_part(Sheet::maybe_text, 1),
        |row| {
            row.text
                .split(row.maybe_text.as_deref()?)
                .next()
                .map(String::from)
        },
        &world,
    );
    check(
        "position",
        Sheet::text.position(Sheet::maybe_text),
        |row| Some(i32::try_from(row.text.find(row.maybe_text.as_deref()?)? + 1).expect("a place")),
        &world,
    );
    check(
        "+",
        Sheet::number + number,
        |row| Some(row.number + row.maybe_number?),
        &world,
    );
    check(
        "%",
        (value(7) - Sheet::number) % number,
        |row| Some((7 - row.number) % row.maybe_number?),
        &world,
    );
    check(
        "round_to",
        Sheet::price.round_to(number),
        |row| row.maybe_number.map(|_| row.price),
        &world,
    );
    check(
        "*",
        Sheet::price * Sheet::maybe_price,
        |row| Some(row.price * row.maybe_price?),
        &world,
    );
    check(
        "greatest",
        plinth::orm::greatest(Sheet::price, Sheet::maybe_price),
        |row| {
            Some(
                row.maybe_price
                    .map_or(row.price, |other| other.max(row.price)),
            )
        },
        &world,
    );
    check(
        "days",
        Sheet::maybe_span + Interval::days(1),
        |row| row.maybe_span.map(|_| Interval::days(2)),
        &world,
    );
    let next: DateTime = "2024-03-01T00:00:00".parse().expect("a time");
    check(
        "a date and an interval",
        plinth::orm::coalesce(
            value(Sheet::day).optional() + Sheet::maybe_span,
            "2024-02-29T00:00:00".parse::<DateTime>().expect("a time"),
        ),
        |row| {
            Some(
                row.maybe_span
                    .map_or("2024-02-29T00:00:00".parse().expect("a time"), |_| next),
            )
        },
        &world,
    );
    check(
        "len",
        Sheet::maybe_words.len(),
        |row| Some(i32::try_from(row.maybe_words.as_ref()?.len()).expect("a length")),
        &world,
    );
    check(
        "get",
        Sheet::words.get(1),
        |row| row.words.get(1).cloned().flatten(),
        &world,
    );
}
