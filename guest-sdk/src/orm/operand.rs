use super::aggregate::Aggregate;
use super::column::Column;
use super::expression::Expr;
use super::node::Node;
use super::value::Value;
use crate::database::{ColumnType, Parameter};
use crate::{Date, Decimal, Timestamp, Uuid};

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

impl<M, T: ColumnType> IntoOperand<M, Option<T>> for Option<T> {
    fn into_operand(self) -> Operand {
        Operand::value(&self)
    }
}

impl<M, T: ColumnType> IntoOperand<M, Vec<T>> for Vec<T> {
    fn into_operand(self) -> Operand {
        Operand::value(&self)
    }
}

macro_rules! operands {
    ($($value:ty => $column:ty;)*) => {$(
        impl<M> IntoOperand<M, $column> for $value {
            fn into_operand(self) -> Operand {
                Operand::value(&<$column>::from(self))
            }
        }

        impl<M> IntoOperand<M, Option<$column>> for $value {
            fn into_operand(self) -> Operand {
                Operand::value(&<$column>::from(self))
            }
        }
    )*};
}

operands! {
    bool => bool;
    i16 => i16;
    i32 => i32;
    i64 => i64;
    f32 => f32;
    f64 => f64;
    String => String;
    Decimal => Decimal;
    i64 => Decimal;
    Timestamp => Timestamp;
    Date => Date;
    Uuid => Uuid;
    serde_json::Value => serde_json::Value;
    Vec<u8> => Vec<u8>;
}

macro_rules! borrowed_operands {
    ($($value:ty => $column:ty;)*) => {$(
        impl<M> IntoOperand<M, $column> for &$value {
            fn into_operand(self) -> Operand {
                Operand::value(self)
            }
        }

        impl<M> IntoOperand<M, Option<$column>> for &$value {
            fn into_operand(self) -> Operand {
                Operand::value(self)
            }
        }
    )*};
}

borrowed_operands! {
    bool => bool;
    i16 => i16;
    i32 => i32;
    i64 => i64;
    f32 => f32;
    f64 => f64;
    String => String;
    Decimal => Decimal;
    Timestamp => Timestamp;
    Date => Date;
    Uuid => Uuid;
    serde_json::Value => serde_json::Value;
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
