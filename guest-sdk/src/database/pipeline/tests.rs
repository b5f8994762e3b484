use std::rc::Rc;

use super::super::driver::script::{Script, no_rows};
use super::super::{BytesMut, EncodeError, Parameter};
use super::*;
use crate::prelude::*;

#[derive(Model, Debug)]
#[model(table = "books")]
struct Book {
    #[model(key, auto)]
    id: i64,
    title: String,
    stock: i32,
}

fn scripted() -> (Rc<Script>, Db) {
    (Script::install(), Db::named("default"))
}

/// One row of one `bigint`.
fn number(number: i64) -> host::Rows {
    let data = [8_i32.to_be_bytes().as_slice(), &number.to_be_bytes()].concat();
    host::Rows {
        column_types: vec![20],
        column_names: "n".to_owned(),
        count: 1,
        data,
        ..no_rows()
    }
}

/// The columns of books, and no row.
fn no_books() -> host::Rows {
    host::Rows {
        column_types: vec![20, 25, 23],
        column_names: "id\0title\0stock".to_owned(),
        ..no_rows()
    }
}

#[test]
fn answers_have_the_types_and_the_order_of_the_operations() {
    let (script, db) = scripted();
    script.answer(number(3), 1);
    script.answer(no_rows(), 5);
    script.answer(number(7), 1);
    let books = Book::objects().filter(Book::stock.gt(0));
    let sold = books.clone().update([Book::stock.set(0)]);
    let answers: (i64, u64, Vec<i64>) = db
        .pipeline((books.to_count(), sold, books.values(Book::id)))
        .unwrap();
    assert_eq!(answers, (3, 5, vec![7]));
    let log = script.log();
    assert_eq!(log.len(), 5);
    assert_eq!((&*log[0], &*log[4]), ("BEGIN", "COMMIT"));
}

#[test]
fn a_failure_is_named_by_its_index_and_keeps_its_reasons() {
    let (script, db) = scripted();
    script.fail("DELETE");
    let books = Book::objects();
    let outcome = db.pipeline((&books, books.to_count(), books.to_delete(), &books));
    let error = outcome.unwrap_err();
    assert_eq!(error.pipeline_index(), Some(2));
    assert!(error.is_serialization_failure());
    assert_eq!(error.sqlstate(), Some("40001"));
    assert!(error.sql().unwrap().starts_with("DELETE"));
    assert!(error.to_string().starts_with("operation 2 of"), "{error}");
    let log = script.log();
    assert_eq!(log.last().unwrap(), "ROLLBACK");
    assert_eq!(log.len(), 5);
}

#[test]
fn what_cannot_be_read_or_compiled_has_its_index_too() {
    let (script, db) = scripted();
    script.answer(number(1), 1);
    script.answer(no_books(), 0);
    let books = Book::objects();
    let none = db.pipeline((books.to_count(), books.to_get()));
    let error = none.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.pipeline_index(), Some(1));

    let before = script.log().len();
    let nothing = Book::objects().update([]);
    let error = db.pipeline((books.to_count(), nothing)).unwrap_err();
    assert!(error.is_invalid_query());
    assert_eq!(error.pipeline_index(), Some(1));
    assert_eq!(script.log().len(), before, "nothing was sent");
}

#[test]
fn a_transaction_that_cannot_commit_is_no_operations_fault() {
    let (script, db) = scripted();
    script.fail("COMMIT");
    let error = db.pipeline((Book::objects().to_count(),)).unwrap_err();
    assert_eq!(error.pipeline_index(), None);
    assert_eq!(error.sql(), Some("COMMIT"));
}

#[test]
fn in_a_transaction_it_is_part_of_it() {
    let (script, mut db) = scripted();
    script.answer(no_books(), 0);
    script.answer(no_books(), 0);
    db.transaction(|tx| tx.pipeline([Book::objects(), Book::objects().limit(1)]))
        .unwrap();
    let log = script.log();
    assert_eq!(log.len(), 4);
    assert!(log[1].starts_with("SELECT") && log[2].ends_with("LIMIT $1"));
}

#[test]
fn as_many_as_there_are() {
    let (script, db) = scripted();
    script.answer(number(1), 1);
    script.answer(number(2), 1);
    let counts: Vec<_> = (0..2).map(|_| Book::objects().to_count()).collect();
    assert_eq!(db.pipeline(counts).unwrap(), [1, 2]);
    let before = script.log().len();
    let none: Vec<Statement> = Vec::new();
    assert!(db.pipeline(none).unwrap().is_empty());
    assert_eq!(script.log().len(), before);
}

