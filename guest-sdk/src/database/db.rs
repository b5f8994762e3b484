use std::borrow::Cow;
use std::fmt;

use super::driver::{self, Transaction};
use super::{Parameter, Rows, Statement, note_write};
use crate::Result;

/// The database of models that name none, when no router chooses another.
pub(crate) const DEFAULT: &str = "default";

/// A database that the operator lets the plugin use, or a transaction on it.
///
/// A handler gets one as its argument; the pool, the connections and their
/// credentials stay in the host, so having a `Db` costs nothing.
/// It runs the ORM's queries, as in `Book::objects().all(&db)?`, and the
/// plugin's own SQL.
///
/// A handler's `Db` stands for all of the plugin's databases: a query goes to
/// the one that its model names, or that the plugin's
/// [router](crate::orm::DatabaseRouter) chooses, and otherwise to `default`.
/// SQL of one's own goes to `default`. [`using`](Db::using) chooses another.
///
/// Inside [`transaction`](Db::transaction) the closure's argument is a `Db`
/// too, so that a function which takes `&Db` works in and outside of one.
pub struct Db {
    pub(super) name: Cow<'static, str>,
    /// Whether it was chosen by its name, whatever models and routers say.
    pub(super) is_pinned: bool,
    pub(super) transaction: Option<Transaction>,
    pub(super) savepoints: u32,
}

impl Db {
    /// The database that the operator calls `name` in `plinth.toml`, for all
    /// that is run on it: no model and no router chooses another.
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
            is_pinned: true,
            transaction: None,
            savepoints: 0,
        }
    }

    /// Another database, or this one whatever models and routers say: Django's
    /// `using`.
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
    /// # fn f(db: &Db) -> Result<()> {
    /// let books = Book::objects().count(&db.using("replica"))?;
    /// let old = db.using("archive").query("SELECT title FROM books", &[])?;
    /// # Ok(()) }
    /// ```
    ///
    /// It is never part of the transaction that `self` may be: what is run on it
    /// stays when that is rolled back.
    #[must_use]
    pub fn using(&self, name: impl Into<Cow<'static, str>>) -> Self {
        Self::named(name)
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
        // What SQL of the author's own does is not known here.
        note_write(&self.name);
        self.query_on(&self.name, statement)
    }

    /// Runs a statement made before and returns how many rows it affected.
    ///
    /// # Errors
    ///
    /// As [`query`](Db::query).
    pub fn execute_statement(&self, statement: &Statement) -> Result<u64> {
        note_write(&self.name);
        self.execute_on(&self.name, statement)
    }

    /// Runs a statement on a database, which is its own inside a transaction.
    pub(crate) fn query_on(&self, database: &str, statement: &Statement) -> Result<Rows> {
        let rows = match &self.transaction {
            Some(transaction) => transaction.query(statement.as_host()),
            None => driver::query(database, statement.as_host()),
        };
        rows.map(Rows::new)
    }

    /// As [`query_on`](Db::query_on), for the number of rows.
    pub(crate) fn execute_on(&self, database: &str, statement: &Statement) -> Result<u64> {
        match &self.transaction {
            Some(transaction) => transaction.execute(statement.as_host()),
            None => driver::execute(database, statement.as_host()),
        }
    }

    /// Whether it was chosen by its name.
    pub(crate) fn is_pinned(&self) -> bool {
        self.is_pinned
    }

    /// Notes that the request writes to it.
    pub(crate) fn note_write(&self) {
        note_write(&self.name);
    }
}

impl Default for Db {
    /// The plugin's databases, as a handler is given them.
    fn default() -> Self {
        Self {
            is_pinned: false,
            ..Self::named(DEFAULT)
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
