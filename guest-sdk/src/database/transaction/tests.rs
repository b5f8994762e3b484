use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::super::driver::script::Script;
use super::*;

fn failing<T>() -> Result<T> {
    Err(Error::other("no"))
}

/// A database and what is asked of it.
fn scripted() -> (Rc<Script>, Db) {
    (Script::install(), Db::named("default"))
}

/// A list that callbacks write to.
type Notes = Rc<RefCell<Vec<&'static str>>>;

/// A callback that notes that it ran.
fn note(notes: &Notes, text: &'static str) -> impl FnOnce(&mut Db) -> Result<()> + 'static {
    let notes = Rc::clone(notes);
    move |_| {
        notes.borrow_mut().push(text);
        Ok(())
    }
}

#[test]
fn ok_commits() {
    let (script, mut db) = scripted();
    let answer = db.transaction(|tx| tx.execute("A", &[]).map(|_| 7));
    assert_eq!(answer.unwrap(), 7);
    assert_eq!(script.log(), ["BEGIN", "A", "COMMIT"]);
}

#[test]
fn an_error_rolls_back_and_is_returned() {
    let (script, mut db) = scripted();
    let error = db.atomic(|_| failing::<()>()).unwrap_err();
    assert_eq!(error.to_string(), "no");
    assert_eq!(script.log(), ["BEGIN", "ROLLBACK"]);
}

#[test]
fn nested_failure_keeps_outer_transaction() {
    let (script, mut db) = scripted();
    db.transaction(|tx| {
        tx.transaction(|sp| {
            sp.execute("A", &[])?;
            failing::<()>()
        })
        .unwrap_err();
        tx.transaction(|sp| sp.transaction(|inner| inner.execute("B", &[])))?;
        tx.execute("C", &[])
    })
    .unwrap();
    assert_eq!(
        script.log(),
        [
            "BEGIN",
            "SAVEPOINT sp_1",
            "A",
            "ROLLBACK TO SAVEPOINT sp_1",
            "RELEASE SAVEPOINT sp_1",
            "SAVEPOINT sp_1",
            "SAVEPOINT sp_2",
            "B",
            "RELEASE SAVEPOINT sp_2",
            "RELEASE SAVEPOINT sp_1",
            "C",
            "COMMIT"
        ]
    );
}

#[test]
fn a_commit_that_fails_is_an_error() {
    let (script, mut db) = scripted();
    script.fail("COMMIT");
    let error = db.transaction(|_| Ok(())).unwrap_err();
    assert_eq!(error.sql(), Some("COMMIT"));
}

#[test]
fn a_savepoint_that_cannot_be_released_is_undone() {
    let (script, mut db) = scripted();
    script.fail("RELEASE");
    let outcome: Result<()> = db.transaction(|tx| {
        tx.transaction(|_| Ok(())).unwrap_err();
        Ok(())
    });
    // It cannot be released the second time either, so all is lost.
    assert_eq!(outcome.unwrap_err().sqlstate(), Some("25P02"));
    let log = script.log();
    assert_eq!(
        log[2..4],
        ["RELEASE SAVEPOINT sp_1", "ROLLBACK TO SAVEPOINT sp_1"]
    );
}

#[test]
fn options_say_how_a_transaction_begins() {
    let (script, mut db) = scripted();
    let options = TransactionOptions::new()
        .serializable()
        .read_only()
        .deferrable()
        .statement_timeout(Duration::from_millis(250));
    db.transaction_with(options, |_| Ok(())).unwrap();
    let begin = "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE";
    let timeout = "SET LOCAL statement_timeout = 250";
    assert_eq!(script.log(), [begin, timeout, "COMMIT"]);
}

#[test]
fn the_timeout_of_the_database_is_that_of_its_transactions() {
    let script = Script::install();
    let mut db = Db::named("default").with_timeout(Duration::from_millis(30));
    db.transaction(|_| Ok(())).unwrap();
    assert_eq!(script.log()[1], "SET LOCAL statement_timeout = 30");
}

#[test]
fn only_the_outermost_has_options() {
    let (script, mut db) = scripted();
    db.transaction(|tx| {
        let nested = tx.transaction_with(TransactionOptions::new(), |_| Ok(()));
        let error = nested.unwrap_err();
        assert!(error.is_invalid_query());
        assert!(error.to_string().contains("`savepoint`"), "{error}");
        Ok(())
    })
    .unwrap();
    assert_eq!(script.log(), ["BEGIN", "COMMIT"]);
}

#[test]
fn a_serialization_failure_is_tried_again_as_often_as_was_asked() {
    let (script, mut db) = scripted();
    script.fail("UPDATE");
    let mut runs = 0;
    let options = TransactionOptions::new().retries(2);
    let outcome = db.transaction_with(options, |tx| {
        runs += 1;
        tx.execute("UPDATE", &[])
    });
    assert!(outcome.unwrap_err().is_serialization_failure());
    assert_eq!(runs, 3);
    assert_eq!(script.log().len(), 9);
}

#[test]
fn another_error_is_not_tried_again() {
    let (_script, mut db) = scripted();
    let mut runs = 0;
    let options = TransactionOptions::new().retries(2);
    let outcome = db.transaction_with(options, |_| {
        runs += 1;
        failing::<()>()
    });
    assert_eq!(outcome.unwrap_err().to_string(), "no");
    assert_eq!(runs, 1);
}

#[test]
fn a_commit_that_fails_for_another_is_tried_again() {
    let (script, mut db) = scripted();
    script.fail("COMMIT");
    let options = TransactionOptions::new().serializable().retries(1);
    db.transaction_with(options, |_| Ok(())).unwrap_err();
    let begins = script
        .log()
        .iter()
        .filter(|sql| sql.starts_with("BEGIN"))
        .count();
    assert_eq!(begins, 2);
}

#[test]
fn a_savepoint_has_the_name_it_is_given() {
    let (script, mut db) = scripted();
    db.transaction(|tx| {
        tx.savepoint("mein \"Säve\"", |_| failing::<()>())
            .or(Ok(()))
    })
    .unwrap();
    assert_eq!(
        script.log()[1..4],
        [
            "SAVEPOINT \"mein \"\"Säve\"\"\"",
            "ROLLBACK TO SAVEPOINT \"mein \"\"Säve\"\"\"",
            "RELEASE SAVEPOINT \"mein \"\"Säve\"\"\""
        ]
    );
}

#[test]
fn a_name_that_postgres_would_not_keep_is_refused() {
    let (script, mut db) = scripted();
    db.transaction(|tx| {
        for name in ["", "a\0b", &"x".repeat(64), &"é".repeat(32)] {
            let outcome = tx.savepoint(name, |_| Ok(()));
            assert!(outcome.unwrap_err().is_invalid_query(), "{name:?}");
        }
        tx.savepoint(&"x".repeat(63), |_| Ok(()))
    })
    .unwrap();
    assert_eq!(script.log().len(), 4);
}

#[test]
fn a_savepoint_needs_a_transaction() {
    let (script, mut db) = scripted();
    let error = db.savepoint("a", |_| Ok(())).unwrap_err();
    assert!(error.is_invalid_query());
    assert_eq!(script.log().len(), 0);
}

#[test]
fn the_depth_counts_the_savepoints_around() {
    let (_script, mut db) = scripted();
    assert_eq!(db.depth(), 0);
    db.transaction(|tx| {
        assert_eq!(tx.depth(), 1);
        tx.savepoint("a", |sp| {
            assert_eq!(sp.depth(), 2);
            sp.transaction(|inner| {
                assert_eq!(inner.depth(), 3);
                failing::<()>()
            })
            .or(Ok(()))
        })?;
        assert_eq!(tx.depth(), 1);
        Ok(())
    })
    .unwrap();
    assert_eq!(db.depth(), 0);
}

#[test]
fn callbacks_run_after_the_outermost_commit_in_order() {
    let (script, mut db) = scripted();
    let notes = Notes::default();
    db.transaction(|tx| {
        tx.on_commit(note(&notes, "first"));
        tx.transaction(|sp| {
            sp.on_commit(note(&notes, "second"));
            Ok(())
        })?;
        tx.on_commit(|db| {
            assert_eq!(db.depth(), 0);
            db.execute("NOTIFY a", &[]).map(drop)
        });
        tx.on_commit(note(&notes, "last"));
        assert!(notes.borrow().is_empty());
        Ok(())
    })
    .unwrap();
    assert_eq!(*notes.borrow(), ["first", "second", "last"]);
    assert_eq!(script.log()[3..], ["COMMIT", "NOTIFY a"]);
}

#[test]
fn callbacks_of_what_was_undone_are_dropped() {
    let (script, mut db) = scripted();
    let notes = Notes::default();
    db.transaction(|tx| {
        tx.on_commit(note(&notes, "outer"));
        tx.transaction(|sp| {
            sp.on_commit(note(&notes, "undone"));
            sp.transaction(|inner| {
                inner.on_commit(note(&notes, "undone with the one around"));
                Ok(())
            })?;
            failing::<()>()
        })
        .unwrap_err();
        tx.on_commit(note(&notes, "after"));
        Ok(())
    })
    .unwrap();
    assert_eq!(notes.take(), ["outer", "after"]);

    let undone = db.transaction(|tx| {
        tx.on_commit(note(&notes, "rolled back"));
        failing::<()>()
    });
    undone.unwrap_err();
    script.fail("COMMIT");
    let undone = db.transaction(|tx| {
        tx.on_commit(note(&notes, "not committed"));
        Ok(())
    });
    undone.unwrap_err();
    assert!(notes.take().is_empty());
}

#[test]
fn callbacks_of_a_failed_attempt_are_dropped() {
    let (script, mut db) = scripted();
    let notes = Notes::default();
    script.fail("UPDATE 0");
    let mut runs = 0;
    db.transaction_with(TransactionOptions::new().retries(1), |tx| {
        tx.on_commit(note(&notes, "once"));
        let update = format!("UPDATE {runs}");
        runs += 1;
        tx.execute(update, &[])
    })
    .unwrap();
    assert_eq!((runs, notes.take()), (2, vec!["once"]));
}

#[test]
fn a_callback_that_fails_stops_neither_the_commit_nor_the_others() {
    let (_script, mut db) = scripted();
    let notes = Notes::default();
    let outcome = db.transaction(|tx| {
        tx.on_commit(|_| failing());
        tx.on_commit(note(&notes, "still"));
        Ok(7)
    });
    assert_eq!(outcome.unwrap(), 7);
    assert_eq!(notes.take(), ["still"]);
}

#[test]
fn outside_a_transaction_a_callback_runs_at_once() {
    let (_script, db) = scripted();
    let notes = Notes::default();
    db.on_commit(note(&notes, "at once"));
    assert_eq!(notes.take(), ["at once"]);
    db.on_commit(|_| failing());
}

#[test]
fn a_callback_may_begin_a_transaction_with_callbacks() {
    let (script, mut db) = scripted();
    let notes = Notes::default();
    let inner = Rc::clone(&notes);
    db.transaction(|tx| {
        tx.on_commit(move |db| {
            db.on_commit(note(&inner, "of a callback"));
            db.transaction(|tx| {
                tx.on_commit(note(&inner, "of its transaction"));
                Ok(())
            })
        });
        tx.on_commit(note(&notes, "the next"));
        Ok(())
    })
    .unwrap();
    assert_eq!(
        notes.take(),
        ["of a callback", "of its transaction", "the next"]
    );
    assert_eq!(script.log(), ["BEGIN", "COMMIT", "BEGIN", "COMMIT"]);
}
