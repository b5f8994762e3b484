//! A query as one value of an expression.

use std::fmt;
use std::marker::PhantomData;

use super::aggregate::Aggregate;
use super::column::Column;
use super::condition::Q;
use super::expression::Expr;
use super::model::Model;
use super::node::{Node, Nulls, Op};
use super::null::MaybeNull;
use super::order::Order;
use super::select::Select;
use super::selection::Selection;
use super::values::Values;
use crate::database::ColumnType;

/// The value that a query gives for the row at hand, `None` where it gives no
/// row: Django's `Subquery`.
///
/// ```
/// # use plinth::orm::ForeignKey;
/// # #[derive(plinth::Model)]
/// # #[model(table = "authors")]
/// # pub struct Author { #[model(key, auto)] pub id: i64, pub name: String }
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub author: ForeignKey<Author> }
/// use plinth::orm::subquery;
///
/// let newest = Book::objects()
///     .correlate(Book::author_id, Author::id)
///     .order_by([Book::id.desc()])
///     .values(Book::title)
///     .limit(1);
/// let query = Author::objects().values((Author::name, subquery(newest)));
/// assert_eq!(
///     query.to_sql()?.sql(),
///     "SELECT t0.\"name\", (SELECT t1.\"title\" FROM \"books\" AS t1 \
///      WHERE t1.\"author_id\" = t0.\"id\" ORDER BY t1.\"id\" DESC LIMIT $1) FROM \"authors\" AS t0"
/// );
/// # Ok::<(), plinth::Error>(())
/// ```
///
/// It may be selected, compared, ordered by, and set in an update.
/// An aggregate gives exactly one row and keeps its own type, so that a
/// [`count`](super::count) is an `i64` and no `Option`.
/// A query that gives several rows is the statement's error, of
/// [`sqlstate`](crate::Error::sqlstate) `21000`: say `limit(1)`, or filter by a
/// unique column.
pub fn subquery<O, V>(query: V) -> Expr<O, <V::Selection as SingleValue<V::Model>>::Value>
where
    V: ValuesQuery<O>,
    V::Selection: SingleValue<V::Model>,
{
    let select = query.into_query().0;
    let nulls = if is_one_row(&select) {
        Nulls::Strict
    } else {
        Nulls::Maybe
    };
    let (pieces, query) = (&["", ""], Node::Query(Box::new(select)));
    Expr::new(Node::unary(Op::Sql { pieces, nulls }, query))
}

/// Whether it gives a row whatever rows there are.
fn is_one_row(select: &Select) -> bool {
    let is_whole = select.group.is_empty() && select.having.is_empty() && !select.is_slice();
    is_whole && select.values.iter().all(|value| value.node.has_aggregate())
}

/// A query that reads values, to stand in an expression on rows of `O`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a query of values for rows of `{O}`",
    label = "expected a query of values, correlated with `{O}` if with any",
    note = "let the query select one column: `Author::objects().values(Author::id)`"
)]
pub trait ValuesQuery<O> {
    /// The model of its rows.
    type Model;

    /// What it selects.
    type Selection;

    /// A row of it.
    type Row;

    /// The query without its types.
    #[doc(hidden)]
    fn into_query(self) -> InnerQuery;
}

/// A query without its types.
#[doc(hidden)]
#[derive(Debug)]
pub struct InnerQuery(pub(super) Select);

impl<O, M: Model, S: Selection<M>> ValuesQuery<O> for Values<M, S> {
    type Model = M;
    type Selection = S;
    type Row = S::Row;

    fn into_query(self) -> InnerQuery {
        InnerQuery(self.into_select())
    }
}

impl<O, M: Model, S: Selection<M>> ValuesQuery<O> for CorrelatedValues<M, O, S> {
    type Model = M;
    type Selection = S;
    type Row = S::Row;

    fn into_query(self) -> InnerQuery {
        InnerQuery(self.values.into_select())
    }
}

/// A selection of one value, and what it is as the value of a query.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not one value of `{M}`",
    label = "this query selects something else",
    note = "let a query in an expression select one column, expression or aggregate"
)]
pub trait SingleValue<M>: Selection<M> {
    /// An `Option`, and for an aggregate its own type.
    type Value;
}

impl<M, T: ColumnType + MaybeNull> SingleValue<M> for Column<M, T> {
    type Value = T::Optional;
}

impl<M, T: ColumnType + MaybeNull> SingleValue<M> for Expr<M, T> {
    type Value = T::Optional;
}

impl<M, T: ColumnType> SingleValue<M> for Aggregate<M, T> {
    type Value = T;
}

/// A query for values of rows of `M` that belong to a row of `O`; made by
/// [`Correlated::values`](super::Correlated::values).
#[must_use = "a correlated query does nothing until `subquery` takes it"]
pub struct CorrelatedValues<M, O, S> {
    values: Values<M, S>,
    outer: PhantomData<fn() -> O>,
}

/// Narrowing, grouping and ordering, as [`Values`] have it.
impl<M: Model, O, S: Selection<M>> CorrelatedValues<M, O, S> {
    pub(super) fn new(values: Values<M, S>) -> Self {
        Self {
            values,
            outer: PhantomData,
        }
    }

    /// Keeps the rows of which the condition is true; on an aggregate, the
    /// groups.
    pub fn filter(self, condition: Q<M>) -> Self {
        Self::new(self.values.filter(condition))
    }

    /// Groups by columns or expressions.
    pub fn group_by(self, group: impl Selection<M>) -> Self {
        Self::new(self.values.group_by(group))
    }

    /// Keeps the groups of which the condition is true.
    pub fn having(self, condition: Q<M>) -> Self {
        Self::new(self.values.having(condition))
    }

    /// Orders the rows, instead of any ordering before.
    pub fn order_by(self, order: impl IntoIterator<Item = Order<M>>) -> Self {
        Self::new(self.values.order_by(order))
    }

    /// Drops rows that are like another.
    pub fn distinct(self) -> Self {
        Self::new(self.values.distinct())
    }

    /// Keeps the first rows only.
    pub fn limit(self, rows: u64) -> Self {
        Self::new(self.values.limit(rows))
    }

    /// Leaves out the first rows.
    pub fn offset(self, rows: u64) -> Self {
        Self::new(self.values.offset(rows))
    }
}

impl<M, O, S> Clone for CorrelatedValues<M, O, S> {
    fn clone(&self) -> Self {
        Self {
            values: self.values.clone(),
            outer: PhantomData,
        }
    }
}

impl<M, O, S> fmt::Debug for CorrelatedValues<M, O, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.values.fmt(f)
    }
}
