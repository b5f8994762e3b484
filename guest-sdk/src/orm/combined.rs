//! Rows of several queries.

use std::fmt;
use std::marker::PhantomData;

use super::model::Model;
use super::order::{Order, OrderTerm};
use super::query_set::QuerySet;
use super::select::{Select, refusal};
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
    /// What makes no sense in it, and is told when it is compiled.
    mistake: Option<Box<str>>,
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
        // What is to be prefetched is refused by the name of the operation.
        Values::<M, _>::new(self.into_select(), WholeRow::<M>::new()).into_part()
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
                mistake: None,
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
        let order = order.into_iter().map(|order| order.term);
        self.combination.order_by(order.collect());
        self
    }

    /// Keeps the first rows only; of two limits the smaller holds.
    pub fn limit(mut self, rows: u64) -> Self {
        let limit = &mut self.combination.limit;
        *limit = Some(limit.map_or(rows, |limit| limit.min(rows)));
        self
    }

    /// Leaves out the first rows.
    pub fn offset(mut self, rows: u64) -> Self {
        self.combination.skip(rows);
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
        Ok(self.clone().limit(1).all(db)?.pop())
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

    fn order_by(&mut self, order: Vec<OrderTerm>) {
        let slice = match (self.limit, self.offset) {
            (Some(_), _) => "limit",
            (None, Some(_)) => "offset",
            (None, None) => "",
        };
        if !slice.is_empty() {
            self.refuse_when_run("order_by", slice, "it would be of all rows; put it before");
        }
        self.order = order;
    }

    fn skip(&mut self, rows: u64) {
        if self.offset.is_some() {
            self.refuse_when_run("offset", "offset", "give the sum of both");
        }
        self.offset = Some(rows);
    }

    fn refuse_when_run(&mut self, method: &str, before: &str, remedy: &str) {
        if self.mistake.is_none() {
            let text = refusal(self.first_select().model, method, before, remedy);
            self.mistake = Some(text.into_boxed_str());
        }
    }

    /// # Errors
    ///
    /// That it makes no sense, or a query in it does not go together with
    /// others.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(mistake) = &self.mistake {
            return Err(Error::invalid_query(&**mistake));
        }
        let first = self
            .others
            .first()
            .map(|(operator, _)| (*operator, &*self.first));
        let others = self.others.iter().map(|(operator, part)| (*operator, part));
        let mut parts = first.into_iter().chain(others);
        parts.try_for_each(|(operator, part)| operator.check(part, self.first_select()))
    }
}

impl SetOperator {
    /// The method that asks for it.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Union => "union",
            Self::UnionAll => "union_all",
            Self::Intersect => "intersect",
            Self::Except => "except",
        }
    }

    /// # Errors
    ///
    /// That a query locks its rows, which Postgres cannot do here, loads what its
    /// rows then come without, or selects another number of columns than the
    /// first.
    fn check(self, part: &Part, first: &Select) -> Result<()> {
        let select = match part {
            Part::Select(select) => select,
            Part::Combination(combination) => combination.first_select(),
        };
        select.check()?;
        select.refuse_prefetches(self.method())?;
        select.refuse_lock(self.method(), "rows of a combined query can't be locked")?;
        if select.values.len() == first.values.len() {
            return Ok(());
        }
        Err(Error::invalid_query(format!(
            "`{}` on `{}` puts queries together that load different relations; \
             give each the same `select_related`",
            self.method(),
            first.model.table
        )))
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
