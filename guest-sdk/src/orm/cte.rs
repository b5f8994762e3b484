//! Queries with a name, for other parts of a statement.

use std::fmt;

use super::model::Model;
use super::node::Node;
use super::query_set::QuerySet;
use super::raw::Operands;
use super::select::Select;
use super::selection::Selection;
use super::values::Values;

/// A query with a name, which SQL of the author's own can read from: a common
/// table expression, `WITH name AS (…)`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub author_id: i64, pub stock: i32 }
/// use plinth::orm::{Cte, Q, sum};
///
/// let stocks = Book::objects().values((Book::author_id, sum(Book::stock)));
/// let books = Book::objects()
///     .with(Cte::query("stocks", stocks).columns(&["author_id", "stock"]))
///     .filter(Q::raw(
///         "{} IN (SELECT author_id FROM stocks WHERE stock > {})",
///         (Book::author_id, 100),
///     ));
/// assert_eq!(
///     books.to_sql()?.sql(),
///     "WITH \"stocks\" (\"author_id\", \"stock\") AS (\
///      SELECT t1.\"author_id\", SUM(t1.\"stock\") FROM \"books\" AS t1 GROUP BY t1.\"author_id\") \
///      SELECT t0.\"id\", t0.\"author_id\", t0.\"stock\" FROM \"books\" AS t0 \
///      WHERE (t0.\"author_id\" IN (SELECT author_id FROM stocks WHERE stock > $1))"
/// );
/// # Ok::<(), plinth::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a common table expression does nothing until a query has it"]
pub struct Cte {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) is_recursive: bool,
    pub(super) body: Body,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Query(Box<Select>),
    Raw(&'static str, Vec<Node>),
}

/// The model of SQL that has no columns of a model among its operands.
#[derive(Debug)]
pub enum NoModel {}

impl Cte {
    /// A query of the ORM with a name. Its columns have the names of
    /// [`columns`](Self::columns).
    pub fn query<M: Model, S: Selection<M>>(name: &'static str, query: Values<M, S>) -> Self {
        Self::new(name, Body::Query(Box::new(query.into_select())))
    }

    /// A query in SQL of the author's own with a name; each `{}` is one of the
    /// values. See [`raw`](super::raw()).
    pub fn raw(name: &'static str, sql: &'static str, values: impl Operands<NoModel>) -> Self {
        Self::new(name, Body::Raw(sql, values.into_nodes().0))
    }

    /// The same for a query that reads from itself: `WITH RECURSIVE`.
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "comments")]
    /// # pub struct Comment { #[model(key, auto)] pub id: i64, pub parent_id: Option<i64> }
    /// # fn f(db: &Db) -> Result<()> {
    /// use plinth::orm::{Cte, raw};
    ///
    /// let thread = Cte::recursive(
    ///     "thread",
    ///     "SELECT id, 0 AS depth FROM comments WHERE id = {} UNION ALL \
    ///      SELECT c.id, depth + 1 FROM comments c JOIN thread ON c.parent_id = thread.id \
    ///      WHERE depth < {}",
    ///     (7_i64, 20),
    /// );
    /// let depth = raw::<_, Option<i32>>("SELECT depth FROM thread WHERE id = {}", (Comment::id,));
    /// let comments = Comment::objects()
    ///     .with(thread)
    ///     .annotate(depth.clone())
    ///     .filter(depth.is_not_null())
    ///     .all(db)?;
    /// # Ok(()) }
    /// ```
    ///
    /// For the rows of a tree without their depth,
    /// [`QuerySet::with_descendants`] needs no SQL.
    pub fn recursive(
        name: &'static str,
        sql: &'static str,
        values: impl Operands<NoModel>,
    ) -> Self {
        Self {
            is_recursive: true,
            ..Self::raw(name, sql, values)
        }
    }

    /// Gives the columns names, instead of those they have.
    pub fn columns(mut self, names: &'static [&'static str]) -> Self {
        self.columns = names;
        self
    }

    fn new(name: &'static str, body: Body) -> Self {
        Self {
            name,
            columns: &[],
            is_recursive: false,
            body,
        }
    }
}

impl<M: Model> QuerySet<M> {
    /// Puts a query with a name before this one; those before it can be read
    /// from by those after.
    pub fn with(mut self, cte: Cte) -> Self {
        self.as_select_mut().ctes.push(cte);
        self
    }
}

impl fmt::Debug for Cte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(self.name).field(&self.body).finish()
    }
}
