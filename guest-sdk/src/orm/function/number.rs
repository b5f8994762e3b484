//! Functions of numbers.

use crate::Decimal;
use crate::orm::aggregate::Aggregate;
use crate::orm::column::Column;
use crate::orm::expression::{Expr, Number};
use crate::orm::node::{Node, Nulls, Op};
use crate::orm::operand::IntoOperand;

/// A number with something behind the point, which Postgres rounds without
/// making it another type.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is not rounded, raised to a power, or the like",
    note = "these functions take `f64` and `Decimal`; for others, cast first: \
            `Book::stock.cast::<Decimal>().sqrt()`"
)]
pub trait Fraction: Number {}

impl Fraction for f64 {}
impl Fraction for Option<f64> {}
impl Fraction for Decimal {}
impl Fraction for Option<Decimal> {}

/// A number from 0 to 1, another for each row; to order by it is Django's
/// `order_by("?")`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64 }
/// let some = Book::objects().order_by([plinth::orm::random().asc()]).limit(3);
/// assert!(some.to_sql()?.sql().contains("ORDER BY RANDOM() ASC"));
/// # Ok::<(), plinth::Error>(())
/// ```
pub fn random<M>() -> Expr<M, f64> {
    let (pieces, nulls) = (&["RANDOM()"], Nulls::Never);
    Expr::new(Node::op(Op::Sql { pieces, nulls }, Vec::new()))
}

macro_rules! number_functions {
    ($($Operand:ident)*) => {$(
        /// Functions of numbers, NULL of NULL.
        impl<M, T> $Operand<M, T> {
            /// The number without its sign.
            pub fn abs(self) -> Expr<M, T>
            where
                T: Number,
            {
                Expr::new(Node::unary(Op::Function("ABS"), self.node()))
            }
        }

        /// Functions of numbers with something behind the point.
        impl<M, T> $Operand<M, T> {
            /// The nearest whole number: of two, for a `Decimal` that further
            /// from zero, for an `f64` the even one.
            pub fn round(self) -> Expr<M, T>
            where
                T: Fraction,
            {
                Expr::new(Node::unary(Op::Function("ROUND"), self.node()))
            }

            /// The least whole number that is not less.
            pub fn ceil(self) -> Expr<M, T>
            where
                T: Fraction,
            {
                Expr::new(Node::unary(Op::Function("CEIL"), self.node()))
            }

            /// The greatest whole number that is not greater.
            pub fn floor(self) -> Expr<M, T>
            where
                T: Fraction,
            {
                Expr::new(Node::unary(Op::Function("FLOOR"), self.node()))
            }

            /// -1, 0 or 1.
            pub fn sign(self) -> Expr<M, T>
            where
                T: Fraction,
            {
                Expr::new(Node::unary(Op::Function("SIGN"), self.node()))
            }

            /// The square root; that of a number below zero is the
            /// statement's error.
            pub fn sqrt(self) -> Expr<M, T>
            where
                T: Fraction,
            {
                Expr::new(Node::unary(Op::Function("SQRT"), self.node()))
            }

            /// The number to a power.
            pub fn power(self, exponent: impl IntoOperand<M, T>) -> Expr<M, T>
            where
                T: Fraction,
            {
                let operands = vec![self.node(), exponent.into_operand().0];
                Expr::new(Node::op(Op::Function("POWER"), operands))
            }
        }

        impl<M> $Operand<M, Decimal> {
            /// The number to so many digits behind the point: Django's
            /// `Round(…, precision)`.
            pub fn round_to(self, digits: impl IntoOperand<M, i32>) -> Expr<M, Decimal> {
                let operands = vec![self.node(), digits.into_operand().0];
                Expr::new(Node::op(Op::Function("ROUND"), operands))
            }
        }

        impl<M> $Operand<M, Option<Decimal>> {
            /// The number to so many digits behind the point: Django's
            /// `Round(…, precision)`.
            pub fn round_to(self, digits: impl IntoOperand<M, i32>) -> Expr<M, Option<Decimal>> {
                let operands = vec![self.node(), digits.into_operand().0];
                Expr::new(Node::op(Op::Function("ROUND"), operands))
            }
        }
    )*};
}

number_functions! { Column Expr Aggregate }
