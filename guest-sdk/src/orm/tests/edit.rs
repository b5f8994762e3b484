//! Rows that are loaded, changed and saved.

use super::*;
use crate::database::{ColumnType, DecodeError, EncodeError, SqlType, Type};
use crate::orm::Edit;
use crate::{Timestamp, prelude::Q};

#[derive(crate::Model, Clone, Debug)]
#[model(table = "drafts")]
struct Draft {
    #[model(key, auto)]
    id: i64,
    title: String,
    pages: Option<i32>,
    #[model(auto_now)]
    updated_at: Timestamp,
    #[model(version)]
    version: i32,
}

const DRAFT: [u32; 5] = [INT8, TEXT, 23, 1184, 23];

fn draft() -> Edit<Draft> {
    let draft = Draft {
        id: 7,
        title: "Dune".into(),
        pages: Some(412),
        updated_at: Timestamp::UNIX_EPOCH,
        version: 3,
    };
    draft.edit()
}

fn book() -> Book {
    Book {
        id: 7,
        title: "Dune".into(),
        author: ForeignKey::new(3),
    }
}

/// A book with its author and the author's mentor.
fn loaded_book(script: &Script) -> Edit<Book> {
    let types = [BOOK.as_slice(), &AUTHOR, &AUTHOR].concat();
    script.answer(
        rows(
            &types,
            &[&[
                &7_i64, &"Dune", &3_i64, &3_i64, &"Frank", &9_i64, &9_i64, &"Jack", &NULL,
            ]],
        ),
        0,
    );
    Book::objects()
        .select_related(Book::author().mentor())
        .get(&db())
        .unwrap()
        .edit()
}

#[test]
fn only_what_was_changed_is_written() {
    let script = Script::install();
    let mut book = book().edit();
    assert_eq!(book.changed(), [""; 0]);
    book.save(&db()).unwrap();
    assert!(script.log().is_empty());

    book.title = "Dune Messiah".into();
    assert_eq!(book.changed(), ["title"]);
    script.answer(rows(&BOOK, &[&[&7_i64, &"DUNE MESSIAH", &3_i64]]), 1);
    book.save(&db()).unwrap();
    assert_eq!(book.title, "DUNE MESSIAH", "as a trigger made it");
    assert_eq!(book.changed(), [""; 0]);
    book.save(&db()).unwrap();

    book.author = ForeignKey::new(4);
    assert_eq!(book.changed(), ["author_id"]);
    script.answer(rows(&BOOK, &[&[&7_i64, &"DUNE MESSIAH", &4_i64]]), 1);
    book.save(&db()).unwrap();
    assert_eq!(
        script.log(),
        [
            r#"UPDATE "books" SET "title" = $1 WHERE "id" = $2 RETURNING "id", "title", "author_id""#,
            r#"UPDATE "books" SET "author_id" = $1 WHERE "id" = $2 RETURNING "id", "title", "author_id""#,
        ]
    );
    assert_eq!(*book.into_inner().author.key(), 4);
}

#[test]
fn a_value_set_back_is_not_changed() {
    let mut draft = draft();
    draft.pages = None;
    draft.title.push('!');
    assert_eq!(draft.changed(), ["title", "pages"]);
    draft.pages = Some(412);
    draft.title.pop();
    assert_eq!(draft.changed(), [""; 0]);
}

#[test]
fn null_is_a_value_like_others() {
    let script = Script::install();
    let mut draft = draft();
    draft.pages = None;
    let row: &[&dyn Parameter] = &[&7_i64, &"Dune", &None::<i32>, &Timestamp::UNIX_EPOCH, &4];
    script.answer(rows(&DRAFT, &[row]), 1);
    draft.save(&db()).unwrap();
    assert_eq!((draft.pages, draft.version), (None, 4));
    draft.pages = Some(0);
    assert_eq!(draft.changed(), ["pages"]);
}

