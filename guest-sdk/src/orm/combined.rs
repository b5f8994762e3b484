//! Rows of several queries.

use std::fmt;
use std::marker::PhantomData;

use super::model::Model;
use super::order::{Order, OrderTerm};
use super::query_set::QuerySet;
use super::select::Select;
use super::selection::Selection;
use super::sql;
use super::values::{Values, only, read_rows};
use super::whole_row::WholeRow;
use crate::database::{Rows, Statement};
use crate::{Db, Error, Result};

/// The rows of several queries as one: Django's `union` and its like.
///
/// ```no_run
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub stock: i32 }
/// # #[derive(plinth::Model)]
/// # #[model(table = "films")]
/// # pub struct Film { #[model(key, auto)] pub id: i64, pub title: String }
/// # fn f(db: &plinth::Db) -> plinth::Result<()> {
/// let titles: Vec<String> = Book::objects()
///     .values(Book::title)
///     .union(Film::objects().values(Film::title))
///     .order_by([Book::title.asc()])
///     .all(db)?;
/// # Ok(()) }
/// ```
///
/// Its rows are those of the first query's type; it is ordered by what the first
/// query selects. A part keeps its own ordering where a limit or an offset
/// makes it matter.
#[must_use = "a query does nothing until one of its methods takes a `&Db`"]
pub struct Combined<M, S> {
    combination: Combination,
    types: PhantomData<fn() -> (M, S)>,
}

/// Several queries without their types.
#[derive(Clone, Debug)]
pub(crate) struct Combination {
    pub(crate) first: Box<Part>,
    pub(crate) others: Vec<(SetOperator, Part)>,
    pub(crate) order: Vec<OrderTerm>,
    pub(crate) limit: Option<u64>,
    pub(crate) offset: Option<u64>,
}

/// One of several queries.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Select(Select),
    Combination(Combination),
}

/// What becomes of the rows of two queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetOperator {
    Union,
    UnionAll,
    Intersect,
    Except,
}

/// A query whose rows can be put together with those of others: a
/// [`QuerySet`], [`Values`] or [`Combined`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a query to combine with another",
    note = "combine query sets of one model, or `values` of the same types"
)]
pub trait Combine {
    /// What a row is read as.
    type Row;

    /// The query without its types.
    fn into_part(self) -> CombinePart;
}

/// A query without its types.
#[derive(Debug)]
pub struct CombinePart(Part);

impl<M: Model> Combine for QuerySet<M> {
    type Row = M;

    fn into_part(self) -> CombinePart {
        self.values(WholeRow::new()).into_part()
    }
}

impl<M: Model, S: Selection<M>> Combine for Values<M, S> {
    type Row = S::Row;

    fn into_part(self) -> CombinePart {
        CombinePart(Part::Select(self.into_select()))
    }
}

impl<M: Model, S: Selection<M>> Combine for Combined<M, S> {
    type Row = S::Row;

    fn into_part(self) -> CombinePart {
        CombinePart(Part::Combination(self.combination))
    }
}

macro_rules! operators {
    ($Row:ty => $Combined:ty) => {
        /// The rows of either, each once.
        pub fn union<C: Combine<Row = $Row>>(self, other: C) -> $Combined {
            Combined::of(self, SetOperator::Union, other)
        }

        /// The rows of the one and then of the other, as often as they are
        /// there: Django's `union(all=True)`.
        pub fn union_all<C: Combine<Row = $Row>>(self, other: C) -> $Combined {
            Combined::of(self, SetOperator::UnionAll, other)
        }

        /// The rows of both, each once.
        pub fn intersect<C: Combine<Row = $Row>>(self, other: C) -> $Combined {
            Combined::of(self, SetOperator::Intersect, other)
        }

        /// The rows of the one that are not in the other, each once: Django's
        /// `difference`.
        pub fn except<C: Combine<Row = $Row>>(self, other: C) -> $Combined {
            Combined::of(self, SetOperator::Except, other)
        }
    };
}

/// Putting its rows together with those of other queries.
impl<M: Model> QuerySet<M> {
    operators! { M => Combined<M, WholeRow<M>> }
}

/// Putting its rows together with those of other queries.
impl<M: Model, S: Selection<M>> Values<M, S> {
    operators! { S::Row => Combined<M, S> }
}

/// Putting its rows together with those of other queries.
impl<M: Model, S: Selection<M>> Combined<M, S> {
    operators! { S::Row => Combined<M, S> }
}

