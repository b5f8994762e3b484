//! SQL of the author's own inside a query.

use super::condition::Q;
use super::expression::{Expr, Expression};
use super::node::{Node, Op};
use crate::database::ColumnType;

/// An expression in SQL of the author's own, Django's `RawSQL`; each `{}` is one
/// of the operands.
///
/// Columns among the operands are written as the query knows them, and values
/// are bound as parameters. The text is part of the plugin: what comes with a
/// request goes into an operand and never into the text. A brace is written
/// twice, `{{`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
/// use plinth::orm::raw;
///
/// let distance = raw::<_, i32>("levenshtein({}, {})", (Book::title, "Dune"));
/// let query = Book::objects().filter(distance.clone().lt(3)).order_by([distance.asc()]);
/// assert_eq!(
///     query.to_sql()?.sql(),
///     "SELECT t0.\"id\", t0.\"title\" FROM \"books\" AS t0 \
///      WHERE (levenshtein(t0.\"title\", $1)) < $2 ORDER BY (levenshtein(t0.\"title\", $3)) ASC"
/// );
/// # Ok::<(), plinth::Error>(())
/// ```
///
/// `T` is what Postgres gives, an `Option` if that can be NULL; nothing checks
/// it before the query runs. [`Q::raw`] is the same for conditions.
pub fn raw<M, T: ColumnType>(sql: &'static str, operands: impl Operands<M>) -> Expr<M, T> {
    let nullable = T::NULLABLE;
    Expr::new(Node::op(Op::Raw { sql, nullable }, operands.into_nodes().0))
}

impl<M> Q<M> {
    /// A condition in SQL of the author's own; see [`raw`].
    ///
    /// ```
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub pages: i32 }
    /// # use plinth::orm::Q;
    /// let query = Book::objects().filter(Q::raw("{} % 7 = {}", (Book::pages, 3)));
    /// assert!(query.to_sql()?.sql().ends_with("WHERE (t0.\"pages\" % 7 = $1)"));
    /// # Ok::<(), plinth::Error>(())
    /// ```
    pub fn raw(sql: &'static str, operands: impl Operands<M>) -> Self {
        let nullable = true;
        Self::new(Node::op(Op::Raw { sql, nullable }, operands.into_nodes().0))
    }
}

/// The operands of SQL of the author's own: a tuple of up to eight columns,
/// expressions and values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of columns, expressions and values of `{M}`",
    note = "write them in parentheses, one with a comma behind it: `(Book::title,)`"
)]
pub trait Operands<M> {
    /// The operands without their types.
    fn into_nodes(self) -> OperandList;
}

/// Operands without their types.
#[derive(Clone, Debug)]
pub struct OperandList(pub(super) Vec<Node>);

macro_rules! tuples {
    ($(($($E:ident $index:tt),*))*) => {$(
        impl<M, $($E: Expression<M>),*> Operands<M> for ($($E,)*) {
            fn into_nodes(self) -> OperandList {
                OperandList(vec![$(self.$index.into_operand().0),*])
            }
        }
    )*};
}

tuples! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}