#[test]
fn a_save_keeps_the_time_and_counts_the_version() {
    let script = Script::install();
    let mut draft = draft();
    draft.title = "Dune Messiah".into();
    let row: &[&dyn Parameter] = &[&7_i64, &"Dune Messiah", &412, &Timestamp::UNIX_EPOCH, &4];
    script.answer(rows(&DRAFT, &[row]), 1);
    draft.save(&db()).unwrap();
    assert_eq!(draft.version, 4);
    assert_eq!(
        script.log(),
        [
            "UPDATE \"drafts\" SET \"title\" = $1, \"updated_at\" = now(), \
             \"version\" = \"version\" + 1 WHERE \"id\" = $2 AND \"version\" = $3 \
             RETURNING \"id\", \"title\", \"pages\", \"updated_at\", \"version\""
        ]
    );
}

#[test]
fn a_row_of_another_version_is_stale() {
    let script = Script::install();
    let mut draft = draft();
    draft.title = "Dune Messiah".into();
    script.answer(rows(&DRAFT, &[]), 0);
    let error = draft.save(&db()).unwrap_err();
    assert!(error.is_stale() && !error.is_not_found(), "{error}");
    assert_eq!(error.table(), Some("drafts"));
    assert_eq!(draft.changed(), ["title"], "to be saved again");
}

#[test]
fn a_version_that_a_client_has_seen_is_compared() {
    let script = Script::install();
    let mut draft = draft();
    draft.version = 2;
    draft.title = "Dune Messiah".into();
    assert!(draft.save(&db()).unwrap_err().is_stale());
    assert!(script.log().is_empty());
}

#[test]
fn a_row_that_is_gone_is_not_found() {
    let script = Script::install();
    let mut book = book().edit();
    book.title = "x".into();
    script.answer(rows(&BOOK, &[]), 0);
    assert!(book.save(&db()).unwrap_err().is_not_found());
    script.answer(rows(&BOOK, &[]), 0);
    assert!(book.refresh(&db()).unwrap_err().is_not_found());
    assert_eq!(book.title, "x");
}

#[test]
fn a_changed_key_is_refused() {
    let script = Script::install();
    let mut book = book().edit();
    book.id = 8;
    let error = book.save(&db()).unwrap_err();
    assert!(error.is_invalid_query());
    assert_eq!(
        error.to_string(),
        "the primary key `books.id` was changed, which would make it another row; \
         insert that with `create!` and delete this one"
    );
    assert!(script.log().is_empty());
}

#[test]
fn loaded_rows_stay_loaded_where_the_key_stayed() {
    let script = Script::install();
    let mut book = loaded_book(&script);
    book.title = "x".into();
    script.answer(rows(&BOOK, &[&[&7_i64, &"x", &3_i64]]), 1);
    book.save(&db()).unwrap();
    let author = book.author.get().unwrap();
    assert_eq!(author.name, "Frank");
    assert_eq!(author.mentor.as_ref().unwrap().get().unwrap().name, "Jack");

    book.author = ForeignKey::new(4);
    script.answer(rows(&BOOK, &[&[&7_i64, &"x", &4_i64]]), 1);
    book.save(&db()).unwrap();
    let error = book.author.get().unwrap_err();
    assert!(
        error.to_string().contains("`Book.author` is not loaded"),
        "{error}"
    );
}

#[test]
fn a_loaded_row_goes_when_the_table_has_another_key() {
    let script = Script::install();
    let mut book = loaded_book(&script);
    script.answer(rows(&BOOK, &[&[&7_i64, &"Dune", &4_i64]]), 0);
    book.refresh(&db()).unwrap();
    assert_eq!(*book.author.key(), 4);
    assert!(book.author.loaded().is_none());
    assert_eq!(book.changed(), [""; 0]);
}

