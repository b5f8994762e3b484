//! What Postgres computes from columns and expressions.

mod calendar;
mod interval;
mod number;
mod text;

use std::fmt;
use std::marker::PhantomData;

pub use calendar::{Calendar, Clock, Moment, now};
pub use interval::{Epoch, Shift, days, hours, minutes, months, seconds, weeks, years};
pub use number::{Fraction, random};

use super::aggregate::{Aggregate, Ordered};
use super::column::Column;
use super::comparison::Nullable;
use super::condition::Q;
use super::expression::{Expr, Expression};
use super::node::{Node, Op};
use super::null::MaybeNull;
use super::operand::IntoOperand;
use crate::database::ColumnType;

/// A value as an expression: Django's `Value`. A value on the right of an
/// operator needs no such thing.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32 }
/// use plinth::orm::value;
///
/// let query = Book::objects().filter((value(100) - Book::stock).gt(Book::stock));
/// ```
pub fn value<M, V: Expression<M>>(value: V) -> Expr<M, V::Value> {
    Expr::new(value.into_operand().0)
}

/// The value, or where it is NULL the default: Django's `Coalesce`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub pages: Option<i32> }
/// use plinth::orm::{coalesce, sum};
///
/// let query = Book::objects().values((Book::id, coalesce(Book::pages, 0)));
/// let total = Book::objects().values(coalesce(sum(Book::pages), 0));
/// assert_eq!(total.to_sql()?.sql(), "SELECT COALESCE(SUM(\"pages\"), $1) FROM \"books\"");
/// # Ok::<(), plinth::Error>(())
/// ```
pub fn coalesce<M, E>(
    value: E,
    default: impl IntoOperand<M, <E::Value as Nullable>::Some>,
) -> Expr<M, <E::Value as Nullable>::Some>
where
    E: Expression<M>,
    E::Value: Nullable,
{
    let (value, default) = (value.into_operand().0, default.into_operand().0);
    Expr::new(Node::join(Op::Coalesce, value, default))
}

/// The value, or NULL where it equals the other one: Django's `NullIf`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32, pub sold: i32 }
/// use plinth::orm::nullif;
///
/// // NULL instead of a division by zero.
/// let query = Book::objects().values(Book::stock.optional() / nullif(Book::sold, 0));
/// ```
pub fn nullif<M, E>(
    value: E,
    other: impl IntoOperand<M, E::Value>,
) -> Expr<M, <E::Value as MaybeNull>::Optional>
where
    E: Expression<M>,
    E::Value: MaybeNull,
{
    let operands = vec![value.into_operand().0, other.into_operand().0];
    Expr::new(Node::sql_or_null(&["NULLIF(", ", ", ")"], operands))
}

/// The greater of two values, and where one is NULL the other: Django's
/// `Greatest`.
///
/// Of more than two: `greatest(greatest(a, b), c)`, which is one `GREATEST`.
pub fn greatest<M, E>(value: E, other: impl IntoOperand<M, E::Value>) -> Expr<M, E::Value>
where
    E: Expression<M>,
    E::Value: Ordered,
{
    let (value, other) = (value.into_operand().0, other.into_operand().0);
    Expr::new(Node::join(Op::Greatest, value, other))
}

/// The lesser of two values, and where one is NULL the other: Django's `Least`.
pub fn least<M, E>(value: E, other: impl IntoOperand<M, E::Value>) -> Expr<M, E::Value>
where
    E: Expression<M>,
    E::Value: Ordered,
{
    let (value, other) = (value.into_operand().0, other.into_operand().0);
    Expr::new(Node::join(Op::Least, value, other))
}

/// The value of the first condition that is true: Django's `Case` and `When`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32 }
/// use plinth::orm::when;
///
/// let shelf = when(Book::stock.gt(10), "full")
///     .when(Book::stock.gt(0), "some")
///     .otherwise("empty");
/// let query = Book::objects().values((Book::id, shelf));
/// assert_eq!(
///     query.to_sql()?.sql(),
///     "SELECT \"id\", CASE WHEN \"stock\" > $1 THEN $2 WHEN \"stock\" > $3 THEN $4 ELSE $5 END \
///      FROM \"books\""
/// );
/// # Ok::<(), plinth::Error>(())
/// ```
pub fn when<M, V: Expression<M>>(condition: Q<M>, value: V) -> Case<M, V::Value> {
    Case {
        operands: vec![condition.node, value.into_operand().0],
        types: PhantomData,
    }
}

/// Conditions and their values, made by [`when`].
#[must_use = "a case is no expression until `otherwise` or `or_null`"]
pub struct Case<M, T> {
    operands: Vec<Node>,
    types: PhantomData<fn() -> (M, T)>,
}

impl<M, T> Case<M, T> {
    /// The value where no condition before is true and this one is.
    pub fn when(mut self, condition: Q<M>, value: impl IntoOperand<M, T>) -> Self {
        self.operands.push(condition.node);
        self.operands.push(value.into_operand().0);
        self
    }

    /// The value where no condition is true.
    pub fn otherwise(mut self, value: impl IntoOperand<M, T>) -> Expr<M, T> {
        self.operands.push(value.into_operand().0);
        Expr::new(Node::op(Op::Case, self.operands))
    }

    /// NULL where no condition is true.
    pub fn or_null(self) -> Expr<M, Option<T>> {
        Expr::new(Node::op(Op::Case, self.operands))
    }
}

macro_rules! functions {
    ($($Operand:ident)*) => {$(
        impl<M, T> $Operand<M, T> {
            /// The value as another type: `CAST`. Postgres refuses values that
            /// are none of it.
            ///
            /// What can be NULL is cast to an `Option`.
            pub fn cast<U: ColumnType>(self) -> Expr<M, U> {
                Expr::new(Node::unary(Op::Cast(U::SQL), self.node()))
            }
        }
    )*};
}

functions! { Column Expr Aggregate }

impl<M, T> Clone for Case<M, T> {
    fn clone(&self) -> Self {
        Self {
            operands: self.operands.clone(),
            types: PhantomData,
        }
    }
}

impl<M, T> fmt::Debug for Case<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.operands.fmt(f)
    }
}
