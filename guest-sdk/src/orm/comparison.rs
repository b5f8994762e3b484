//! What columns, expressions and aggregates are compared and ordered by.

use super::aggregate::Aggregate;
use super::column::Column;
use super::condition::Q;
use super::expression::Expr;
use super::node::{Node, Op};
use super::operand::IntoOperand;
use super::order::Order;
use super::scalar::ValuesQuery;
use super::subquery::{ComparesWith, is_in_query};
use crate::database::ColumnType;

/// The type of a column that can be NULL: an `Option`.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` column is NOT NULL, so it never is NULL",
    label = "this column is NOT NULL",
    note = "remove the test or the default, or declare the field as `Option<{Self}>`"
)]
pub trait Nullable {
    /// What it holds when it is not NULL.
    type Some;
}

impl<T> Nullable for Option<T> {
    type Some = T;
}

macro_rules! comparisons {
    ($Operand:ident) => {
        impl<M, T> $Operand<M, T> {
            /// Whether it equals `value`: Django's `exact`. For a column that can be NULL,
            /// `eq(None)` asks whether it is.
            pub fn eq(self, value: impl IntoOperand<M, T>) -> Q<M> {
                Q::new(Node::binary(Op::Eq, self.node(), value.into_operand().0))
            }

            /// Whether it differs from `value`, so true where it is NULL and
            /// the value is not. Two columns that both are NULL do not differ:
            /// `IS DISTINCT FROM`.
            pub fn ne(self, value: impl IntoOperand<M, T>) -> Q<M> {
                Q::new(Node::binary(Op::Ne, self.node(), value.into_operand().0))
            }

            /// Whether it is greater than `value`.
            pub fn gt(self, value: impl IntoOperand<M, T>) -> Q<M> {
                Q::new(Node::binary(Op::Gt, self.node(), value.into_operand().0))
            }

            /// Whether it is greater than `value` or equal to it.
            pub fn gte(self, value: impl IntoOperand<M, T>) -> Q<M> {
                Q::new(Node::binary(Op::Gte, self.node(), value.into_operand().0))
            }

            /// Whether it is less than `value`.
            pub fn lt(self, value: impl IntoOperand<M, T>) -> Q<M> {
                Q::new(Node::binary(Op::Lt, self.node(), value.into_operand().0))
            }

            /// Whether it is less than `value` or equal to it.
            pub fn lte(self, value: impl IntoOperand<M, T>) -> Q<M> {
                Q::new(Node::binary(Op::Lte, self.node(), value.into_operand().0))
            }

            /// Whether it is at least `low` and at most `high`: Django's
            /// `range`.
            pub fn between(
                self,
                low: impl IntoOperand<M, T>,
                high: impl IntoOperand<M, T>,
            ) -> Q<M> {
                let operands = vec![self.node(), low.into_operand().0, high.into_operand().0];
                Q::new(Node::op(Op::Between, operands))
            }

            /// Whether it is one of the values; of none, false: Django's `in`.
            ///
            /// Any number of values is one parameter. A `None` among them, for
            /// what can be NULL, asks for NULL too.
            pub fn is_in<V>(self, values: impl IntoIterator<Item = V>) -> Q<M>
            where
                T: ColumnType,
                V: IntoOperand<M, T>,
            {
                let mut nodes = vec![self.node()];
                nodes.extend(values.into_iter().map(|value| value.into_operand().0));
                let array_oid = T::SQL.array_oid;
                Q::new(Node::op(Op::In { array_oid }, nodes))
            }

            /// Whether it is one of the values of a query: `IN (SELECT …)`.
            ///
            /// Where what belongs together is one row and another,
            /// [`exists`](super::exists) says it better.
            pub fn is_in_query<V>(self, query: V) -> Q<M>
            where
                V: ValuesQuery<M>,
                V::Row: ComparesWith<T>,
            {
                is_in_query(self.node(), query)
            }

            /// Whether it is NULL: Django's `isnull`.
            pub fn is_null(self) -> Q<M>
            where
                T: Nullable,
            {
                Q::new(Node::unary(Op::IsNull, self.node()))
            }

            /// Whether it is not NULL.
            pub fn is_not_null(self) -> Q<M>
            where
                T: Nullable,
            {
                Q::new(Node::unary(Op::IsNotNull, self.node()))
            }

            /// Orders from the smallest to the greatest, NULL last.
            pub fn asc(self) -> Order<M> {
                Order::new(self.node(), false)
            }

            /// Orders from the greatest to the smallest, NULL first.
            pub fn desc(self) -> Order<M> {
                Order::new(self.node(), true)
            }
        }

        impl<M> $Operand<M, bool> {
            /// Whether it is true.
            pub fn is_true(self) -> Q<M> {
                Q::new(self.node())
            }
        }
    };
}

comparisons! { Column }
comparisons! { Expr }
comparisons! { Aggregate }
