//! How many statements something takes.

use std::fmt::Write;

use crate::database::{Capture, Statement};

/// Runs `work` and returns what it gives, with the statements that it ran on
/// this thread: Django's `CaptureQueriesContext`.
///
/// What begins and ends a transaction is not among them, but savepoints are.
///
/// ```
/// # use std::rc::Rc;
/// # use plinth::database::Statement;
/// # use plinth::testing::{Answer, Database, Refusal, use_database};
/// # struct Empty;
/// # impl Database for Empty {
/// #     fn run(&self, _: &Statement) -> Result<Answer, Box<Refusal>> { Ok(Answer::default()) }
/// # }
/// # use_database(Rc::new(Empty));
/// use plinth::testing::capture_queries;
///
/// let db = plinth::Db::named("default");
/// let (rows, statements) = capture_queries(|| db.query("SELECT $1", &[&7_i64]));
/// assert!(rows?.is_empty());
/// assert_eq!(statements[0].inlined(), "SELECT 7");
/// # Ok::<(), plinth::Error>(())
/// ```
pub fn capture_queries<T>(work: impl FnOnce() -> T) -> (T, Vec<Statement>) {
    let capture = Capture::begin();
    let value = work();
    let statements = capture.statements().into_iter();
    (value, statements.map(Statement::from_host).collect())
}

/// Runs `work`, which has to run so many statements on this thread, and returns
/// what it gives: Django's `assertNumQueries`.
///
/// A test of what must not send a statement for each row.
/// [`capture_queries`] says which of them count.
///
/// ```
/// # use std::rc::Rc;
/// # use plinth::database::Statement;
/// # use plinth::testing::{Answer, Database, Refusal, use_database};
/// # struct Empty;
/// # impl Database for Empty {
/// #     fn run(&self, _: &Statement) -> Result<Answer, Box<Refusal>> { Ok(Answer::default()) }
/// # }
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub pages: i32 }
/// # use_database(Rc::new(Empty));
/// use plinth::prelude::*;
/// use plinth::testing::assert_num_queries;
///
/// let db = Db::named("default");
/// let long = Book::objects().filter(Book::pages.gt(500));
/// let is_there = assert_num_queries(1, || long.exists(&db))?;
/// assert!(!is_there);
/// # Ok::<(), plinth::Error>(())
/// ```
///
/// # Panics
///
/// When it runs another number of statements; the message lists them.
#[track_caller]
pub fn assert_num_queries<T>(expected: usize, work: impl FnOnce() -> T) -> T {
    let (value, statements) = capture_queries(work);
    assert!(
        statements.len() == expected,
        "{}",
        report(expected, &statements)
    );
    value
}

fn report(expected: usize, statements: &[Statement]) -> String {
    let plural = if expected == 1 { "" } else { "s" };
    let count = statements.len();
    let mut text = format!("expected {expected} statement{plural}, but {count} ran");
    for (number, statement) in (1..).zip(statements) {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\n{number}. {}", statement.inlined());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    use super::*;
    use crate::database::{Script, TransactionOptions};
    use crate::{Db, Error};

    fn message(work: impl FnOnce()) -> String {
        let panic = catch_unwind(AssertUnwindSafe(work)).unwrap_err();
        *panic.downcast::<String>().unwrap()
    }

    #[test]
    fn the_right_number_gives_what_the_work_gave() {
        let _script = Script::install();
        let mut db = Db::named("default");
        assert_eq!(assert_num_queries(0, || 7), 7);
        let before = db.execute("A", &[]).unwrap();
        let rows = assert_num_queries(2, || {
            db.transaction(|tx| {
                tx.execute("B", &[])?;
                tx.query("C", &[])
            })
        });
        assert!(rows.unwrap().is_empty());
        assert_eq!(before, 0);
    }

    #[test]
    fn another_number_lists_what_ran() {
        let _script = Script::install();
        let db = Db::named("default");
        let text = message(|| {
            assert_num_queries(1, || {
                db.query("SELECT $1", &[&"it's"]).unwrap();
                db.execute("DELETE FROM books", &[]).unwrap();
            });
        });
        assert_eq!(
            text,
            "expected 1 statement, but 2 ran\n1. SELECT 'it''s'\n2. DELETE FROM books"
        );
        let text = message(|| assert_num_queries(2, || ()));
        assert_eq!(text, "expected 2 statements, but 0 ran");
    }

    #[test]
    fn statements_that_fail_and_savepoints_count_and_the_ends_of_transactions_do_not() {
        let script = Script::install();
        script.fail("BAD");
        let mut db = Db::named("default");
        let (result, statements) = capture_queries(|| {
            db.transaction(|tx| {
                tx.transaction(|savepoint| savepoint.execute("BAD", &[]))
                    .unwrap_err();
                Err::<(), _>(Error::other("no"))
            })
        });
        assert!(result.is_err());
        let statements: Vec<_> = statements.iter().map(Statement::sql).collect();
        assert_eq!(
            statements,
            [
                "SAVEPOINT sp_1",
                "BAD",
                "ROLLBACK TO SAVEPOINT sp_1",
                "RELEASE SAVEPOINT sp_1"
            ]
        );
        assert_eq!(script.log().len(), 6);
    }

    #[test]
    fn options_of_a_transaction_do_not_count_and_each_of_a_pipeline_does() {
        let script = Script::install();
        let mut db = Db::named("default");
        let limited = TransactionOptions::new().statement_timeout(Duration::from_secs(1));
        assert_num_queries(1, || {
            db.transaction_with(limited, |tx| tx.execute("A", &[]))
        })
        .unwrap();
        assert!(script.log().len() > 3, "{:?}", script.log());
        assert_num_queries(2, || db.execute_many("B", [(1_i64,), (2,)])).unwrap();
    }

    #[test]
    fn one_count_inside_another_is_part_of_it() {
        let _script = Script::install();
        let db = Db::named("default");
        let run = |sql: &str| db.execute(sql, &[]).unwrap();
        let ((), outer) = capture_queries(|| {
            run("A");
            assert_num_queries(2, || (run("B"), run("C")));
            run("D");
        });
        assert_eq!(outer.len(), 4);
        let ((), after) = capture_queries(|| ());
        assert!(after.is_empty());
    }

    #[test]
    fn a_panic_ends_the_count() {
        let _script = Script::install();
        let db = Db::named("default");
        let run = || db.execute("A", &[]).unwrap();
        message(|| {
            assert_num_queries(1, || {
                run();
                panic!("{}", "of the test's own");
            })
        });
        run();
        assert_num_queries(1, run);
    }
}
