use std::fmt;
use std::marker::PhantomData;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use super::aggregate::Aggregate;
use super::column::Column;
use super::node::{Node, Op};
use super::operand::IntoOperand;
use crate::Decimal;

/// A value that Postgres computes from a row of `M`: Django's `F("stock") - 1`
/// is `Book::stock - 1`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32, pub sold: i32 }
/// let sell = Book::objects()
///     .filter(Book::id.eq(7) & (Book::stock - Book::sold).gt(0))
///     .update([Book::sold.set(Book::sold + 1)]);
/// ```
///
/// The division of integers drops what is behind the point, as in Rust; one by
/// zero is the statement's error.
#[must_use = "an expression does nothing until a query uses it"]
pub struct Expr<M, T> {
    node: Node,
    types: PhantomData<fn() -> (M, T)>,
}

impl<M, T> Expr<M, T> {
    pub(crate) fn new(node: Node) -> Self {
        Self {
            node,
            types: PhantomData,
        }
    }

    pub(crate) fn node(self) -> Node {
        self.node
    }

    /// The same expression where it can be NULL, such as for a column in a row
    /// that can be missing.
    pub fn optional(self) -> Expr<M, Option<T>> {
        Expr::new(self.node)
    }
}

/// A column of `M`, what Postgres computes from some, or a value: what the
/// functions of this module, such as [`sum`](super::sum), take.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column, an expression or a value",
    note = "a relation has columns, as in `Book::author().name()`, and a condition is none"
)]
pub trait Expression<M>: IntoOperand<M, <Self as Expression<M>>::Value> {
    /// What it is a value of.
    type Value;
}

impl<M, T> Expression<M> for Column<M, T> {
    type Value = T;
}

impl<M, T> Expression<M> for Expr<M, T> {
    type Value = T;
}

impl<M, T> Expression<M> for Aggregate<M, T> {
    type Value = T;
}

/// A type to calculate with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number to calculate with",
    note = "arithmetic, `sum` and `avg` take columns of integers, floats and decimals"
)]
pub trait Number {
    /// What Postgres gives for the sum of many.
    type Sum;

    /// What Postgres gives for the average of many.
    type Average;
}

macro_rules! numbers {
    ($($ty:ty => $sum:ty, $average:ty;)*) => {$(
        impl Number for $ty {
            type Sum = Option<$sum>;
            type Average = Option<$average>;
        }

        impl Number for Option<$ty> {
            type Sum = Option<$sum>;
            type Average = Option<$average>;
        }
    )*};
}

numbers! {
    i16 => i64, Decimal;
    i32 => i64, Decimal;
    i64 => Decimal, Decimal;
    f32 => f32, f64;
    f64 => f64, f64;
    Decimal => Decimal, Decimal;
}

/// A number of which Postgres has the remainder of a division.
#[diagnostic::on_unimplemented(
    message = "Postgres has no remainder of a `{Self}`",
    note = "`%` takes columns of integers and decimals"
)]
pub trait Remainder: Number {}

macro_rules! remainders {
    ($($ty:ty)*) => {$(
        impl Remainder for $ty {}
        impl Remainder for Option<$ty> {}
    )*};
}

remainders! { i16 i32 i64 Decimal }

macro_rules! arithmetic {
    ($($Operand:ident $Trait:ident $method:ident $Number:ident;)*) => {$(
        impl<M, T: $Number, V: IntoOperand<M, T>> $Trait<V> for $Operand<M, T> {
            type Output = Expr<M, T>;

            fn $method(self, other: V) -> Expr<M, T> {
                Expr::new(Node::binary(Op::$Trait, self.node(), other.into_operand().0))
            }
        }
    )*};
}

macro_rules! negations {
    ($($Operand:ident)*) => {$(
        impl<M, T: Number> Neg for $Operand<M, T> {
            type Output = Expr<M, T>;

            fn neg(self) -> Expr<M, T> {
                Expr::new(Node::unary(Op::Neg, self.node()))
            }
        }
    )*};
}

negations! { Column Expr Aggregate }

arithmetic! {
    Column Add add Number;
    Column Sub sub Number;
    Column Mul mul Number;
    Column Div div Number;
    Column Rem rem Remainder;
    Expr Add add Number;
    Expr Sub sub Number;
    Expr Mul mul Number;
    Expr Div div Number;
    Expr Rem rem Remainder;
    Aggregate Add add Number;
    Aggregate Sub sub Number;
    Aggregate Mul mul Number;
    Aggregate Div div Number;
    Aggregate Rem rem Remainder;
}

impl<M, T> Clone for Expr<M, T> {
    fn clone(&self) -> Self {
        Self::new(self.node.clone())
    }
}

impl<M, T> fmt::Debug for Expr<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
