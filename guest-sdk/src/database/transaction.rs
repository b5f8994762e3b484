use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use super::cursor_names::CursorNames;
use super::on_commit::Callback;
use super::transaction_scope::{OpenScope, TransactionScope};
use super::{Db, Statement, TransactionOptions, driver, note_write};
use crate::{Error, Result};

/// A transaction that is open. Dropping it rolls it back.
pub(super) struct Open {
    pub(super) handle: driver::Transaction,
    /// The transaction itself and the savepoints that are open in it, the
    /// innermost last.
    scopes: Vec<OpenScope>,
    /// What is to run after it has committed.
    pub(super) callbacks: RefCell<Vec<Callback>>,
    /// Which cursors are open in it.
    pub(super) cursors: CursorNames,
}

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
        match &self.transaction {
            Some(open) => {
                let name = format!("sp_{}", open.scopes.len());
                self.nested(&name, work)
            }
            None => self.begin(TransactionOptions::new(), work),
        }
    }

    /// The same as [`transaction`](Db::transaction), by Django's name.
    ///
    /// # Errors
    ///
    /// As [`transaction`](Db::transaction).
    pub fn atomic<T>(&mut self, work: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        self.transaction(work)
    }

    /// Runs `work` in a transaction of a certain kind, and again if it is to
    /// have [`retries`](TransactionOptions::retries).
    ///
    /// ```no_run
    /// # use plinth::{Db, Result};
    /// use plinth::database::TransactionOptions;
    ///
    /// fn transfer(mut db: Db, from: i64, to: i64, cents: i64) -> Result<()> {
    ///     let options = TransactionOptions::new().serializable().retries(3);
    ///     db.transaction_with(options, |tx| {
    ///         let update = "UPDATE accounts SET cents = cents + $1 WHERE id = $2";
    ///         tx.execute(update, &[&-cents, &from])?;
    ///         tx.execute(update, &[&cents, &to])?;
    ///         Ok(())
    ///     })
    /// }
    /// ```
    ///
    /// `work` is run again when it, or the commit, fails with an error of which
    /// [`is_serialization_failure`] is true. So it must return the error as it
    /// came, and what it does besides the database must be right to do twice.
    /// There is no pause before: the transaction that was in the way has
    /// committed by then, and Postgres gives a transaction up only where another
    /// run can succeed.
    ///
    /// # Errors
    ///
    /// As [`transaction`](Db::transaction), and
    /// [`is_invalid_query`](Error::is_invalid_query) in a transaction, which has
    /// begun already: only the outermost has options.
    ///
    /// [`is_serialization_failure`]: Error::is_serialization_failure
    pub fn transaction_with<T>(
        &mut self,
        options: TransactionOptions,
        mut work: impl FnMut(&mut Db) -> Result<T>,
    ) -> Result<T> {
        if self.is_in_transaction() {
            return Err(Error::invalid_query(
                "the options of `transaction_with` are for the beginning of a transaction, and \
                 this is inside of one; use `transaction` or `savepoint` here",
            ));
        }
        let mut retries = options.retries;
        loop {
            match self.begin(options, &mut work) {
                Err(error) if retries > 0 && error.is_serialization_failure() => retries -= 1,
                result => return result,
            }
        }
    }

    /// Runs `work` behind a savepoint of this name: an error undoes only what
    /// was done since, and the transaction may go on.
    ///
    /// [`transaction`](Db::transaction) chooses a name by itself; a name of one's
    /// own is found again in Postgres' log.
    ///
    /// ```no_run
    /// # use plinth::{Db, Result};
    /// # fn award_badge(_: &Db) -> Result<()> { Ok(()) }
    /// # fn f(mut db: Db) -> Result<()> {
    /// db.transaction(|tx| {
    ///     tx.savepoint("badge", |savepoint| award_badge(savepoint)).ok();
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `work` or the database, and
    /// [`is_invalid_query`](Error::is_invalid_query) outside a transaction and
    /// for a name that is empty, has more than 63 bytes or a NUL.
    pub fn savepoint<T>(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut Db) -> Result<T>,
    ) -> Result<T> {
        self.nested(&quoted(name)?, work)
    }

    /// How deep in transactions this is: 0 outside, 1 in one, and 1 more for
    /// each savepoint around.
    #[must_use]
    pub fn depth(&self) -> u32 {
        let open = self.transaction.as_ref();
        open.map_or(0, |open| {
            u32::try_from(open.scopes.len()).unwrap_or(u32::MAX)
        })
    }

    /// The transaction or savepoint that a statement on this `Db` is part of.
    pub(crate) fn scope(&self) -> Option<&Rc<TransactionScope>> {
        let innermost = self.transaction.as_ref()?.scopes.last()?;
        Some(innermost.scope())
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Refuses what locks rows, unless this is in a transaction.
    pub(crate) fn require_transaction(&self) -> Result<()> {
        if self.is_in_transaction() {
            return Ok(());
        }
        Err(Error::invalid_query(
            "`for_update` locks rows until the transaction ends; run it in `db.transaction(…)`",
        ))
    }

    fn begin<T>(
        &self,
        options: TransactionOptions,
        work: impl FnOnce(&mut Db) -> Result<T>,
    ) -> Result<T> {
        if !options.read_only {
            note_write(&self.name);
        }
        let db = Db {
            is_pinned: self.is_pinned,
            ..self.begin_on(self.name.clone(), options)?
        };
        db.finish_with(work)
    }

    /// Runs `work` in the transaction that this is, and ends it.
    fn finish_with<T>(mut self, work: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        match work(&mut self) {
            Ok(value) => self.commit().map(|()| value),
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        }
    }

    /// As [`transaction`](Db::transaction) on a database, but joins the one there
    /// may be instead of making a savepoint, and so does with `&self`.
    pub(crate) fn join_or_begin_on<T>(
        &self,
        database: &str,
        work: impl FnOnce(&Db) -> Result<T>,
    ) -> Result<T> {
        if self.is_in_transaction() {
            return work(self);
        }
        let name = Cow::Owned(database.to_owned());
        let own = self.begin_on(name, TransactionOptions::new())?;
        own.finish_with(|db| work(db))
    }

    /// A transaction that is undone when it is dropped. All that is run in it
    /// stays on its database.
    pub(crate) fn begin_on(
        &self,
        name: Cow<'static, str>,
        options: TransactionOptions,
    ) -> Result<Db> {
        let options = options.to_host(self.timeout_ms);
        let open = Open {
            handle: driver::Transaction::begin(&name, options)?,
            scopes: vec![OpenScope::begin(None)],
            callbacks: RefCell::default(),
            cursors: CursorNames::default(),
        };
        Ok(Db {
            transaction: Some(open),
            is_pinned: true,
            name,
            timeout_ms: self.timeout_ms,
        })
    }

    /// A transaction to read in. It is never committed, and what was read in it
    /// stays true all the same.
    pub(crate) fn begin_read_on(&self, name: Cow<'static, str>) -> Result<Db> {
        let mut db = self.begin_on(name, TransactionOptions::new())?;
        if let Some(open) = &mut db.transaction {
            open.scopes.drain(..).for_each(OpenScope::keep);
        }
        Ok(db)
    }

    fn commit(mut self) -> Result<()> {
        let Some(open) = self.transaction.take() else {
            return Ok(());
        };
        open.handle.commit()?;
        open.scopes.into_iter().for_each(OpenScope::keep);
        self.run_callbacks(open.callbacks.into_inner());
        Ok(())
    }

    fn roll_back(mut self) {
        if let Some(open) = self.transaction.take() {
            drop(open.scopes);
            // The connection is cleaned by the host when this fails.
            let _ = open.handle.rollback();
        }
    }

    fn nested<T>(&mut self, name: &str, work: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        let callbacks = self.enter_savepoint(name)?;
        let result = work(self);
        let scope = self.transaction.as_mut().and_then(|open| open.scopes.pop());
        let result = result.and_then(|value| self.release(name).map(|()| value));
        match (&result, scope) {
            (Ok(_), Some(scope)) => scope.keep(),
            _ => self.undo_savepoint(name, callbacks),
        }
        result
    }

    /// Makes a savepoint and tells how many callbacks there were before.
    fn enter_savepoint(&mut self, name: &str) -> Result<usize> {
        let Some(open) = &self.transaction else {
            return Err(Error::invalid_query(
                "a savepoint is part of a transaction; use it in `db.transaction(…)`",
            ));
        };
        let callbacks = open.callbacks.borrow().len();
        self.control("SAVEPOINT ", name)?;
        let scope = OpenScope::begin(self.scope().cloned());
        if let Some(open) = &mut self.transaction {
            open.scopes.push(scope);
        }
        Ok(callbacks)
    }

    fn undo_savepoint(&self, name: &str, callbacks: usize) {
        if let Some(open) = &self.transaction {
            open.callbacks.borrow_mut().truncate(callbacks);
        }
        // The first error tells more than one about the undoing, which only
        // fails when the whole transaction is lost.
        let undone = self.control("ROLLBACK TO SAVEPOINT ", name);
        let _ = undone.and_then(|()| self.release(name));
    }

    fn release(&self, name: &str) -> Result<()> {
        self.control("RELEASE SAVEPOINT ", name)
    }

    fn control(&self, verb: &str, name: &str) -> Result<()> {
        let statement = Statement::new([verb, name].concat(), &[])?;
        self.execute_on(&self.name, &statement).map(drop)
    }
}

/// Postgres cuts longer names, so that two can become one.
const NAME_BYTES_MAX: usize = 63;

/// A savepoint's name as SQL has it.
fn quoted(name: &str) -> Result<String> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains('\0') {
        return Err(Error::invalid_query(format!(
            "a savepoint's name has 1 to {NAME_BYTES_MAX} bytes and no NUL, unlike {name:?}"
        )));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests;