impl<M: Model, S: Selection<M>> Combined<M, S> {
    fn of(first: impl Combine, operator: SetOperator, other: impl Combine) -> Self {
        let (first, other) = (first.into_part().0, other.into_part().0);
        let combination = match first {
            Part::Combination(mut first) if !first.is_ordered_or_slice() => {
                first.others.push((operator, other));
                first
            }
            first => Combination {
                first: Box::new(first),
                others: vec![(operator, other)],
                order: Vec::new(),
                limit: None,
                offset: None,
            },
        };
        Self {
            combination,
            types: PhantomData,
        }
    }

    /// Orders the rows, instead of any ordering before, by what the first query
    /// selects.
    pub fn order_by(mut self, order: impl IntoIterator<Item = Order<M>>) -> Self {
        self.combination.order = order.into_iter().map(|order| order.term).collect();
        self
    }

    /// Keeps the first rows only.
    pub fn limit(mut self, rows: u64) -> Self {
        self.combination.limit = Some(rows);
        self
    }

    /// Leaves out the first rows.
    pub fn offset(mut self, rows: u64) -> Self {
        self.combination.offset = Some(rows);
        self
    }

    /// The rows.
    ///
    /// # Errors
    ///
    /// When the statement fails or a value does not fit its type, and
    /// [`is_invalid_query`](Error::is_invalid_query) when the queries do not go
    /// together.
    pub fn all(&self, db: &Db) -> Result<Vec<S::Row>> {
        self.read(&db.read(M::META, &self.to_sql()?)?)
    }

    /// The first row, if there is one; any, when no ordering is given.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn first(&self, db: &Db) -> Result<Option<S::Row>> {
        let mut first = self.clone();
        let limit = &mut first.combination.limit;
        *limit = Some(limit.unwrap_or(1).min(1));
        Ok(first.all(db)?.pop())
    }

    /// Whether there is any row.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn exists(&self, db: &Db) -> Result<bool> {
        let statement = sql::any_of_combination(&self.combination)?;
        Ok(!db.read(M::META, &statement)?.is_empty())
    }

    /// How many rows there are.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn count(&self, db: &Db) -> Result<i64> {
        let rows = db.read(M::META, &sql::count_combination(&self.combination)?)?;
        let count = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
        only(count, M::META.table)
    }

    /// The statement that [`all`](Self::all) runs.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all), without the database's.
    pub fn to_sql(&self) -> Result<Statement> {
        sql::combination(&self.combination)
    }

    pub(super) fn into_combination(self) -> Combination {
        self.combination
    }

    fn read(&self, rows: &Rows) -> Result<Vec<S::Row>> {
        read_rows::<M, S>(rows, self.combination.first_select())
    }
}

impl Combination {
    /// The query that says what the columns are.
    pub(crate) fn first_select(&self) -> &Select {
        match &*self.first {
            Part::Select(select) => select,
            Part::Combination(first) => first.first_select(),
        }
    }

    /// That query, where the others are needed no more.
    pub(super) fn into_first_select(self) -> Select {
        match *self.first {
            Part::Select(select) => select,
            Part::Combination(first) => first.into_first_select(),
        }
    }

    fn is_ordered_or_slice(&self) -> bool {
        !self.order.is_empty() || self.limit.is_some() || self.offset.is_some()
    }

    /// # Errors
    ///
    /// That a query locks its rows, which Postgres cannot do here, or selects
    /// another number of columns.
    pub(crate) fn check(&self) -> Result<()> {
        let first = self.first_select();
        let parts = self.others.iter().map(|(_, part)| part);
        for part in parts.chain([&*self.first]) {
            let select = match part {
                Part::Select(select) => select,
                Part::Combination(combination) => combination.first_select(),
            };
            if select.lock.is_some() {
                return Err(Error::invalid_query(format!(
                    "`for_update` on `{}` cannot lock rows of a combined query",
                    select.model.table
                )));
            }
            if select.values.len() != first.values.len() {
                return Err(Error::invalid_query(
                    "queries are combined that load different relations",
                ));
            }
        }
        Ok(())
    }
}

impl<M, S> Clone for Combined<M, S> {
    fn clone(&self) -> Self {
        Self {
            combination: self.combination.clone(),
            types: PhantomData,
        }
    }
}

impl<M, S> fmt::Debug for Combined<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.combination.fmt(f)
    }
}
