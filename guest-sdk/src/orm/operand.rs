use std::marker::PhantomData;

use super::aggregate::Aggregate;
use super::column::Column;
use super::expression::Expr;
use super::node::Node;
use super::value::Value;
use crate::Decimal;
use crate::database::{ColumnType, Parameter};

/// What may stand beside a column of `M` that holds `T`: a value, another
/// column, or an expression.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not go with a `{T}` column of `{M}`",
    label = "expected a `{T}`, or another `{T}` column of `{M}`",
    note = "a column is compared with, and set to, values of its own type"
)]
pub trait IntoOperand<M, T> {
    /// The operand without its type.
    fn into_operand(self) -> Operand;
}

/// An operand without its type.
#[derive(Clone, Debug)]
pub struct Operand(pub(crate) Node);

impl Operand {
    /// A value, passed as a parameter.
    #[must_use]
    pub fn value(value: &dyn Parameter) -> Self {
        Self(Node::Value(Value::new(value)))
    }
}

impl<M, T> IntoOperand<M, T> for Column<M, T> {
    fn into_operand(self) -> Operand {
        Operand(self.node())
    }
}

impl<M, T> IntoOperand<M, Option<T>> for Column<M, T> {
    fn into_operand(self) -> Operand {
        Operand(self.node())
    }
}

impl<M, T> IntoOperand<M, T> for Column<M, Option<T>> {
    fn into_operand(self) -> Operand {
        Operand(self.node())
    }
}

impl<M, T> IntoOperand<M, T> for Aggregate<M, T> {
    fn into_operand(self) -> Operand {
        Operand(self.node())
    }
}

impl<M, T> IntoOperand<M, Option<T>> for Aggregate<M, T> {
    fn into_operand(self) -> Operand {
        Operand(self.node())
    }
}

impl<M, T> IntoOperand<M, T> for Expr<M, T> {
    fn into_operand(self) -> Operand {
        Operand(self.node())
    }
}

impl<M, T> IntoOperand<M, Option<T>> for Expr<M, T> {
    fn into_operand(self) -> Operand {
        Operand(self.node())
    }
}

impl<M, T> IntoOperand<M, T> for Expr<M, Option<T>> {
    fn into_operand(self) -> Operand {
        Operand(self.node())
    }
}

// Every column type, the plugins' own included, stands for itself.
impl<M, T: ColumnType> IntoOperand<M, T> for T {
    fn into_operand(self) -> Operand {
        Operand::value(&self)
    }
}

impl<M, T: ColumnType> IntoOperand<M, Option<T>> for T {
    fn into_operand(self) -> Operand {
        Operand::value(&self)
    }
}

impl<M, T: ColumnType> IntoOperand<M, T> for &T {
    fn into_operand(self) -> Operand {
        Operand::value(self)
    }
}

impl<M, T: ColumnType> IntoOperand<M, Option<T>> for &T {
    fn into_operand(self) -> Operand {
        Operand::value(self)
    }
}

impl<M> IntoOperand<M, Decimal> for i64 {
    fn into_operand(self) -> Operand {
        Operand::value(&Decimal::from(self))
    }
}

impl<M> IntoOperand<M, Option<Decimal>> for i64 {
    fn into_operand(self) -> Operand {
        Operand::value(&Decimal::from(self))
    }
}

/// What makes exact decimals of floats: nothing. The literal `19.99` is not the
/// number 19.99 but the binary fraction next to it, and no row equals that.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a float is not exactly the number that its digits say, so it does not go with a `Decimal`",
    label = "not an exact number",
    note = "write `Decimal::new(1999, 2)` for 19.99, or parse the text: `\"19.99\".parse::<Decimal>()`"
)]
pub trait ExactDecimal {
    fn exact(float: f64) -> Decimal;
}

// There for its message alone.
impl<M> IntoOperand<M, Decimal> for f64
where
    PhantomData<M>: ExactDecimal,
{
    fn into_operand(self) -> Operand {
        Operand::value(&PhantomData::<M>::exact(self))
    }
}

impl<M> IntoOperand<M, Option<Decimal>> for f64
where
    PhantomData<M>: ExactDecimal,
{
    fn into_operand(self) -> Operand {
        Operand::value(&PhantomData::<M>::exact(self))
    }
}

impl<M> IntoOperand<M, String> for &str {
    fn into_operand(self) -> Operand {
        Operand::value(&self)
    }
}

impl<M> IntoOperand<M, Option<String>> for &str {
    fn into_operand(self) -> Operand {
        Operand::value(&self)
    }
}

impl<M> IntoOperand<M, Option<String>> for Option<&str> {
    fn into_operand(self) -> Operand {
        Operand::value(&self)
    }
}

// What the items of a borrowed list are.
impl<M> IntoOperand<M, String> for &&str {
    fn into_operand(self) -> Operand {
        Operand::value(self)
    }
}

impl<M> IntoOperand<M, Option<String>> for &&str {
    fn into_operand(self) -> Operand {
        Operand::value(self)
    }
}
