use std::fmt;
use std::marker::PhantomData;

use super::column::Column;
use super::condition::Q;
use super::expression::Expr;
use super::model::Model;
use super::node::{Node, Op};
use super::order::Order;
use super::query_set::QuerySet;
use super::scalar::{CorrelatedValues, InnerQuery, ValuesQuery};
use super::select::Select;
use super::selection::Selection;
use super::values::Values;

/// A query for rows of `M` that belong to a row of `O`: Django's `OuterRef`.
///
/// Made by [`QuerySet::correlate`], taken by [`exists`]; its [`values`](Self::values)
/// are taken by [`subquery`](super::subquery).
#[must_use = "a correlated query does nothing until `exists` takes it"]
pub struct Correlated<M, O> {
    select: Select,
    models: PhantomData<fn() -> (M, O)>,
}

impl<M: Model> QuerySet<M> {
    /// Keeps the rows whose column equals a column of the query around, which
    /// may be of the same model; see [`exists`]. A limit or an order stands behind
    /// it, to be of the rows that belong to one row.
    pub fn correlate<O, T, U>(self, inner: Column<M, T>, outer: Column<O, U>) -> Correlated<M, O>
    where
        U: ComparesWith<T>,
    {
        let query = Correlated {
            select: self.into_select_for("correlate"),
            models: PhantomData,
        };
        query.correlate(inner, outer)
    }
}

impl<M: Model, O> Correlated<M, O> {
    /// Keeps of these the rows that agree in another column too.
    pub fn correlate<T, U>(mut self, inner: Column<M, T>, outer: Column<O, U>) -> Self
    where
        U: ComparesWith<T>,
    {
        let Node::Column(outer) = outer.node() else {
            return self;
        };
        let equal = Node::binary(Op::Eq, inner.node(), Node::Outer(outer));
        self.select.keep("correlate", equal);
        self
    }
}

/// Narrowing and selecting.
impl<M: Model, O> Correlated<M, O> {
    /// Keeps of these the rows of which the condition is true.
    pub fn filter(mut self, condition: Q<M>) -> Self {
        self.select.keep("filter", condition.node);
        self
    }

    /// Keeps of these the rows of which a condition on a column of the query
    /// around is true: Django's `OuterRef` in any test.
    ///
    /// ```
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "members")]
    /// # pub struct Member {
    /// #     #[model(key, auto)] pub id: i64, pub forum_id: i64, pub read_at: Option<Timestamp>
    /// # }
    /// # #[derive(Model)]
    /// # #[model(table = "posts")]
    /// # pub struct Post { #[model(key, auto)] pub id: i64, pub forum_id: i64, pub out_at: Timestamp }
    /// use plinth::orm::{count, subquery};
    ///
    /// let unread = Post::objects()
    ///     .correlate(Post::forum_id, Member::forum_id)
    ///     .filter_outer(Member::read_at, |read_at| {
    ///         read_at.clone().is_null() | read_at.lt(Post::out_at)
    ///     });
    /// let members = Member::objects().values((Member::id, subquery(unread.values(count()))));
    /// assert_eq!(
    ///     members.to_sql()?.sql(),
    ///     "SELECT t0.\"id\", (SELECT COUNT(*) FROM \"posts\" AS t1 \
    ///      WHERE t1.\"forum_id\" = t0.\"forum_id\" \
    ///      AND (t0.\"read_at\" IS NULL OR t0.\"read_at\" < t1.\"out_at\")) FROM \"members\" AS t0"
    /// );
    /// # Ok::<(), plinth::Error>(())
    /// ```
    pub fn filter_outer<T>(
        self,
        outer: Column<O, T>,
        condition: impl FnOnce(Expr<M, T>) -> Q<M>,
    ) -> Self {
        let Node::Column(outer) = outer.node() else {
            return self;
        };
        let mut condition = condition(Expr::new(Node::Op(Op::Around(outer), Vec::new())));
        condition.node.bind_around();
        self.filter(condition)
    }

    /// Keeps of these the rows of which the condition is not true.
    pub fn exclude(mut self, condition: Q<M>) -> Self {
        self.select.keep("exclude", (!condition).node);
        self
    }

    /// Orders the rows, instead of any ordering before.
    pub fn order_by(mut self, order: impl IntoIterator<Item = Order<M>>) -> Self {
        let order = order.into_iter().map(|order| order.term);
        self.select.order_by(order.collect());
        self
    }

    /// Keeps the first rows only.
    pub fn limit(mut self, rows: u64) -> Self {
        self.select.limit(rows);
        self
    }

    /// Reads values of the rows, for [`subquery`](super::subquery) and
    /// [`is_in_query`](Column::is_in_query).
    pub fn values<S: Selection<M>>(self, selection: S) -> CorrelatedValues<M, O, S> {
        CorrelatedValues::new(Values::new(self.select, selection))
    }
}