#[test]
fn a_draft_is_its_insert() {
    let (script, db) = scripted();
    let draft = create!(Book {
        title: "Dune",
        stock: 3
    });
    db.pipeline((draft,)).unwrap_err();
    assert!(script.log()[1].starts_with("INSERT INTO \"books\""));
}

#[test]
fn locks_need_a_transaction_around() {
    let (script, mut db) = scripted();
    let locked = Book::objects().for_update();
    let error = db.pipeline((&locked,)).unwrap_err();
    assert!(error.is_invalid_query());
    assert!(db.start(&locked).wait().unwrap_err().is_invalid_query());
    assert!(script.log().is_empty());
    script.answer(no_books(), 0);
    db.transaction(|tx| tx.pipeline((&locked,))).unwrap();
}

#[test]
fn rows_of_parameters_run_a_statement_each() {
    let (script, db) = scripted();
    script.answer(no_rows(), 1);
    script.answer(no_rows(), 2);
    let titles = [String::from("Emma"), String::from("Dune")];
    let rows = titles
        .iter()
        .zip(1_i64..)
        .map(|(title, id)| (title.as_str(), id));
    let affected = db
        .execute_many("UPDATE b SET t = $1 WHERE id = $2", rows)
        .unwrap();
    assert_eq!(affected, 3);
    assert_eq!(script.log().len(), 4);
    let none: [(i64,); 0] = [];
    assert_eq!(db.execute_many("UPDATE b", none).unwrap(), 0);
    assert_eq!(script.log().len(), 4);
}

/// A number that Postgres can hold only below 400.
struct Small(u16);

impl Parameter for Small {
    fn oid(&self) -> u32 {
        20
    }

    fn write(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        match self.0 {
            400.. => Err(EncodeError::from("it is too great")),
            number => i64::from(number).write(out),
        }
    }
}

#[test]
fn many_rows_are_one_transaction_and_a_failure_names_its_row() {
    let (script, db) = scripted();
    let rows = (0..600_i64).map(|id| (id,));
    db.execute_many("DELETE FROM b WHERE id = $1", rows)
        .unwrap();
    let log = script.log();
    assert_eq!(log.len(), 602);
    assert_eq!((&*log[0], &*log[601]), ("BEGIN", "COMMIT"));

    let numbers = (0..600).map(|row| (Small(row),));
    let error = db
        .execute_many("DELETE FROM b WHERE n = $1", numbers)
        .unwrap_err();
    assert_eq!(error.pipeline_index(), Some(400));
    assert!(error.is_encode());
    assert_eq!(script.log().last().unwrap(), "ROLLBACK");
}

#[test]
fn a_failure_in_a_later_batch_names_its_row() {
    let (script, db) = scripted();
    script.fail_after(1 + 300);
    let rows = (0..600_i64).map(|id| (id,));
    let error = db
        .execute_many("DELETE FROM b WHERE id = $1", rows)
        .unwrap_err();
    assert_eq!(error.pipeline_index(), Some(300));
}

#[test]
fn what_is_started_is_waited_for() {
    let (script, mut db) = scripted();
    script.answer(number(4), 1);
    let count = db.start(Book::objects().to_count());
    assert_eq!(count.wait().unwrap(), 4);
    script.fail("SELECT 1");
    let pending = db.start_query("SELECT 1", &[]);
    assert!(pending.wait().unwrap_err().is_serialization_failure());
    db.transaction(|tx| {
        let rows = tx.start_query("SELECT 2", &[]);
        tx.execute("A", &[])?;
        rows.wait()
    })
    .unwrap();
    assert_eq!(script.log()[2..], ["BEGIN", "SELECT 2", "A", "COMMIT"]);
}

#[test]
fn a_statement_has_the_timeout_of_its_database() {
    let script = Script::install();
    let db = Db::named("default").with_timeout(std::time::Duration::from_millis(20));
    db.query("A", &[]).unwrap();
    db.execute("B", &[]).unwrap();
    db.start_query("C", &[]).wait().unwrap();
    Db::named("default").query("D", &[]).unwrap();
    assert_eq!(script.timeouts("ABCD"), [20, 20, 20, 0]);
    db.pipeline((Statement::new("E", &[]).unwrap(),)).unwrap();
    let timeout = "SET LOCAL statement_timeout = 20";
    assert_eq!(script.log()[4..], ["BEGIN", timeout, "E", "COMMIT"]);
}
