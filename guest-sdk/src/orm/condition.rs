use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use super::column::Column;
use super::expression::Expr;
use super::node::{Node, Op};

/// A condition on the rows of `M`, Django's `Q`: a plain value, so a function can
/// return one.
///
/// Conditions are joined with `&` and `|` and negated with `!`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub pages: Option<i32> }
/// use plinth::orm::Q;
///
/// fn short() -> Q<Book> {
///     Book::pages.lt(100) | Book::pages.is_null()
/// }
///
/// let query = Book::objects().filter(short() & !Book::title.icontains("dune"));
/// ```
///
/// `!` is the complement, as in Django: `!q` is true of exactly the rows of
/// which `q` is not, rows with NULL included.
/// SQL's own `NOT` would lose those, so `!Book::pages.gt(100)` is written
/// `(NOT ("pages" > $1) OR "pages" IS NULL)`.
#[must_use = "a condition does nothing until a query is filtered by it"]
pub struct Q<M> {
    pub(crate) node: Node,
    model: PhantomData<fn() -> M>,
}

impl<M> Q<M> {
    /// True where all conditions are; of none, true.
    ///
    /// ```
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
    /// # use plinth::orm::Q;
    /// let words = ["left", "hand", "darkness"];
    /// let query = Book::objects().filter(Q::all(words.map(|word| Book::title.icontains(word))));
    /// ```
    pub fn all(conditions: impl IntoIterator<Item = Q<M>>) -> Self {
        Self::group(Op::And, conditions)
    }

    /// True where one of the conditions is; of none, false.
    pub fn any(conditions: impl IntoIterator<Item = Q<M>>) -> Self {
        Self::group(Op::Or, conditions)
    }

    pub(crate) fn new(node: Node) -> Self {
        Self {
            node,
            model: PhantomData,
        }
    }

    fn group(op: Op, conditions: impl IntoIterator<Item = Q<M>>) -> Self {
        let nodes = conditions.into_iter().map(|q| q.node).collect();
        Self::new(Node::op(op, nodes))
    }
}

impl<M> BitAnd for Q<M> {
    type Output = Q<M>;

    fn bitand(self, other: Q<M>) -> Q<M> {
        Q::new(Node::join(Op::And, self.node, other.node))
    }
}

impl<M> BitOr for Q<M> {
    type Output = Q<M>;

    fn bitor(self, other: Q<M>) -> Q<M> {
        Q::new(Node::join(Op::Or, self.node, other.node))
    }
}

impl<M> Not for Q<M> {
    type Output = Q<M>;

    fn not(self) -> Q<M> {
        Q::new(self.node.complement())
    }
}

/// A boolean column may be negated straight away: `!Book::published`.
impl<M> Not for Column<M, bool> {
    type Output = Q<M>;

    fn not(self) -> Q<M> {
        !self.is_true()
    }
}

/// A boolean expression may be, too: `!coalesce(Book::signed, false)`.
impl<M> Not for Expr<M, bool> {
    type Output = Q<M>;

    fn not(self) -> Q<M> {
        !self.is_true()
    }
}

impl<M> Clone for Q<M> {
    fn clone(&self) -> Self {
        Self::new(self.node.clone())
    }
}

impl<M> fmt::Debug for Q<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
