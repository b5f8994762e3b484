//! Texts of any kind, wherever the ORM takes a text: they stay values. The SQL
//! of a query is the same for each of them, and what comes back is what went
//! in.

use plinth::database::Statement;
use plinth::orm::{
    Expr, HeadlineOptions, SearchQuery, coalesce, excluded, nullif, raw, search_vector, string_agg,
    value, when,
};
use plinth::prelude::*;
use plinth_tests::native_database;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "notes")]
struct Note {
    #[model(key)]
    id: i32,
    #[model(unique)]
    slug: String,
    text: Option<String>,
    tags: Vec<String>,
    extra: serde_json::Value,
}

fn notes() -> Db {
    let db = native_database(&[Note::META]);
    db.execute("CREATE EXTENSION pg_trgm", &[])
        .expect("the extension");
    db
}

/// All of Unicode but NUL, which Postgres has no place for, and what means
/// something to SQL, patterns, JSON or searches.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[^\\x00]{0,24}",
        r#"['"\\%_$;/*{}()?&|!<>:@~\-\[\]0-9a-z \n]{0,24}"#,
    ]
}

fn check<S: Strategy>(strategy: S, property: impl Fn(&S::Value) -> Result<(), TestCaseError>) {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&strategy, |value| property(&value));
    if let Err(error) = tried {
        panic!("{error}");
    }
}

/// Every test of a text.
const CONDITIONS: &[fn(&str) -> Q<Note>] = &[
    |text| Note::text.eq(text),
    |text| Note::text.ne(text),
    |text| Note::text.gt(text) & Note::text.lte(text),
    |text| Note::text.between(text, text),
    |text| Note::text.is_in([text, "x"]),
    |text| Note::text.is_in([Some(text), None]),
    |text| Note::text.is_in([Note::text.concat(text)]),
    |text| Note::text.contains(text),
    |text| Note::text.icontains(text),
    |text| Note::text.starts_with(text),
    |text| Note::text.istarts_with(text),
    |text| Note::text.ends_with(text),
    |text| Note::text.iends_with(text),
    |text| Note::text.iexact(text),
    |text| Note::text.contains(Note::slug.concat(text)),
    |text| Note::text.search(text),
    |text| search_vector((Note::text, Note::slug)).matches(SearchQuery::plain(text)),
    |text| search_vector(Note::text).matches(SearchQuery::phrase(text).config("simple")),
    |text| search_vector(Note::text).matches(!SearchQuery::websearch(text)),
    |text| Note::text.trigram_similar(text),
    |text| Note::text.trigram_word_similar(text),
    |text| Note::tags.has(text),
    |text| Note::tags.contains_all([text]),
    |text| Note::tags.contained_by([text, "x"]),
    |text| Note::tags.overlaps([text]),
    |text| Note::tags.eq(vec![text.to_owned()]),
    |text| Note::extra.key(text).is_null(),
    |text| Note::extra.text(text).eq(text),
    |text| Note::extra.key("a").text(text).is_not_null(),
    |text| Note::extra.has_key(text),
    |text| Note::extra.has_keys([text, "x"]),
    |text| Note::extra.has_any_keys([text]),
    |text| Note::extra.contains_json(json!({ text: text })),
    |text| Note::extra.contained_by_json(json!([text])),
    |text| Note::extra.eq(json!(text)),
    |text| Q::raw("{} = {}", (Note::text, text)),
];

type TextExpr = Expr<Note, Option<String>>;

