//! How Postgres goes about a query.

use super::combined::Combined;
use super::meta::ModelMeta;
use super::model::Model;
use super::query_set::QuerySet;
use super::selection::Selection;
use super::values::Values;
use crate::database::{Explain, Plan, Statement};
use crate::{Db, Result};

macro_rules! explain {
    () => {
        /// The plan that Postgres makes for it, which is not run: Django's
        /// `explain`.
        ///
        /// # Errors
        ///
        /// When the statement fails.
        pub fn explain(&self, db: &Db) -> Result<Plan> {
            plan(Explain::new(), M::META, self.to_sql()?, db)
        }

        /// Runs it and returns the plan with the time, the rows and the blocks
        /// that each step took.
        ///
        /// # Errors
        ///
        /// When the statement fails.
        pub fn explain_analyze(&self, db: &Db) -> Result<Plan> {
            let explain = Explain::new().analyze().buffers();
            plan(explain, M::META, self.to_sql()?, db)
        }
    };
}

impl<M: Model> QuerySet<M> {
    explain! {}
}

impl<M: Model, S: Selection<M>> Values<M, S> {
    explain! {}
}

impl<M: Model, S: Selection<M>> Combined<M, S> {
    explain! {}
}

/// Asks the database that the query would read from.
fn plan(explain: Explain, model: &ModelMeta, query: Statement, db: &Db) -> Result<Plan> {
    Explain::read(&db.read(model, &explain.before(query))?)
}
