use std::borrow::Cow;
use std::fmt;

use super::driver::{self, Transaction};
use super::{Parameter, Rows, Statement};
use crate::Result;

/// A database that the operator lets the plugin use, or a transaction on it.
///
/// A handler gets one as its argument; the pool, the connections and their
/// credentials stay in the host, so having a `Db` costs nothing.
/// It runs the ORM's queries, as in `Book::objects().all(&db)?`, and the
/// plugin's own SQL.
///
/// Inside [`transaction`](Db::transaction) the closure's argument is a `Db`
/// too, so that a function which takes `&Db` works in and outside of one.
pub struct Db {
    pub(super) name: Cow<'static, str>,
    pub(super) transaction: Option<Transaction>,
    pub(super) savepoints: u32,
}

impl Db {
    /// The database that the operator calls `name` in `plinth.toml`.
    ///
    /// Whether there is one, and whether the plugin may use it, shows with the
    /// first statement; see [`Error::is_denied`](crate::Error::is_denied).
    ///
    /// ```
    /// let archive = plinth::Db::named("archive");
    /// assert_eq!(archive.name(), "archive");
    /// ```
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            transaction: None,
            savepoints: 0,
        }
    }

    /// The name by which the operator calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs one SQL statement and returns its rows.
    ///
    /// Parameters are written `$1`, `$2`, … and never become part of the text.
    ///
    /// # Errors
    ///
    /// When the host or Postgres refuses the statement; the error's predicates
    /// tell why.
    pub fn query(&self, sql: impl Into<String>, parameters: &[&dyn Parameter]) -> Result<Rows> {
        self.query_statement(&Statement::new(sql, parameters)?)
    }

    /// Runs one SQL statement and returns how many rows it affected.
    ///
    /// ```no_run
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let gone = db.execute("DELETE FROM drafts WHERE author_id = $1", &[&7_i64])?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`query`](Db::query).
    pub fn execute(&self, sql: impl Into<String>, parameters: &[&dyn Parameter]) -> Result<u64> {
        self.execute_statement(&Statement::new(sql, parameters)?)
    }

    /// Runs a statement made before, such as by `to_sql`, and returns its rows.
    ///
    /// # Errors
    ///
    /// As [`query`](Db::query).
    pub fn query_statement(&self, statement: &Statement) -> Result<Rows> {
        let rows = match &self.transaction {
            Some(transaction) => transaction.query(statement.as_host()),
            None => driver::query(&self.name, statement.as_host()),
        };
        rows.map(Rows::new)
    }

    /// Runs a statement made before and returns how many rows it affected.
    ///
    /// # Errors
    ///
    /// As [`query`](Db::query).
    pub fn execute_statement(&self, statement: &Statement) -> Result<u64> {
        match &self.transaction {
            Some(transaction) => transaction.execute(statement.as_host()),
            None => driver::execute(&self.name, statement.as_host()),
        }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("name", &self.name)
            .field("in_transaction", &self.transaction.is_some())
            .finish_non_exhaustive()
    }
}
