//! Queries against a scripted database: what is asked, and how answers are
//! read.

use bytes::{BufMut, BytesMut};

use crate::bindings::plinth::host::database as host;
use crate::database::{Parameter, Script};
use crate::orm::{ForeignKey, Model, count, excluded, max};
use crate::{Db, create};

#[derive(crate::Model, Debug)]
#[model(table = "authors")]
struct Author {
    #[model(key, auto)]
    id: i64,
    name: String,
    mentor: Option<ForeignKey<Author>>,
}

#[derive(crate::Model, Debug)]
#[model(table = "books")]
struct Book {
    #[model(key, auto)]
    id: i64,
    title: String,
    author: ForeignKey<Author>,
}

const INT8: u32 = 20;
const TEXT: u32 = 25;
const AUTHOR: [u32; 3] = [INT8, TEXT, INT8];
const BOOK: [u32; 3] = [INT8, TEXT, INT8];

/// A result as the host sends it.
fn rows(types: &[u32], rows: &[&[&dyn Parameter]]) -> host::Rows {
    let mut data = BytesMut::new();
    for value in rows.iter().copied().flatten() {
        let start = data.len();
        data.put_i32(-1);
        if value.write(&mut data).unwrap() {
            let length = i32::try_from(data.len() - start - 4).unwrap();
            data[start..start + 4].copy_from_slice(&length.to_be_bytes());
        }
    }
    host::Rows {
        column_types: types.to_vec(),
        column_names: String::new(),
        count: u32::try_from(rows.len()).unwrap(),
        data: data.into(),
    }
}

const NULL: Option<i64> = None;

fn db() -> Db {
    Db::named("default")
}

#[test]
fn all_reads_rows_by_position() {
    let script = Script::install();
    script.answer(
        rows(&BOOK, &[&[&1_i64, &"a", &3_i64], &[&2_i64, &"b", &4_i64]]),
        0,
    );
    let books = Book::objects().all(&db()).unwrap();
    let read: Vec<_> = books
        .iter()
        .map(|b| (b.id, &*b.title, *b.author.key()))
        .collect();
    assert_eq!(read, [(1, "a", 3), (2, "b", 4)]);
}

#[test]
fn a_reference_that_was_not_loaded_says_how_to() {
    let script = Script::install();
    script.answer(rows(&BOOK, &[&[&1_i64, &"a", &3_i64]]), 0);
    let book = Book::objects().get(&db()).unwrap();
    assert_eq!(
        book.author.get().unwrap_err().to_string(),
        "`Book.author` is not loaded; add `.select_related(Book::author())` to the query"
    );
}

#[test]
fn related_rows_are_read_into_their_fields() {
    let script = Script::install();
    let types = [&BOOK[..], &AUTHOR, &AUTHOR].concat();
    script.answer(
        rows(
            &types,
            &[
                &[
                    &1_i64, &"a", &3_i64, &3_i64, &"Ada", &9_i64, &9_i64, &"Mary", &NULL,
                ],
                &[
                    &2_i64,
                    &"b",
                    &4_i64,
                    &4_i64,
                    &"Bob",
                    &NULL,
                    &NULL,
                    &None::<String>,
                    &NULL,
                ],
                &[
                    &5_i64, &"c", &3_i64, &3_i64, &"Ada", &9_i64, &9_i64, &"Mary", &NULL,
                ],
            ],
        ),
        0,
    );
    let books = Book::objects()
        .select_related(Book::author().mentor())
        .all(&db())
        .unwrap();
    let mentor = |book: &Book| {
        let author = book.author.get().unwrap();
        author
            .mentor
            .as_ref()
            .map(|mentor| mentor.get().unwrap().name.clone())
    };
    let mentors: Vec<_> = books.iter().map(mentor).collect();
    assert_eq!(mentors, [Some("Mary".into()), None, Some("Mary".into())]);
    assert_eq!(books[2].id, 5);
}

#[test]
fn get_wants_exactly_one() {
    let script = Script::install();
    script.answer(rows(&BOOK, &[]), 0);
    let error = Book::objects().get_or_404(&db()).unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.table(), Some("books"));
    script.answer(
        rows(&BOOK, &[&[&1_i64, &"a", &3_i64], &[&2_i64, &"b", &4_i64]]),
        0,
    );
    assert!(
        Book::objects()
            .get(&db())
            .unwrap_err()
            .is_multiple_objects()
    );
    assert!(script.log()[0].ends_with(" LIMIT $1"), "{:?}", script.log());
}

