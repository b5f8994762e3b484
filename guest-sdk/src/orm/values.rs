use std::fmt;
use std::marker::PhantomData;
use std::mem;

use super::condition::Q;
use super::model::Model;
use super::node::Node;
use super::order::Order;
use super::query_set::run;
use super::row_reader::RowReader;
use super::select::Select;
use super::selection::{SelectedValues, Selection};
use super::sql::{self, Ask};
use crate::database::{Rows, Statement};
use crate::{Db, Error, Result};

/// A query for values of `M` instead of whole rows, Django's `values_list`; made
/// by [`QuerySet::values`](super::QuerySet::values).
///
/// Where aggregates stand beside plain columns, there is one row for each
/// different combination of those: they are the `GROUP BY`, unless
/// [`group_by`](Values::group_by) says otherwise.
#[must_use = "a query does nothing until one of its methods takes a `&Db`"]
pub struct Values<M, S> {
    select: Select,
    types: PhantomData<fn() -> (M, S)>,
}

/// Narrowing, grouping and ordering.
impl<M: Model, S: Selection<M>> Values<M, S> {
    pub(super) fn new(mut select: Select, selection: S) -> Self {
        select.values = SelectedValues::of_query(selection, &select);
        let conditions = mem::take(&mut select.conditions).into_iter();
        (select.having, select.conditions) = conditions.partition(Node::has_aggregate);
        if select.is_grouped() || select.values.iter().any(|value| value.node.has_window()) {
            select.behind_slice("values");
        }
        Self {
            select,
            types: PhantomData,
        }
    }

    pub(super) fn as_select(&self) -> &Select {
        &self.select
    }

    /// The query without its types, to stand in another.
    pub(super) fn into_select(mut self) -> Select {
        self.select.forget_order();
        self.select
    }

    /// Keeps the rows of which the condition is true; on an aggregate, the
    /// groups, as [`having`](Self::having).
    pub fn filter(mut self, condition: Q<M>) -> Self {
        if condition.node.has_aggregate() {
            return self.having(condition);
        }
        self.select.keep("filter", condition.node);
        self
    }

    /// Groups by columns or expressions, instead of by all that are selected
    /// and no aggregates.
    pub fn group_by(mut self, group: impl Selection<M>) -> Self {
        self.select.group_by(SelectedValues::nodes_of(group));
        self
    }

    /// Keeps the groups of which the condition is true.
    ///
    /// ```
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub author_id: i64 }
    /// use plinth::orm::count;
    ///
    /// let query = Book::objects().values(Book::author_id).having(count().gt(3));
    /// assert_eq!(
    ///     query.to_sql()?.sql(),
    ///     "SELECT \"author_id\" FROM \"books\" GROUP BY \"author_id\" HAVING COUNT(*) > $1"
    /// );
    /// # Ok::<(), plinth::Error>(())
    /// ```
    pub fn having(mut self, condition: Q<M>) -> Self {
        self.select.keep_groups(condition.node);
        self
    }

    /// Orders the rows, instead of any ordering before.
    pub fn order_by(mut self, order: impl IntoIterator<Item = Order<M>>) -> Self {
        let order = order.into_iter().map(|order| order.term);
        self.select.order_by(order.collect());
        self
    }

    /// Drops rows that are like another.
    pub fn distinct(mut self) -> Self {
        self.select.distinct();
        self
    }

    /// Keeps the first rows only; of two limits the smaller holds.
    pub fn limit(mut self, rows: u64) -> Self {
        self.select.limit(rows);
        self
    }

    /// Leaves out the first rows.
    pub fn offset(mut self, rows: u64) -> Self {
        self.select.offset(rows);
        self
    }
}

/// Reading.
impl<M: Model, S: Selection<M>> Values<M, S> {
    /// The rows.
    ///
    /// # Errors
    ///
    /// When the statement fails or a value does not fit its type, and
    /// [`is_invalid_query`](Error::is_invalid_query) when a value can be NULL
    /// and its type is no `Option`.
    pub fn all(&self, db: &Db) -> Result<Vec<S::Row>> {
        self.rows(Ask::All, db)
    }

    /// The first row, if there is one. When no ordering is given it is that
    /// with the smallest primary key; of groups and distinct rows, the smallest
    /// itself.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn first(&self, db: &Db) -> Result<Option<S::Row>> {
        Ok(self.rows(Ask::First, db)?.pop())
    }

    /// The only row.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) when there is none,
    /// [`is_multiple_objects`](Error::is_multiple_objects) when there are
    /// several, and as [`all`](Self::all).
    pub fn get(&self, db: &Db) -> Result<S::Row> {
        only(self.rows(Ask::Two, db)?, M::META.table)
    }

    /// Whether there is any row.
    ///
    /// # Errors
    ///
    /// When the statement fails.
    pub fn exists(&self, db: &Db) -> Result<bool> {
        Ok(!self.run(Ask::Exists, db)?.is_empty())
    }

    /// How many rows there are; of groups, how many groups.
    ///
    /// # Errors
    ///
    /// When the statement fails.
    pub fn count(&self, db: &Db) -> Result<i64> {
        let rows = self.run(Ask::Count, db)?;
        let row = rows.first();
        row.ok_or_else(|| Error::not_found(M::META.table))?.get(0)
    }

    /// The statement that [`all`](Self::all) runs.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all), without the database's.
    pub fn to_sql(&self) -> Result<Statement> {
        sql::select(&self.select, Ask::All)
    }

    fn rows(&self, ask: Ask, db: &Db) -> Result<Vec<S::Row>> {
        read_rows::<M, S>(&self.run(ask, db)?, &self.select)
    }

    fn run(&self, ask: Ask, db: &Db) -> Result<Rows> {
        run(&self.select, ask, db)
    }
}

/// How many rows to make room for before they turn out to be there.
const CAPACITY_MAX: usize = 1024;

pub(super) fn read_rows<M, S: Selection<M>>(rows: &Rows, select: &Select) -> Result<Vec<S::Row>> {
    let mut reader = RowReader::of_values(rows, select)?;
    let mut read = Vec::with_capacity(rows.len().min(CAPACITY_MAX));
    for _ in 0..rows.len() {
        reader.begin_row();
        read.push(S::read(&mut reader)?);
    }
    Ok(read)
}

/// The only one of some rows of `table`.
pub(super) fn only<T>(mut rows: Vec<T>, table: &'static str) -> Result<T> {
    match (rows.pop(), rows.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => Err(Error::multiple_objects(table)),
        (None, _) => Err(Error::not_found(table)),
    }
}

impl<M, S> Clone for Values<M, S> {
    fn clone(&self) -> Self {
        Self {
            select: self.select.clone(),
            types: PhantomData,
        }
    }
}

impl<M, S> fmt::Debug for Values<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.select.fmt(f)
    }
}
