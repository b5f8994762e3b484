use super::Db;
use crate::{Result, log};

/// What is to run after a commit.
pub(super) type Callback = Box<dyn FnOnce(&mut Db) -> Result<()>>;

impl Db {
    /// Runs `callback` once the transaction has committed, the outermost if
    /// there are several; never if it is rolled back, or the savepoint that this
    /// is in. Outside a transaction it runs at once. Django's `on_commit`.
    ///
    /// It is for what must not happen for changes that never came to be: a
    /// message, a line in another database, a cache to clear.
    ///
    /// ```no_run
    /// # use plinth::{Db, Result, log};
    /// fn order(db: &mut Db, book: i64) -> Result<()> {
    ///     db.transaction(|tx| {
    ///         tx.execute("INSERT INTO orders (book_id) VALUES ($1)", &[&book])?;
    ///         tx.on_commit(move |db| {
    ///             log::info!("book {book} is ordered");
    ///             Db::named("archive").execute("INSERT INTO orders VALUES ($1)", &[&book])?;
    ///             db.execute("NOTIFY orders", &[])?;
    ///             Ok(())
    ///         });
    ///         Ok(())
    ///     })
    /// }
    /// ```
    ///
    /// Callbacks run in the order in which they were given, before
    /// [`transaction`](Db::transaction) returns, with the database outside the
    /// transaction as their argument. What is committed stays committed: an
    /// error of one is logged, and the others still run.
    pub fn on_commit(&self, callback: impl FnOnce(&mut Db) -> Result<()> + 'static) {
        match &self.transaction {
            Some(open) => open.callbacks.borrow_mut().push(Box::new(callback)),
            None => report(callback(&mut self.outside())),
        }
    }

    pub(super) fn run_callbacks(&self, callbacks: Vec<Callback>) {
        for callback in callbacks {
            report(callback(&mut self.outside()));
        }
    }
}

fn report(result: Result<()>) {
    if let Err(error) = result {
        log::error!("a callback of `on_commit` failed: {error}");
    }
}
