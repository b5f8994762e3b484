//! How Postgres goes about a query.

use super::model::Model;
use super::query_set::QuerySet;
use super::select::Select;
use super::selection::Selection;
use super::sql::{self, Ask};
use super::values::Values;
use crate::{Db, Result};

macro_rules! explain {
    () => {
        /// The plan that Postgres makes for it, as text.
        ///
        /// # Errors
        ///
        /// When the statement fails.
        pub fn explain(&self, db: &Db) -> Result<String> {
            plan("EXPLAIN ", self.as_select(), db)
        }

        /// Runs it and returns the plan with the time and the rows that each
        /// step took, as text.
        ///
        /// # Errors
        ///
        /// When the statement fails.
        pub fn explain_analyze(&self, db: &Db) -> Result<String> {
            plan("EXPLAIN (ANALYZE, BUFFERS) ", self.as_select(), db)
        }
    };
}

impl<M: Model> QuerySet<M> {
    explain! {}
}

impl<M: Model, S: Selection<M>> Values<M, S> {
    explain! {}
}

fn plan(explain: &str, select: &Select, db: &Db) -> Result<String> {
    let statement = sql::select(select, Ask::All)?.after(explain);
    let rows = db.read(select.model, &statement)?;
    let lines = rows.iter().map(|row| row.get::<String>(0));
    Ok(lines.collect::<Result<Vec<_>>>()?.join("\n"))
}
