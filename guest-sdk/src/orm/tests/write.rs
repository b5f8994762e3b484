//! What changes rows, and what is read back.

use super::*;

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
    for count in [1000, 1000, 450] {
        script.answer(answer(count), 0);
    }
    let drafts = (0..2450).map(|_| {
        create!(Book {
            title: "t",
            author: 3
        })
    });
    assert_eq!(
        Book::objects().bulk_create(drafts, &db()).unwrap().len(),
        2450
    );
    let log = script.log();
    assert_eq!(log.len(), 5);
    assert_eq!((&*log[0], &*log[4]), ("BEGIN", "COMMIT"));
    assert_eq!((&log[1], &log[1]), (&log[2], &log[3]));
    assert!(log[1].contains("unnest($1, $2)"));
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
    let drafts = (0..1450).map(|_| {
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
