use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::transaction::Open;
use super::transaction_options::timeout_ms;
use super::{Parameter, Rows, Statement, driver, note_write};
use crate::Result;
use crate::bindings::plinth::host::database as host;

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
    pub(super) transaction: Option<Open>,
    /// How long a statement may run; 0 is as long as the operator allows.
    pub(super) timeout_ms: u32,
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
            timeout_ms: 0,
        }
    }

    /// The same database, on which each statement may run for so long, where
    /// that is less than the operator allows. One that takes longer is
    /// cancelled, and fails: [`is_timeout`](crate::Error::is_timeout).
    ///
    /// ```no_run
    /// # use plinth::{Db, Error, Result};
    /// use std::time::Duration;
    ///
    /// fn suggestions(db: Db, start: &str) -> Result<i64> {
    ///     let db = db.with_timeout(Duration::from_millis(200));
    ///     match db.query("SELECT word FROM words WHERE word LIKE $1", &[&start]) {
    ///         Err(error) if error.is_timeout() => Ok(0),
    ///         rows => Ok(rows?.len() as i64),
    ///     }
    /// }
    /// ```
    ///
    /// It holds for the statements of transactions that begin there too. One
    /// that has begun has its
    /// [`statement_timeout`](super::TransactionOptions::statement_timeout).
    #[must_use = "the database it is called on is gone"]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self {
            timeout_ms: timeout_ms(timeout),
            ..self
        }
    }

    /// The same database outside of any transaction.
    pub(super) fn outside(&self) -> Self {
        Self {
            name: self.name.clone(),
            is_pinned: self.is_pinned,
            transaction: None,
            timeout_ms: self.timeout_ms,
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
        Self {
            timeout_ms: self.timeout_ms,
            ..Self::named(name)
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
            Some(open) => open.handle.query(statement.as_host()),
            None => driver::query(database, &self.timed(statement)),
        };
        rows.map(Rows::new)
    }

    /// As [`query_on`](Db::query_on), for the number of rows.
    pub(crate) fn execute_on(&self, database: &str, statement: &Statement) -> Result<u64> {
        match &self.transaction {
            Some(open) => open.handle.execute(statement.as_host()),
            None => driver::execute(database, &self.timed(statement)),
        }
    }

    /// A statement with the timeout that there may be. Without one nothing is
    /// copied.
    fn timed<'s>(&self, statement: &'s Statement) -> Cow<'s, host::Statement> {
        let statement = statement.as_host();
        match self.timeout_ms {
            0 => Cow::Borrowed(statement),
            timeout_ms => Cow::Owned(host::Statement {
                timeout_ms,
                ..statement.clone()
            }),
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