/// Whether a query has any row that belongs to the row at hand: Django's
/// `Exists`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "authors")]
/// # pub struct Author { #[model(key, auto)] pub id: i64 }
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub author_id: i64, pub stock: i32 }
/// use plinth::orm::exists;
///
/// let in_stock = Book::objects().filter(Book::stock.gt(0));
/// let authors = Author::objects().filter(exists(in_stock.correlate(Book::author_id, Author::id)));
/// assert_eq!(
///     authors.to_sql()?.sql(),
///     "SELECT t0.\"id\" FROM \"authors\" AS t0 WHERE EXISTS (SELECT 1 FROM \"books\" AS t1 \
///      WHERE t1.\"stock\" > $1 AND t1.\"author_id\" = t0.\"id\")"
/// );
/// # Ok::<(), plinth::Error>(())
/// ```
///
/// `!exists(…)` is `NOT EXISTS`. Postgres stops at the first row, so it is to
/// be preferred to [`is_in_query`](Column::is_in_query), and so is `!exists` to
/// its complement, which must reckon with NULL.
///
/// A query of values may be asked too, such as one of groups that a
/// [`having`](CorrelatedValues::having) chooses.
pub fn exists<O>(query: impl RowsQuery<O>) -> Q<O> {
    let query = Node::Query(Box::new(query.into_rows().0));
    Q::new(Node::unary(Op::Exists, query))
}

/// A query that [`exists`] asks for rows of, for a row of `O`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a query correlated with `{O}`",
    label = "expected a query whose rows belong to those of `{O}`",
    note = "correlate it with a column of the query around: \
            `Book::objects().correlate(Book::author_id, Author::id)`"
)]
pub trait RowsQuery<O> {
    /// The query without its types.
    #[doc(hidden)]
    fn into_rows(self) -> InnerQuery;
}

impl<M: Model, O> RowsQuery<O> for Correlated<M, O> {
    fn into_rows(self) -> InnerQuery {
        InnerQuery(self.select)
    }
}

impl<M: Model, O, S: Selection<M>> RowsQuery<O> for CorrelatedValues<M, O, S> {
    fn into_rows(self) -> InnerQuery {
        self.into_query()
    }
}

pub(super) fn is_in_query<M>(value: Node, query: impl ValuesQuery<M>) -> Q<M> {
    let query = Node::Query(Box::new(query.into_query().0));
    Q::new(Node::binary(Op::InQuery, value, query))
}

/// A type whose values Postgres compares with those of a `T` column: the same
/// one, NULL or not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` values are not compared with `{T}` values",
    label = "expected `{T}` values",
    note = "correlate columns of one type, and let a query in another select one column: \
            `Author::objects().values(Author::id)`"
)]
pub trait ComparesWith<T> {}

impl<T> ComparesWith<T> for T {}
impl<T> ComparesWith<Option<T>> for T {}
impl<T> ComparesWith<T> for Option<T> {}

impl<M, O> Clone for Correlated<M, O> {
    fn clone(&self) -> Self {
        Self {
            select: self.select.clone(),
            models: PhantomData,
        }
    }
}

impl<M, O> fmt::Debug for Correlated<M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.select.fmt(f)
    }
}
