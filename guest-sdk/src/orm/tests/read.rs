//! What is asked of rows, and how answers are read.

use super::*;

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
    db().transaction(|tx| {
        query.first(tx)?;
        assert!(query.count(tx).unwrap_err().is_invalid_query());
        assert!(query.exists(tx).unwrap_err().is_invalid_query());
        Ok(())
    })
    .unwrap();
    let log = script.log();
    assert!(log[1].ends_with(" LIMIT $1 FOR UPDATE"), "{}", log[1]);
    assert_eq!(log.len(), 3, "what locks nothing is not sent: {log:?}");
}

#[test]
fn queries_are_explained_with_their_parameters() {
    let script = Script::install();
    let json = r#"[{"Plan": {"Node Type": "Seq Scan", "Relation Name": "books"}}]"#;
    let answer = || rows(&[JSON], &[&[&json]]);
    let query = Book::objects().filter(Book::id.eq(7));
    script.answer(answer(), 0);
    let plan = query.explain(&db()).unwrap();
    assert_eq!(plan.seq_scan_tables(), ["books"]);
    script.answer(answer(), 0);
    query.clone().values(Book::title).explain(&db()).unwrap();
    script.answer(answer(), 0);
    query.explain_analyze(&db()).unwrap();
    script.answer(answer(), 0);
    let explain = Explain::new().analyze();
    explain.query("DELETE FROM t", &[], &db()).unwrap();
    script.answer(answer(), 0);
    let explain = Explain::new().buffers();
    explain.statement(&query.to_sql().unwrap(), &db()).unwrap();
    assert_eq!(
        script.log(),
        [
            r#"EXPLAIN (FORMAT JSON) SELECT "id", "title", "author_id" FROM "books" WHERE "id" = $1"#,
            r#"EXPLAIN (FORMAT JSON) SELECT "title" FROM "books" WHERE "id" = $1"#,
            r#"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT "id", "title", "author_id" FROM "books" WHERE "id" = $1"#,
            "EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM t",
            r#"EXPLAIN (BUFFERS, FORMAT JSON) SELECT "id", "title", "author_id" FROM "books" WHERE "id" = $1"#,
        ]
    );
}

#[test]
fn an_answer_that_is_no_plan_is_an_error() {
    let script = Script::install();
    let query = Book::objects();
    for answer in [
        rows(&[JSON], &[]),
        rows(&[JSON], &[&[&None::<String>]]),
        rows(&[JSON], &[&[&"QUERY PLAN"]]),
        rows(&[], &[&[]]),
        host::Rows {
            data: vec![0, 0, 0, 9, b'['],
            ..rows(&[JSON], &[&[&"["]])
        },
    ] {
        script.answer(answer, 0);
        let error = query.explain(&db()).unwrap_err();
        assert!(error.is_decode(), "{error}");
        assert_eq!(error.column(), Some("QUERY PLAN"));
    }
}