#[test]
fn an_optional_reference_keeps_its_row_too() {
    let script = Script::install();
    let types = [AUTHOR, AUTHOR].concat();
    let row: &[&dyn Parameter] = &[&3_i64, &"Frank", &9_i64, &9_i64, &"Jack", &NULL];
    script.answer(rows(&types, &[row]), 0);
    let query = Author::objects().select_related(Author::mentor());
    let mut author = query.get(&db()).unwrap();
    script.answer(rows(&AUTHOR, &[&[&3_i64, &"F.", &9_i64]]), 0);
    author.refresh(&db()).unwrap();
    assert_eq!(author.name, "F.");
    assert_eq!(author.mentor.as_ref().unwrap().get().unwrap().name, "Jack");
    script.answer(rows(&AUTHOR, &[&[&3_i64, &"F.", &NULL]]), 0);
    author.refresh(&db()).unwrap();
    assert!(author.mentor.is_none());
    assert_eq!(
        script.log()[1],
        r#"SELECT "id", "name", "mentor_id" FROM "authors" WHERE "id" = $1"#
    );
}

#[test]
fn a_failed_save_can_be_tried_again() {
    let script = Script::install();
    let mut book = book().edit();
    book.title = "x".into();
    script.fail("UPDATE");
    book.save(&db()).unwrap_err();
    assert_eq!(book.changed(), ["title"]);
    assert_eq!(book.title, "x");
}

#[test]
fn every_update_counts_the_version() {
    let update = |conditions: Q<Draft>| {
        let rows = Draft::objects().filter(conditions);
        let update = rows.update([Draft::title.set("x")]);
        update.to_sql().unwrap().sql().to_owned()
    };
    assert_eq!(
        update(Draft::id.eq(7)),
        "UPDATE \"drafts\" SET \"title\" = $1, \"updated_at\" = now(), \
         \"version\" = \"version\" + 1 WHERE \"id\" = $2"
    );
    let upsert = create!(Draft { title: "x" })
        .on_conflict(Draft::title)
        .do_update([Draft::title.set("y")]);
    let script = Script::install();
    upsert.insert(&db()).unwrap_err();
    assert!(
        script.log()[0].contains("\"version\" = t0.\"version\" + 1 RETURNING"),
        "{}",
        script.log()[0]
    );
}

#[test]
fn no_change_of_many_rows_sets_the_version() {
    let script = Script::install();
    let set = || [Draft::version.set(1)];
    let upsert = || create!(Draft { title: "x" }).on_conflict(Draft::title);
    let row = draft();
    for refusal in [
        Draft::objects().update(set()).execute(&db()).map(drop),
        Draft::objects()
            .update(set())
            .returning()
            .all(&db())
            .map(drop),
        upsert().do_update(set()).insert(&db()).map(drop),
        Draft::objects()
            .bulk_update([&*row], Draft::version, &db())
            .map(drop),
    ] {
        let error = refusal.unwrap_err();
        assert!(error.is_invalid_query(), "{error}");
        assert!(error.to_string().contains("`drafts.version`"), "{error}");
    }
    assert!(script.log().is_empty());
}

/// A column of even numbers.
#[derive(Debug)]
struct Even(i32);

impl ColumnType for Even {
    const SQL: SqlType = i32::SQL;

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        match self.0 % 2 {
            0 => self.0.encode(out),
            _ => Err(EncodeError::from("it is odd")),
        }
    }

    fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        i32::decode(ty, raw).map(Self)
    }
}

#[derive(crate::Model, Debug)]
#[model(table = "pairs")]
struct Pair {
    #[model(key, auto)]
    id: i64,
    shoes: Even,
}

#[test]
fn a_value_that_cannot_be_stored_is_never_taken_for_the_old_one() {
    let script = Script::install();
    let mut pair = Pair {
        id: 7,
        shoes: Even(3),
    }
    .edit();
    assert_eq!(pair.changed(), ["shoes"]);
    assert!(pair.save(&db()).unwrap_err().is_encode());
    assert!(script.log().is_empty());
    pair.shoes = Even(4);
    script.answer(rows(&[INT8, 23], &[&[&7_i64, &4]]), 1);
    pair.save(&db()).unwrap();
}