#[test]
fn first_orders_by_the_key_when_nothing_else_does() {
    let script = Script::install();
    script.answer(rows(&BOOK, &[]), 0);
    assert!(Book::objects().first(&db()).unwrap().is_none());
    script.answer(rows(&BOOK, &[]), 0);
    Book::objects()
        .order_by([Book::title.desc()])
        .first(&db())
        .unwrap();
    let log = script.log();
    assert!(
        log[0].ends_with(r#" ORDER BY "id" ASC LIMIT $1"#),
        "{}",
        log[0]
    );
    assert!(
        log[1].ends_with(r#" ORDER BY "title" DESC LIMIT $1"#),
        "{}",
        log[1]
    );
}

#[test]
fn count_and_exists_ask_for_no_columns() {
    let script = Script::install();
    let query = Book::objects().order_by([Book::author().name().asc()]);
    script.answer(rows(&[INT8], &[&[&42_i64]]), 0);
    assert_eq!(query.count(&db()).unwrap(), 42);
    script.answer(rows(&[INT8], &[&[&10_i64]]), 0);
    assert_eq!(query.clone().limit(10).offset(5).count(&db()).unwrap(), 10);
    assert!(!query.exists(&db()).unwrap());
    assert_eq!(
        script.log(),
        [
            r#"SELECT COUNT(*) FROM "books""#,
            r#"SELECT COUNT(*) FROM (SELECT 1 FROM "books" LIMIT $1 OFFSET $2) AS slice"#,
            r#"SELECT 1 FROM "books" LIMIT $1"#,
        ]
    );
}

#[test]
fn a_wrong_type_names_table_and_column() {
    let script = Script::install();
    script.answer(rows(&[INT8, TEXT, TEXT], &[]), 0);
    let error = Book::objects().all(&db()).unwrap_err();
    assert!(error.is_decode());
    assert_eq!(
        error.to_string(),
        "cannot read `books.author_id`: its type is text, where the model has bigint"
    );
}

#[test]
fn a_null_names_table_and_column() {
    let script = Script::install();
    script.answer(rows(&BOOK, &[&[&1_i64, &None::<String>, &3_i64]]), 0);
    let error = Book::objects().all(&db()).unwrap_err();
    assert_eq!(error.table(), Some("books"));
    assert_eq!(error.column(), Some("title"));
}

#[test]
fn other_columns_than_the_models_are_an_error() {
    let script = Script::install();
    script.answer(rows(&BOOK[..2], &[]), 0);
    assert!(Book::objects().all(&db()).unwrap_err().is_decode());
    script.answer(rows(&[INT8, TEXT, INT8, INT8], &[]), 0);
    assert!(Book::objects().all(&db()).unwrap_err().is_decode());
}

#[test]
fn a_truncated_result_is_an_error() {
    let whole = rows(&BOOK, &[&[&1_i64, &"a", &3_i64]]);
    let script = Script::install();
    for length in 0..whole.data.len() {
        let mut part = whole.clone();
        part.data.truncate(length);
        script.answer(part, 0);
        assert!(
            Book::objects().all(&db()).unwrap_err().is_decode(),
            "{length}"
        );
    }
    let mut more = whole.clone();
    more.count = u32::MAX;
    script.answer(more, 0);
    assert!(Book::objects().all(&db()).unwrap_err().is_decode());
}

#[test]
fn insert_reads_the_row_back() {
    let script = Script::install();
    script.answer(rows(&BOOK, &[&[&7_i64, &"Dune", &3_i64]]), 1);
    let book = create!(Book {
        title: "Dune",
        author: 3
    })
    .insert(&db())
    .unwrap();
    assert_eq!(book.id, 7);
}

#[test]
fn deleting_what_is_gone_is_not_found() {
    let script = Script::install();
    let book = Book {
        id: 7,
        title: "Dune".into(),
        author: ForeignKey::new(3),
    };
    script.answer(rows(&[], &[]), 1);
    book.delete(&db()).unwrap();
    assert!(book.delete(&db()).unwrap_err().is_not_found());
    assert_eq!(script.log()[0], r#"DELETE FROM "books" WHERE "id" = $1"#);
}

#[test]
fn a_query_deletes_its_rows() {
    let script = Script::install();
    script.answer(rows(&[], &[]), 3);
    assert_eq!(
        Book::objects()
            .filter(Book::title.eq("x"))
            .delete(&db())
            .unwrap(),
        3
    );
    let by_author = Book::objects().filter(Book::author().name().eq("x"));
    by_author.delete(&db()).unwrap();
    assert!(
        Book::objects()
            .limit(1)
            .delete(&db())
            .unwrap_err()
            .is_invalid_query()
    );
    assert_eq!(
        script.log(),
        [
            r#"DELETE FROM "books" WHERE "title" = $1"#,
            "DELETE FROM \"books\" WHERE \"id\" IN (SELECT t0.\"id\" FROM \"books\" AS t0 \
             LEFT JOIN \"authors\" AS t1 ON t1.\"id\" = t0.\"author_id\" WHERE t1.\"name\" = $1)",
        ]
    );
}

#[test]
fn many_rows_are_inserted_in_equal_batches_in_one_transaction() {
    let script = Script::install();
    let answer = |count: i64| {
        let cells: Vec<[Box<dyn Parameter>; 3]> = (0..count)
            .map(|n| [Box::new(n) as _, Box::new("t") as _, Box::new(3_i64) as _])
            .collect();
        let cells: Vec<Vec<&dyn Parameter>> = cells
            .iter()
            .map(|row| row.iter().map(|cell| &**cell).collect())
            .collect();
        let cells: Vec<&[&dyn Parameter]> = cells.iter().map(Vec::as_slice).collect();
        rows(&BOOK, &cells)
    };
    for count in [200, 200, 50] {
        script.answer(answer(count), 0);
    }
    let drafts = (0..450).map(|_| {
        create!(Book {
            title: "t",
            author: 3
        })
    });
    assert_eq!(
        Book::objects().bulk_create(drafts, &db()).unwrap().len(),
        450
    );
    let log = script.log();
    assert_eq!(log.len(), 5);
    assert_eq!((&*log[0], &*log[4]), ("BEGIN", "COMMIT"));
    assert_eq!(log[1], log[2]);
    assert!(log[1].contains("($399, $400)") && !log[1].contains("$401"));
}

#[test]
fn few_rows_need_no_transaction_and_none_no_statement() {
    let script = Script::install();
    Book::objects().bulk_create([], &db()).unwrap();
    assert!(script.log().is_empty());
    script.answer(rows(&BOOK, &[&[&7_i64, &"Dune", &3_i64]]), 1);
    Book::objects()
        .bulk_create(
            [create!(Book {
                title: "Dune",
                author: 3
            })],
            &db(),
        )
        .unwrap();
    assert_eq!(script.log().len(), 1);
}

#[test]
fn a_batch_that_fails_undoes_those_before() {
    let script = Script::install();
    script.fail("INSERT");
    let drafts = (0..450).map(|_| {
        create!(Book {
            title: "t",
            author: 3
        })
    });
    Book::objects().bulk_create(drafts, &db()).unwrap_err();
    assert_eq!(script.log().last().map(String::as_str), Some("ROLLBACK"));
}

#[test]
fn returning_one_wants_one() {
    let script = Script::install();
    let update = || Book::objects().update([Book::title.set("x")]).returning();
    script.answer(rows(&BOOK, &[&[&1_i64, &"x", &3_i64]]), 0);
    assert_eq!(update().one(&db()).unwrap().title, "x");
    script.answer(rows(&BOOK, &[]), 0);
    assert!(update().one(&db()).unwrap_err().is_not_found());
}

#[test]
fn without_a_host_a_query_is_an_error_that_says_so() {
    let error = std::thread::spawn(|| Book::objects().count(&db()).unwrap_err().to_string());
    assert!(error.join().unwrap().starts_with("there is no host here"));
}

#[test]
fn a_models_key_is_its_key() {
    let author = Author {
        id: 3,
        name: "Ada".into(),
        mentor: None,
    };
    assert_eq!(
        (author.key(), author.name.len(), author.mentor.is_none()),
        (&3, 3, true)
    );
}

#[test]
fn values_are_read_by_position() {
    let script = Script::install();
    let query = Book::objects().values((Book::author_id, count(), max(Book::title)));
    let answer: [&[&dyn Parameter]; 2] =
        [&[&3_i64, &2_i64, &"b"], &[&4_i64, &1_i64, &None::<String>]];
    script.answer(rows(&[INT8, INT8, TEXT], &answer), 0);
    assert_eq!(
        query.all(&db()).unwrap(),
        [(3, 2, Some("b".to_owned())), (4, 1, None)]
    );
    script.answer(rows(&[INT8, INT8, TEXT], &answer[..1]), 0);
    assert_eq!(query.get(&db()).unwrap().1, 2);
    script.answer(rows(&[INT8, INT8, TEXT], &[]), 0);
    assert!(query.get(&db()).unwrap_err().is_not_found());
}

#[test]
fn a_value_of_another_type_is_named() {
    let script = Script::install();
    let query = Book::objects().values((Book::author_id, count()));
    script.answer(rows(&[INT8, TEXT], &[]), 0);
    assert_eq!(
        query.all(&db()).unwrap_err().to_string(),
        "cannot read `1`: its type is text, where the query has bigint"
    );
    script.answer(rows(&[TEXT, INT8], &[]), 0);
    let error = query.all(&db()).unwrap_err();
    assert_eq!(
        (error.table(), error.column()),
        (Some("books"), Some("author_id"))
    );
    for types in [&[INT8][..], &[INT8, INT8, INT8]] {
        script.answer(rows(types, &[]), 0);
        assert!(query.all(&db()).unwrap_err().is_decode());
    }
}

#[test]
fn groups_are_counted_as_rows() {
    let script = Script::install();
    let answer = || script.answer(rows(&[INT8], &[&[&2_i64]]), 0);
    let query = Book::objects().values(Book::author_id);
    for query in [
        query.clone(),
        query.clone().distinct(),
        query.clone().having(count().gt(1)),
        query.clone().limit(3),
    ] {
        answer();
        assert_eq!(query.count(&db()).unwrap(), 2);
    }
    query.clone().having(count().gt(1)).exists(&db()).unwrap();
    query.clone().distinct().first(&db()).unwrap_err();
    assert_eq!(
        script.log(),
        [
            r#"SELECT COUNT(*) FROM "books""#,
            r#"SELECT COUNT(*) FROM (SELECT DISTINCT "author_id" FROM "books") AS slice"#,
            "SELECT COUNT(*) FROM (SELECT \"author_id\" FROM \"books\" GROUP BY \"author_id\" \
             HAVING COUNT(*) > $1) AS slice",
            r#"SELECT COUNT(*) FROM (SELECT 1 FROM "books" LIMIT $1) AS slice"#,
            "SELECT \"author_id\" FROM \"books\" GROUP BY \"author_id\" HAVING COUNT(*) > $1 \
             LIMIT $2",
            r#"SELECT DISTINCT "author_id" FROM "books" ORDER BY 1 LIMIT $1"#,
        ]
    );
}

#[test]
fn aggregates_are_one_row() {
    let script = Script::install();
    let query = Book::objects().order_by([Book::title.asc()]);
    script.answer(rows(&[INT8, TEXT], &[&[&0_i64, &None::<String>]]), 0);
    let read = query.aggregate((count(), max(Book::title)), &db()).unwrap();
    assert_eq!(read, (0, None));
    script.answer(rows(&[INT8], &[&[&5_i64]]), 0);
    assert_eq!(query.clone().limit(5).aggregate(count(), &db()).unwrap(), 5);
    let error = query.aggregate((count(), Book::title), &db()).unwrap_err();
    assert!(error.is_invalid_query(), "{error}");
    assert_eq!(
        script.log(),
        [
            r#"SELECT COUNT(*), MAX("title") FROM "books""#,
            "SELECT COUNT(*) FROM \"books\" AS t0 WHERE t0.\"id\" IN (SELECT t1.\"id\" \
             FROM \"books\" AS t1 ORDER BY t1.\"title\" ASC LIMIT $1)",
        ]
    );
}

#[test]
fn the_last_is_the_first_from_the_end() {
    let script = Script::install();
    let query = Book::objects();
    query.last(&db()).unwrap_err();
    let ordered = query.clone().order_by([Book::title.asc(), Book::id.desc()]);
    ordered.last(&db()).unwrap_err();
    let mentored = Author::objects();
    mentored.latest(Author::mentor_id, &db()).unwrap_err();
    mentored.earliest(Author::id, &db()).unwrap_err();
    let log = script.log();
    let orders: Vec<_> = log
        .iter()
        .map(|sql| sql.split_once(" ORDER BY ").unwrap().1)
        .collect();
    assert_eq!(
        orders,
        [
            r#""id" DESC LIMIT $1"#,
            r#""title" DESC, "id" ASC LIMIT $1"#,
            r#""mentor_id" DESC NULLS LAST LIMIT $1"#,
            r#""id" ASC LIMIT $1"#,
        ]
    );
    for error in [
        query.clone().limit(3).last(&db()).unwrap_err(),
        query.clone().offset(3).latest(Book::id, &db()).unwrap_err(),
        query.clone().limit(3).in_bulk([1], &db()).unwrap_err(),
    ] {
        assert!(error.is_invalid_query(), "{error}");
    }
}

#[test]
fn rows_are_found_by_their_keys() {
    let script = Script::install();
    assert!(Book::objects().in_bulk([], &db()).unwrap().is_empty());
    assert!(script.log().is_empty());
    script.answer(
        rows(&BOOK, &[&[&1_i64, &"a", &3_i64], &[&2_i64, &"b", &4_i64]]),
        0,
    );
    let books = Book::objects().in_bulk([1, 2, 7], &db()).unwrap();
    assert_eq!(books[&2].title, "b");
    assert!(!books.contains_key(&7));
    assert!(script.log()[0].ends_with(r#"WHERE "id" = ANY($1)"#));
}

#[test]
fn locks_are_for_transactions() {
    let script = Script::install();
    let query = Book::objects().for_update();
    assert!(query.first(&db()).unwrap_err().is_invalid_query());
    assert!(
        query
            .clone()
            .values(Book::id)
            .all(&db())
            .unwrap_err()
            .is_invalid_query()
    );
    assert!(script.log().is_empty());
    script.answer(rows(&BOOK, &[]), 0);
    script.answer(rows(&[INT8], &[&[&1_i64]]), 0);
    db().transaction(|tx| {
        query.first(tx)?;
        query.count(tx)
    })
    .unwrap();
    let log = script.log();
    assert!(log[1].ends_with(" LIMIT $1 FOR UPDATE"), "{}", log[1]);
    assert_eq!(log[2], r#"SELECT COUNT(*) FROM "books""#);
}

const UPSERTED: [u32; 4] = [INT8, TEXT, INT8, 16];

fn dune() -> BookDraft {
    create!(Book {
        title: "Dune",
        author: 3
    })
}

#[test]
fn a_row_in_the_way_is_left_alone() {
    let script = Script::install();
    let insert = || {
        dune()
            .on_conflict((Book::author_id, Book::title))
            .do_nothing()
    };
    script.answer(rows(&BOOK, &[&[&7_i64, &"Dune", &3_i64]]), 1);
    assert_eq!(insert().insert(&db()).unwrap().unwrap().id, 7);
    script.answer(rows(&BOOK, &[]), 0);
    assert!(insert().insert(&db()).unwrap().is_none());
    script.answer(rows(&BOOK, &[]), 0);
    Book::objects()
        .on_conflict(())
        .do_nothing()
        .bulk_create([dune()], &db())
        .unwrap();
    assert_eq!(
        script.log()[1..],
        [
            "INSERT INTO \"books\" (\"title\", \"author_id\") VALUES ($1, $2) \
             ON CONFLICT (\"author_id\", \"title\") DO NOTHING \
             RETURNING \"id\", \"title\", \"author_id\"",
            "INSERT INTO \"books\" (\"title\", \"author_id\") VALUES ($1, $2) \
             ON CONFLICT DO NOTHING RETURNING \"id\", \"title\", \"author_id\"",
        ]
    );
}

#[test]
fn a_row_in_the_way_is_updated() {
    let script = Script::install();
    let assigns = || {
        [
            Book::title.set(excluded(Book::title)),
            Book::author_id.set(Book::author_id + 1),
        ]
    };
    script.answer(rows(&UPSERTED, &[&[&7_i64, &"Dune", &3_i64, &true]]), 1);
    let upsert = dune().on_conflict(Book::title).do_update(assigns());
    let (book, is_new) = upsert.insert(&db()).unwrap();
    assert_eq!((book.id, is_new), (7, true));
    script.answer(
        rows(
            &UPSERTED,
            &[
                &[&7_i64, &"Dune", &4_i64, &false],
                &[&8_i64, &"Dune", &3_i64, &true],
            ],
        ),
        2,
    );
    let upserted = Book::objects()
        .on_conflict(Book::title)
        .do_update(assigns())
        .bulk_create([dune(), dune()], &db())
        .unwrap();
    let read: Vec<_> = upserted
        .iter()
        .map(|(book, is_new)| (book.id, *is_new))
        .collect();
    assert_eq!(read, [(7, false), (8, true)]);
    assert_eq!(
        script.log()[0],
        "INSERT INTO \"books\" AS t0 (\"title\", \"author_id\") VALUES ($1, $2) \
         ON CONFLICT (\"title\") DO UPDATE SET \"title\" = EXCLUDED.\"title\", \
         \"author_id\" = (t0.\"author_id\" + $3) \
         RETURNING t0.\"id\", t0.\"title\", t0.\"author_id\", (t0.xmax = 0)"
    );
    for upsert in [
        dune().on_conflict(()).do_update(assigns()),
        dune().on_conflict(Book::title).do_update([]),
        dune()
            .on_conflict(Book::author().name())
            .do_update(assigns()),
    ] {
        let error = upsert.insert(&db()).unwrap_err();
        assert!(error.is_invalid_query(), "{error}");
    }
}

#[test]
fn get_or_create_finds_the_row_that_came_in_between() {
    let script = Script::install();
    let none = || rows(&BOOK, &[]);
    let one = || rows(&BOOK, &[&[&7_i64, &"Dune", &3_i64]]);
    let query = Book::objects().filter(Book::title.eq("Dune"));
    let run = |answers: &[fn() -> host::Rows]| {
        let before = script.log().len();
        answers.iter().for_each(|answer| script.answer(answer(), 0));
        let (book, is_new) = query.get_or_create(dune(), &db()).unwrap();
        assert_eq!(book.id, 7);
        (is_new, script.log().len() - before)
    };
    assert_eq!(run(&[one]), (false, 1));
    assert_eq!(run(&[none, one]), (true, 2));
    assert_eq!(run(&[none, none, one]), (false, 3));
    assert_eq!(run(&[none, none, none, one]), (true, 4));
    let log = script.log();
    assert!(log[2].contains("ON CONFLICT DO NOTHING"), "{}", log[2]);
    assert!(!log[9].contains("ON CONFLICT"), "{}", log[9]);
}

#[test]
fn update_or_create_is_one_transaction() {
    let script = Script::install();
    let none = || rows(&BOOK, &[]);
    let one = || rows(&BOOK, &[&[&7_i64, &"Dune", &3_i64]]);
    let query = Book::objects().filter(Book::title.eq("Dune"));
    let run = || {
        query
            .clone()
            .update_or_create([Book::author_id.set(3)], dune(), &db())
    };
    script.answer(one(), 0);
    assert!(!run().unwrap().1);
    script.answer(none(), 0);
    script.answer(one(), 0);
    assert!(run().unwrap().1);
    let two: [&[&dyn Parameter]; 2] = [&[&1_i64, &"a", &3_i64], &[&2_i64, &"b", &4_i64]];
    script.answer(rows(&BOOK, &two), 0);
    assert!(run().unwrap_err().is_multiple_objects());
    let words: Vec<_> = script
        .log()
        .iter()
        .map(|sql| sql.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        words,
        [
            "BEGIN", "UPDATE", "COMMIT", "BEGIN", "UPDATE", "INSERT", "COMMIT", "BEGIN", "UPDATE",
            "ROLLBACK"
        ]
    );
}

#[test]
fn changes_return_values() {
    let script = Script::install();
    let query = Book::objects().filter(Book::title.eq("x"));
    script.answer(rows(&[INT8, TEXT], &[&[&1_i64, &"x"]]), 0);
    let update = query.clone().update([Book::title.set("y")]);
    let (id, title) = update
        .returning_values((Book::id, Book::title))
        .one(&db())
        .unwrap();
    assert_eq!((id, &*title), (1, "x"));
    script.answer(rows(&[INT8], &[&[&1_i64], &[&2_i64]]), 0);
    assert_eq!(query.delete_returning(Book::id, &db()).unwrap(), [1, 2]);
    assert_eq!(
        script.log()[1],
        r#"DELETE FROM "books" WHERE "title" = $1 RETURNING "id""#
    );
}