/// Every function of texts.
const FUNCTIONS: &[fn(&str) -> TextExpr] = &[
    |text| value(text).optional(),
    |text| Note::text.concat(text),
    |text| Note::text.replace(text, text),
    |text| Note::text.split_part(text, 1),
    |text| coalesce(Note::text, text).optional(),
    |text| nullif(Note::text, text),
    |text| when(Note::text.eq(text), text).or_null(),
    |text| {
        value(text)
            .lower()
            .upper()
            .trim()
            .reverse()
            .md5()
            .optional()
    },
    |text| {
        value(text)
            .left(3)
            .concat(value(text).substr(2, 3))
            .optional()
    },
    |text| raw("{} || {}", (Note::text, text)),
    |text| {
        let marks = HeadlineOptions::new().marks(text, text).max_fragments(2);
        Note::text.headline(SearchQuery::plain(text), &marks)
    },
    |text| Note::extra.without_key(text).as_text(),
    |text| Note::extra.with_path([text], json!(text)).as_text(),
    |text| Note::extra.merge(json!({ text: [text] })).as_text(),
];

fn same(one: &Statement, other: &Statement) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.sql(), other.sql());
    prop_assert_eq!(one.parameter_types(), other.parameter_types());
    Ok(())
}

#[test]
fn no_text_changes_a_condition() {
    let db = notes();
    create!(Note {
        id: 1,
        slug: "s",
        text: "x",
        tags: ["x"],
        extra: json!({ "x": "x" })
    })
    .insert(&db)
    .expect("inserts");
    check(hostile(), |text| {
        for condition in CONDITIONS {
            let query = |text| Note::objects().filter(condition(text));
            let statement = query(text).to_sql().expect("a statement");
            same(&statement, &query("x").to_sql().expect("a statement"))?;
            let (found, rest) = (query(text), Note::objects().exclude(condition(text)));
            let sql = statement.inlined();
            let count = |query: QuerySet<Note>| query.count(&db).expect(&sql);
            prop_assert_eq!(count(found) + count(rest), 1);
        }
        Ok(())
    });
}

#[test]
fn no_text_changes_a_function() {
    let db = notes();
    create!(Note {
        id: 1,
        slug: "s",
        text: "x",
        tags: ["x"],
        extra: json!({ "x": "x" })
    })
    .insert(&db)
    .expect("inserts");
    check(hostile(), |text| {
        for function in FUNCTIONS {
            let query = |text| Note::objects().values(function(text));
            let statement = query(text).to_sql().expect("a statement");
            same(&statement, &query("x").to_sql().expect("a statement"))?;
            let sql = statement.inlined();
            let rows = query(text).all(&db).expect(&sql);
            prop_assert_eq!(rows.len(), 1);
        }
        let joined = Note::objects().aggregate(string_agg(Note::slug, text.as_str()), &db);
        prop_assert_eq!(joined.expect("a text"), Some("s".to_owned()));
        Ok(())
    });
}

