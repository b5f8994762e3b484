//! Query sets as operations, to start or to run with others.

use super::{QuerySet, decode_rows};
use crate::Error;
use crate::database::{IntoOperation, Operation};
use crate::orm::model::Model;
use crate::orm::select::Select;
use crate::orm::sql::{self, Ask};
use crate::orm::values::only;
use crate::{Db, Result};

impl<M: Model> QuerySet<M> {
    /// [`first`](Self::first), to [`start`](Db::start) or for a
    /// [`pipeline`](Db::pipeline).
    pub fn to_first(&self) -> Operation<Option<M>> {
        self.operation(Ask::First, |mut rows| Ok(rows.pop()))
    }

    /// [`get`](Self::get), to [`start`](Db::start) or for a
    /// [`pipeline`](Db::pipeline).
    pub fn to_get(&self) -> Operation<M> {
        self.operation(Ask::Two, |rows| only(rows, M::META.table))
    }

    /// [`exists`](Self::exists), to [`start`](Db::start) or for a
    /// [`pipeline`](Db::pipeline).
    pub fn to_exists(&self) -> Operation<bool> {
        exists(&self.select)
    }

    /// [`count`](Self::count), to [`start`](Db::start) or for a
    /// [`pipeline`](Db::pipeline).
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
    /// # fn f(db: &Db) -> Result<()> {
    /// let books = Book::objects().filter(Book::title.contains("sea"));
    /// let (page, count) = db.pipeline((books.clone().limit(30), books.to_count()))?;
    /// # Ok(()) }
    /// ```
    pub fn to_count(&self) -> Operation<i64> {
        count(&self.select)
    }

    /// [`delete`](Self::delete), to [`start`](Db::start) or for a
    /// [`pipeline`](Db::pipeline).
    pub fn to_delete(&self) -> Operation<u64> {
        let statement = sql::delete(&self.select);
        Operation::write(M::META, statement, |rows, _| Ok(rows.affected()))
    }

    fn operation<T>(
        &self,
        ask: Ask,
        read: impl FnOnce(Vec<M>) -> Result<T> + 'static,
    ) -> Operation<T> {
        let (related, prefetches) = (self.select.related(), self.prefetches.clone());
        let decode = move |rows: _, db: &Db| {
            let mut rows: Vec<M> = decode_rows(&rows, &related)?;
            super::prefetch(&prefetches, &mut rows, db)?;
            read(rows)
        };
        operation(&self.select, ask, decode)
    }
}

/// Its answer is the rows.
impl<M: Model> IntoOperation for QuerySet<M> {
    type Output = Vec<M>;

    fn into_operation(self) -> Operation<Vec<M>> {
        (&self).into_operation()
    }
}

/// Its answer is the rows.
impl<M: Model> IntoOperation for &QuerySet<M> {
    type Output = Vec<M>;

    fn into_operation(self) -> Operation<Vec<M>> {
        self.operation(Ask::All, Ok)
    }
}

/// A query as an operation.
pub(in crate::orm) fn operation<T>(
    select: &Select,
    ask: Ask,
    read: impl FnOnce(crate::database::Rows, &Db) -> Result<T> + 'static,
) -> Operation<T> {
    let statement = sql::select(select, ask);
    Operation::read(select.model, statement, read).locking(select.lock.is_some())
}

pub(in crate::orm) fn exists(select: &Select) -> Operation<bool> {
    operation(select, Ask::Exists, |rows, _| Ok(!rows.is_empty()))
}

pub(in crate::orm) fn count(select: &Select) -> Operation<i64> {
    let table = select.model.table;
    operation(select, Ask::Count, move |rows, _| {
        let row = rows.first().ok_or_else(|| Error::not_found(table))?;
        row.get(0)
    })
}
