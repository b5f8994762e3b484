//! The way of each statement on a model's rows to its database.

use std::borrow::Cow;

use super::meta::ModelMeta;
use super::router::database_of;
use crate::database::{Rows, Statement, note_write};
use crate::{Db, Error, Result};

/// What a statement does with a model's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
}

impl Db {
    /// The database for a statement on a model's rows. Every such statement asks
    /// here; a write is noted.
    ///
    /// # Errors
    ///
    /// When this is a transaction on another database.
    #[inline(never)]
    pub(crate) fn database_for(&self, model: &ModelMeta, intent: Intent) -> Result<&str> {
        if self.is_pinned() {
            if intent == Intent::Write {
                self.note_write();
            }
            return Ok(self.name());
        }
        let is_in_transaction = self.is_in_transaction();
        let database = database_of(model, intent == Intent::Read && !is_in_transaction);
        if is_in_transaction && database != self.name() {
            return Err(elsewhere(model, database, self.name()));
        }
        if intent == Intent::Write {
            note_write(database);
        }
        Ok(database)
    }

    /// Runs a statement that reads a model's rows.
    pub(crate) fn read(&self, model: &ModelMeta, statement: &Statement) -> Result<Rows> {
        self.query_on(self.database_for(model, Intent::Read)?, statement)
    }

    /// Runs a statement that changes a model's rows and returns some.
    pub(crate) fn write(&self, model: &ModelMeta, statement: &Statement) -> Result<Rows> {
        self.query_on(self.database_for(model, Intent::Write)?, statement)
    }

    /// Runs a statement that changes a model's rows and returns how many.
    pub(crate) fn change(&self, model: &ModelMeta, statement: &Statement) -> Result<u64> {
        self.execute_on(self.database_for(model, Intent::Write)?, statement)
    }

    /// As [`join_or_begin_on`](Db::join_or_begin_on) the database that the model's
    /// rows are written to.
    pub(crate) fn join_or_begin<T>(
        &self,
        model: &ModelMeta,
        work: impl FnOnce(&Db) -> Result<T>,
    ) -> Result<T> {
        let database = self.database_for(model, Intent::Write)?;
        self.join_or_begin_on(database, work)
    }

    /// A transaction to read a model's rows in, which is undone when it is
    /// dropped; `None` inside of one.
    pub(crate) fn begin_read(&self, model: &ModelMeta) -> Result<Option<Db>> {
        let database = self.database_for(model, Intent::Read)?;
        if self.is_in_transaction() {
            return Ok(None);
        }
        let name = Cow::Owned(database.to_owned());
        self.begin_read_on(name).map(Some)
    }
}

/// # Errors
///
/// When two models of one statement are written to different databases. What is
/// read of both then is nowhere together.
pub(super) fn check_one_database(one: &ModelMeta, other: &ModelMeta) -> Result<()> {
    let (first, second) = (database_of(one, false), database_of(other, false));
    if first == second {
        return Ok(());
    }
    let (one, other) = (one.model, other.model);
    Err(Error::invalid_query(format!(
        "`{one}` is in the database `{first}` and `{other}` in `{second}`: one statement cannot \
         use both, so read the values of the one first"
    )))
}

fn elsewhere(model: &ModelMeta, database: &str, own: &str) -> Error {
    let model = model.model;
    Error::invalid_query(format!(
        "`{model}` is in the database `{database}`, and this is a transaction on `{own}`: \
         begin one with `db.using(\"{database}\").transaction(…)`"
    ))
}
