//! Queries, updates and drafts as operations, to start or to run with others.

use super::combined::Combined;
use super::insert;
use super::model::Model;
use super::query_set::{count, decode_rows, exists, operation};
use super::related::Related;
use super::selection::Selection;
use super::sql::{self, Ask};
use super::update::{Returning, ReturningValues, Update};
use super::values::{Values, only, read_rows};
use crate::Result;
use crate::database::{IntoOperation, Operation, Rows};

impl<M: Model, S: Selection<M>> Values<M, S> {
    /// [`first`](Self::first), to [`start`](crate::Db::start) or for a
    /// [`pipeline`](crate::Db::pipeline).
    pub fn to_first(&self) -> Operation<Option<S::Row>> {
        self.operation(Ask::First, |mut rows| Ok(rows.pop()))
    }

    /// [`get`](Self::get), to [`start`](crate::Db::start) or for a
    /// [`pipeline`](crate::Db::pipeline).
    pub fn to_get(&self) -> Operation<S::Row> {
        self.operation(Ask::Two, |rows| only(rows, M::META.table))
    }

    /// [`exists`](Self::exists), to [`start`](crate::Db::start) or for a
    /// [`pipeline`](crate::Db::pipeline).
    pub fn to_exists(&self) -> Operation<bool> {
        exists(self.as_select())
    }

    /// [`count`](Self::count), to [`start`](crate::Db::start) or for a
    /// [`pipeline`](crate::Db::pipeline).
    pub fn to_count(&self) -> Operation<i64> {
        count(self.as_select())
    }

    fn operation<T>(
        &self,
        ask: Ask,
        read: impl FnOnce(Vec<S::Row>) -> Result<T> + 'static,
    ) -> Operation<T> {
        let select = self.as_select().clone();
        let decode = move |rows: Rows, _: &_| read(read_rows::<M, S>(&rows, &select)?);
        operation(self.as_select(), ask, decode)
    }
}

/// Its answer is the rows.
impl<M: Model, S: Selection<M>> IntoOperation for Values<M, S> {
    type Output = Vec<S::Row>;

    fn into_operation(self) -> Operation<Vec<S::Row>> {
        (&self).into_operation()
    }
}

/// Its answer is the rows.
impl<M: Model, S: Selection<M>> IntoOperation for &Values<M, S> {
    type Output = Vec<S::Row>;

    fn into_operation(self) -> Operation<Vec<S::Row>> {
        // The bare name `Ok` would have to outlive every row.
        #[expect(
            clippy::redundant_closure,
            reason = "a closure lives as long as what it captures"
        )]
        self.operation(Ask::All, |rows| Ok(rows))
    }
}

/// Its answer is the rows.
impl<M: Model, S: Selection<M>> IntoOperation for Combined<M, S> {
    type Output = Vec<S::Row>;

    fn into_operation(self) -> Operation<Vec<S::Row>> {
        let statement = self.to_sql();
        let select = self.into_combination().into_first_select();
        let read = move |rows: Rows, _: &_| read_rows::<M, S>(&rows, &select);
        Operation::read(M::META, statement, read)
    }
}

/// Its answer is how many rows it changed.
impl<M: Model> IntoOperation for Update<M> {
    type Output = u64;

    fn into_operation(self) -> Operation<u64> {
        Operation::write(M::META, self.to_sql(), |rows, _| Ok(rows.affected()))
    }
}

/// Its answer is the rows as they are after the update.
impl<M: Model> IntoOperation for Returning<M> {
    type Output = Vec<M>;

    fn into_operation(self) -> Operation<Vec<M>> {
        Operation::write(M::META, self.to_sql(), |rows, _| {
            decode_rows(&rows, &Related::default())
        })
    }
}

/// Its answer is the values of each row.
impl<M: Model, S: Selection<M>> IntoOperation for ReturningValues<M, S> {
    type Output = Vec<S::Row>;

    fn into_operation(self) -> Operation<Vec<S::Row>> {
        let statement = self.to_sql();
        let select = self.into_select();
        let read = move |rows: Rows, _: &_| read_rows::<M, S>(&rows, &select);
        Operation::write(M::META, statement, read)
    }
}

/// The insert of a draft, whose answer is the row; for the derive of models.
#[doc(hidden)]
pub fn insert_operation<M: Model>(draft: &M::New) -> Operation<M> {
    let statement = sql::insert(M::META, &[draft], None);
    Operation::write(M::META, statement, |rows, _| insert::read_one(&rows))
}
