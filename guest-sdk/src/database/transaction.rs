use std::borrow::Cow;

use super::driver::Transaction;
use super::{Db, Statement, note_write};
use crate::Result;

impl Db {
    /// Runs `work` in a transaction: its changes become durable and visible
    /// together when it returns `Ok`, and are undone when it returns an error.
    /// Django's `atomic`.
    ///
    /// Whatever ends the request early, such as a limit or a client that goes
    /// away, undoes them too.
    ///
    /// ```no_run
    /// # use plinth::{Db, Result};
    /// fn move_stock(mut db: Db, from: i64, to: i64) -> Result<()> {
    ///     db.transaction(|tx| {
    ///         tx.execute("UPDATE shelves SET books = books - 1 WHERE id = $1", &[&from])?;
    ///         tx.execute("UPDATE shelves SET books = books + 1 WHERE id = $1", &[&to])?;
    ///         Ok(())
    ///     })
    /// }
    /// ```
    ///
    /// `work` is given the transaction as a `Db`, and `self` is borrowed
    /// mutably meanwhile: a statement that would run outside the transaction by
    /// mistake does not compile.
    ///
    /// In a transaction this makes a savepoint: an error undoes only what was
    /// done since, and the caller may go on.
    ///
    /// ```no_run
    /// # use plinth::{Db, Result};
    /// # fn award_badge(_: &Db) -> Result<()> { Ok(()) }
    /// # fn f(mut db: Db) -> Result<()> {
    /// db.transaction(|tx| {
    ///     tx.execute("UPDATE users SET karma = karma + 1", &[])?;
    ///     tx.transaction(|savepoint| award_badge(savepoint)).ok();
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `work`, or that of the database when the transaction could
    /// not begin or commit.
    pub fn transaction<T>(&mut self, work: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        if self.transaction.is_some() {
            self.savepoint(work)
        } else {
            self.begin(work)
        }
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    fn begin<T>(&self, work: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        note_write(&self.name);
        let db = Db {
            is_pinned: self.is_pinned,
            ..Self::begin_on(self.name.clone())?
        };
        db.finish_with(work)
    }

    /// Runs `work` in the transaction that this is, and ends it.
    pub(crate) fn finish_with<T>(mut self, work: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        let result = work(&mut self);
        let Some(transaction) = self.transaction.take() else {
            return result;
        };
        finish(transaction, result)
    }

    /// A transaction that is undone when it is dropped. All that is run in it
    /// stays on its database.
    pub(crate) fn begin_on(name: Cow<'static, str>) -> Result<Db> {
        Ok(Db {
            transaction: Some(Transaction::begin(&name)?),
            is_pinned: true,
            name,
            savepoints: 0,
        })
    }

    fn savepoint<T>(&mut self, work: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        let name = self.savepoints + 1;
        self.control(format!("SAVEPOINT sp_{name}"))?;
        self.savepoints = name;
        let result = work(self);
        self.savepoints = name - 1;
        self.end_savepoint(name, result)
    }

    fn end_savepoint<T>(&self, name: u32, result: Result<T>) -> Result<T> {
        let release = format!("RELEASE SAVEPOINT sp_{name}");
        match result {
            Ok(value) => self.control(release).map(|()| value),
            Err(error) => {
                // The first error tells more than one about the undoing, which
                // only fails when the whole transaction is lost.
                let undone = self.control(format!("ROLLBACK TO SAVEPOINT sp_{name}"));
                let _ = undone.and_then(|()| self.control(release));
                Err(error)
            }
        }
    }

    fn control(&self, sql: String) -> Result<()> {
        self.execute_statement(&Statement::new(sql, &[])?).map(drop)
    }
}

fn finish<T>(transaction: Transaction, result: Result<T>) -> Result<T> {
    match result {
        Ok(value) => {
            transaction.commit()?;
            Ok(value)
        }
        Err(error) => {
            // The connection is cleaned by the host when this fails.
            let _ = transaction.rollback();
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::driver::script::Script;
    use super::*;
    use crate::Error;

    fn failing<T>() -> Result<T> {
        Err(Error::other("no"))
    }

    #[test]
    fn ok_commits() {
        let script = Script::install();
        let mut db = Db::named("default");
        let answer = db.transaction(|tx| tx.execute("A", &[]).map(|_| 7));
        assert_eq!(answer.unwrap(), 7);
        assert_eq!(script.log(), ["BEGIN", "A", "COMMIT"]);
    }

    #[test]
    fn an_error_rolls_back_and_is_returned() {
        let script = Script::install();
        let mut db = Db::named("default");
        let error = db.transaction(|_| failing::<()>()).unwrap_err();
        assert_eq!(error.to_string(), "no");
        assert_eq!(script.log(), ["BEGIN", "ROLLBACK"]);
    }

    #[test]
    fn nested_failure_keeps_outer_transaction() {
        let script = Script::install();
        let mut db = Db::named("default");
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
        let script = Script::install();
        script.fail("COMMIT");
        let mut db = Db::named("default");
        let error = db.transaction(|_| Ok(())).unwrap_err();
        assert_eq!(error.sql(), Some("COMMIT"));
    }
}
