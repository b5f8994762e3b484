//! Asking Postgres how it goes about a statement.

use super::{Db, Parameter, Plan, Rows, Statement};
use crate::{Error, Result};

/// How a statement is to be explained: Postgres' `EXPLAIN` and its options.
///
/// ```no_run
/// # use plinth::prelude::*;
/// use plinth::database::Explain;
/// # fn f(db: &Db) -> Result<()> {
/// let sql = "SELECT title FROM books WHERE author_id = $1";
/// let plan = Explain::new().analyze().buffers().query(sql, &[&7_i64], db)?;
/// log::debug!("{plan}");
/// assert!(!plan.has_seq_scan());
/// # Ok(()) }
/// ```
///
/// Query sets have [`explain`](crate::orm::QuerySet::explain) and
/// [`explain_analyze`](crate::orm::QuerySet::explain_analyze) of their own; what
/// has a `to_sql` only, such as an update, is explained by
/// [`statement`](Self::statement).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "it explains nothing before `query` or `statement`"]
pub struct Explain {
    analyze: bool,
    buffers: bool,
}

impl Explain {
    /// The plan, without running the statement.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs the statement, so that the plan has times and rows.
    ///
    /// A statement that writes does write. To see it and not have it, explain in
    /// a [transaction](Db::transaction) that ends in an error.
    pub fn analyze(mut self) -> Self {
        self.analyze = true;
        self
    }

    /// With the blocks of 8 KiB that each step looked at.
    pub fn buffers(mut self) -> Self {
        self.buffers = true;
        self
    }

    /// Explains SQL with its parameters.
    ///
    /// # Errors
    ///
    /// As [`Db::query`], and [`is_decode`](Error::is_decode) when what comes back
    /// is no plan.
    pub fn query(
        self,
        sql: impl Into<String>,
        parameters: &[&dyn Parameter],
        db: &Db,
    ) -> Result<Plan> {
        self.run(Statement::new(sql, parameters)?, db)
    }

    /// Explains a statement made before, such as by `to_sql`.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub fn statement(self, statement: &Statement, db: &Db) -> Result<Plan> {
        self.run(statement.copy(), db)
    }

    fn run(self, statement: Statement, db: &Db) -> Result<Plan> {
        let statement = self.before(statement);
        Self::read(&match self.analyze {
            true => db.query_statement(&statement),
            // Nothing is written, so later reads may go to a replica.
            false => db.query_on(db.name(), &statement),
        }?)
    }

    /// The statement that explains another.
    pub(crate) fn before(self, statement: Statement) -> Statement {
        statement.after(self.words())
    }

    /// The plan in what such a statement returned.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(crate) fn read(rows: &Rows) -> Result<Plan> {
        let failed = |reason: String| Error::decode(None, "QUERY PLAN", reason);
        match rows.first().map(|_| rows.cells().next_cell()) {
            Some(Ok(Some(json))) => Plan::read(json).map_err(failed),
            Some(Err(error)) => Err(failed(error.to_string())),
            Some(Ok(None)) | None => Err(failed("Postgres gave no plan".into())),
        }
    }

    fn words(self) -> &'static str {
        match (self.analyze, self.buffers) {
            (false, false) => "EXPLAIN (FORMAT JSON) ",
            (true, false) => "EXPLAIN (ANALYZE, FORMAT JSON) ",
            (false, true) => "EXPLAIN (BUFFERS, FORMAT JSON) ",
            (true, true) => "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ",
        }
    }
}

impl Db {
    /// The plan that Postgres makes for a statement, which is not run.
    ///
    /// ```no_run
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let plan = db.explain("SELECT title FROM books WHERE id = $1", &[&7_i64])?;
    /// assert!(plan.uses_index("books_pkey"), "{plan}");
    /// # Ok(()) }
    /// ```
    ///
    /// [`Explain`] has options, such as to run it and tell the times.
    ///
    /// # Errors
    ///
    /// As [`Explain::query`].
    pub fn explain(&self, sql: impl Into<String>, parameters: &[&dyn Parameter]) -> Result<Plan> {
        Explain::new().query(sql, parameters, self)
    }
}