/// A regular expression or a raw search may be malformed, which is an error,
/// but of the text and not of the statement.
#[test]
fn no_text_ends_a_pattern() {
    let db = notes();
    check(hostile(), |text| {
        let query = |text: &str| {
            let raw = SearchQuery::raw(text);
            let matches = search_vector(Note::text).matches(raw);
            [Note::text.regex(text), Note::text.iregex(text), matches]
                .map(|condition| Note::objects().filter(condition))
        };
        for (one, other) in query(text).into_iter().zip(query("x")) {
            let statement = one.to_sql().expect("a statement");
            same(&statement, &other.to_sql().expect("a statement"))?;
            if let Err(error) = one.count(&db) {
                let state = error.sqlstate().unwrap_or_default().to_owned();
                let is_malformed = state == "2201B" || error.is_invalid_search();
                prop_assert!(is_malformed, "{}: {:?}", state, error);
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_written_comes_back() {
    let mut db = notes();
    let db = std::cell::RefCell::new(&mut db);
    // Not the slug of another row.
    let slug = hostile().prop_map(|text| text + "'");
    check((slug, hostile()), |(one, two)| {
        let tried = db.borrow_mut().transaction(|tx| {
            let tried = written(one, two, tx);
            Err::<(), _>(Error::other(match tried {
                Ok(()) => String::new(),
                Err(error) => format!("{error:?}"),
            }))
        });
        let told = tried.expect_err("it is undone").to_string();
        prop_assert_eq!(told, "");
        Ok(())
    });
}

/// Writes texts in every way there is, and reads them again.
fn written(one: &str, two: &str, db: &Db) -> Result<()> {
    let draft = |id: i32, slug: &str| {
        create!(Note {
            id,
            slug: slug.to_owned(),
            text: one,
            tags: [one, two],
            extra: json!({ one: [two, { two: one }] })
        })
    };
    let is_whole = |note: &Note| {
        assert_eq!(note.text.as_deref(), Some(one));
        assert_eq!(note.tags, [one, two]);
        assert_eq!(note.extra, json!({ one: [two, { two: one }] }));
    };
    is_whole(&draft(1, "a").insert(db)?);
    let all = Note::objects();
    let many = all.bulk_create([draft(2, "b"), draft(3, "c")], db)?;
    many.iter().for_each(is_whole);
    let again = Note::objects()
        .on_conflict(Note::slug)
        .do_update([Note::text.set(excluded(Note::text).concat(two))]);
    let (row, is_new) = again.bulk_create([draft(9, "a")], db)?.remove(0);
    assert_eq!(
        (row.id, row.text, is_new),
        (1, Some(format!("{one}{two}")), false)
    );
    let ours = Note::objects().filter(Note::id.eq(2));
    let updated = ours
        .clone()
        .update([Note::text.set(two), Note::slug.set(one)])
        .returning()
        .all(db)?;
    assert_eq!(
        (&*updated[0].slug, updated[0].text.as_deref()),
        (one, Some(two))
    );
    let found = Note::objects().filter(Note::slug.eq(one));
    assert_eq!(found.get_or_create(draft(9, one), db)?.0.id, 2);
    let assigns = [Note::text.set(one)];
    assert_eq!(
        found
            .clone()
            .update_or_create(assigns, draft(9, one), db)?
            .0
            .text
            .as_deref(),
        Some(one)
    );
    let mut note = ours.get(db)?.edit();
    note.tags = vec![two.to_owned()];
    note.extra = json!(two);
    note.save(db)?;
    let mut notes = vec![ours.get(db)?];
    assert_eq!(
        (&*notes[0].tags, &notes[0].extra),
        (&[two.to_owned()][..], &json!(two))
    );
    notes[0].text = None;
    notes[0].extra = json!({ two: one });
    Note::objects().bulk_update(&notes, (Note::text, Note::extra), db)?;
    let note = ours.get(db)?;
    assert_eq!((note.text, note.extra), (None, json!({ two: one })));
    found_by_itself(one, two, db)?;
    // As a literal for `psql` it is the same.
    let statement = Statement::new("SELECT $1 || $2", &[&one, &two])?;
    let joined = db.query(statement.inlined(), &[])?;
    assert_eq!(
        joined.first().expect("a row").get::<String>(0)?,
        format!("{one}{two}")
    );
    Ok(())
}

/// Of the row that was left as it was written.
fn found_by_itself(one: &str, two: &str, db: &Db) -> Result<()> {
    let conditions = [
        Note::text.eq(one),
        Note::text.is_in([one]),
        Note::text.iexact(one),
        Note::text.contains(one),
        Note::text.starts_with(one),
        Note::text.iends_with(one),
        Note::text.contains(Note::text),
        Note::text.concat("end").ends_with(Note::text.concat("end")),
        Note::tags.has(two),
        Note::tags.contains_all([one, two]),
        Note::extra.has_key(one),
        Note::extra.key(one).item(0).as_text().eq(two),
        Note::extra.key(one).item(1).text(two).eq(one),
        Note::extra.contains_json(json!({ one: [two] })),
    ];
    for condition in conditions {
        let told = format!("{condition:?}");
        let query = Note::objects().filter(condition & Note::id.eq(3));
        assert!(query.exists(db)?, "{told}: {}", query.to_sql()?.inlined());
    }
    Ok(())
}
