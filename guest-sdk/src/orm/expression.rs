use std::fmt;
use std::marker::PhantomData;
use std::ops::{Add, Mul, Sub};

use super::column::Column;
use super::node::{Node, Op};
use super::operand::IntoOperand;
use super::order::Order;
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

    /// Orders from the smallest to the greatest, NULL last.
    pub fn asc(self) -> Order<M> {
        Order::new(self.node, false)
    }

    /// Orders from the greatest to the smallest, NULL first.
    pub fn desc(self) -> Order<M> {
        Order::new(self.node, true)
    }
}

/// A type to calculate with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number to calculate with",
    note = "`+`, `-` and `*` take columns of integers, floats and decimals"
)]
pub trait Number {}

macro_rules! numbers {
    ($($ty:ty)*) => {$(
        impl Number for $ty {}
        impl Number for Option<$ty> {}
    )*};
}

numbers! { i16 i32 i64 f32 f64 Decimal }

macro_rules! arithmetic {
    ($($Operand:ident $Trait:ident $method:ident;)*) => {$(
        impl<M, T: Number, V: IntoOperand<M, T>> $Trait<V> for $Operand<M, T> {
            type Output = Expr<M, T>;

            fn $method(self, other: V) -> Expr<M, T> {
                Expr::new(Node::binary(Op::$Trait, self.node(), other.into_operand().0))
            }
        }
    )*};
}

arithmetic! {
    Column Add add;
    Column Sub sub;
    Column Mul mul;
    Expr Add add;
    Expr Sub sub;
    Expr Mul mul;
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
