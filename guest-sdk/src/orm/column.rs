use std::fmt;
use std::marker::PhantomData;

use super::node::{ColumnRef, Node};
use super::operand::IntoOperand;
use super::path::RelationPath;
use super::update::Assign;

/// A column of `M`, or one of a model that `M` refers to, holding `T`: Django's
/// `F`.
///
/// `#[derive(Model)]` makes one constant for each column, `Book::title`, and
/// over a relation one function, `Book::author().name()`: parentheses show
/// where a JOIN is.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
/// let query = Book::objects().filter(Book::id.is_in([3, 5, 8]));
/// # assert!(query.to_sql()?.sql().ends_with("WHERE \"id\" = ANY($1)"));
/// # Ok::<(), plinth::Error>(())
/// ```
pub struct Column<M, T> {
    at: ColumnRef,
    types: PhantomData<fn() -> (M, T)>,
}

impl<M, T> Column<M, T> {
    /// The column at a position among those of its own model.
    #[must_use]
    pub const fn new(index: u16) -> Self {
        Self::over(RelationPath::ROOT, index)
    }

    pub(crate) const fn over(path: RelationPath, index: u16) -> Self {
        Self {
            at: ColumnRef { path, index },
            types: PhantomData,
        }
    }

    /// Its position among those of its model.
    #[doc(hidden)]
    #[must_use]
    pub const fn index(self) -> u16 {
        self.at.index
    }

    pub(crate) fn node(self) -> Node {
        Node::Column(self.at)
    }

    /// Sets it in an update, to a value or to an expression over the row as it
    /// was: `Book::stock.set(Book::stock - 1)`.
    pub fn set(self, value: impl IntoOperand<M, T>) -> Assign<M> {
        Assign::new(self.at, value.into_operand().0)
    }

    /// The same column where the row it is in can be missing, so that it reads
    /// as NULL: `Book::sequel_of().title().optional()` among the
    /// [`values`](super::QuerySet::values) of a query.
    #[must_use]
    pub const fn optional(self) -> Column<M, Option<T>> {
        Column {
            at: self.at,
            types: PhantomData,
        }
    }
}

impl<M, T> Clone for Column<M, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T> Copy for Column<M, T> {}

impl<M, T> fmt::Debug for Column<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.fmt(f)
    }
}
