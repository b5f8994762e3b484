//! Loaders of rows: one statement for many keys.

use super::*;
use crate::loader::DataLoader;

#[test]
fn three_loads_by_key_are_one_query() {
    let script = Script::install();
    let db = db();
    let types = [&BOOK[..], &AUTHOR].concat();
    script.answer(
        rows(
            &types,
            &[
                &[&9_i64, &"a", &3_i64, &3_i64, &"Ann", &NULL],
                &[&1_i64, &"b", &3_i64, &3_i64, &"Ann", &NULL],
            ],
        ),
        0,
    );
    let books = DataLoader::by_key(Book::objects().select_related(Book::author()), &db);
    let each = [1, 7, 9, 1].map(|id| books.load(id));
    let ids = each.map(|book| book.get().unwrap().map(|book| book.id));
    assert_eq!(ids, [Some(1), None, Some(9), Some(1)]);
    let first = books.load(1).get().unwrap().unwrap();
    assert_eq!(first.author.get().unwrap().name, "Ann");
    assert_eq!(script.log().len(), 1);
    assert!(script.log()[0].ends_with(r#"WHERE t0."id" = ANY($1)"#));
}

#[test]
fn rows_by_a_column_keep_the_order_of_the_query() {
    let script = Script::install();
    let db = db();
    let types = [&BOOK[..], &[INT8]].concat();
    script.answer(
        rows(
            &types,
            &[
                &[&5_i64, &"a", &3_i64, &3_i64],
                &[&2_i64, &"b", &4_i64, &4_i64],
                &[&1_i64, &"c", &3_i64, &3_i64],
            ],
        ),
        0,
    );
    let by_title = Book::objects().order_by([Book::title.asc()]);
    let books = DataLoader::by_column(by_title, Book::author_id, &db);
    let [three, four, five] = [3, 4, 5].map(|author| books.load(author));
    let ids = |books: &[Book]| books.iter().map(|book| book.id).collect::<Vec<_>>();
    assert_eq!(ids(&three.get().unwrap()), [5, 1]);
    assert_eq!(ids(&four.get().unwrap()), [2]);
    assert!(five.get().unwrap().is_empty());
    assert_eq!(
        script.log(),
        [
            "SELECT \"id\", \"title\", \"author_id\", \"author_id\" FROM \"books\" \
             WHERE \"author_id\" = ANY($1) ORDER BY \"title\" ASC"
        ]
    );
}

#[test]
fn rows_without_a_value_have_a_key_too() {
    let script = Script::install();
    let db = db();
    let types = [&AUTHOR[..], &[INT8]].concat();
    script.answer(
        rows(
            &types,
            &[
                &[&1_i64, &"Ann", &NULL, &NULL],
                &[&2_i64, &"Bob", &1_i64, &1_i64],
            ],
        ),
        0,
    );
    let pupils = DataLoader::by_column(Author::objects(), Author::mentor_id, &db);
    let [none, ann] = [None, Some(1)].map(|mentor| pupils.load(mentor));
    assert_eq!(none.get().unwrap()[0].name, "Ann");
    assert_eq!(ann.get().unwrap()[0].name, "Bob");
    assert!(script.log()[0].contains("IS NULL"), "{}", script.log()[0]);
}

#[test]
fn a_statement_that_fails_is_everybodys_error() {
    let script = Script::install();
    script.fail("SELECT");
    let db = db();
    let books = DataLoader::by_key(Book::objects(), &db);
    for book in [1, 2].map(|id| books.load(id)) {
        assert!(book.get().unwrap_err().is_serialization_failure());
    }
    assert_eq!(script.log().len(), 1);
}

#[test]
fn a_slice_is_not_loaded_by_keys() {
    let script = Script::install();
    let db = db();
    let three = Book::objects().limit(3);
    let by_key = DataLoader::by_key(three.clone(), &db);
    assert!(by_key.load(1).get().unwrap_err().is_invalid_query());
    let by_column = DataLoader::by_column(three, Book::author_id, &db);
    assert!(by_column.load(1).get().unwrap_err().is_invalid_query());
    assert!(script.log().is_empty());
}
