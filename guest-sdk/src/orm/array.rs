//! Columns of arrays.

use super::aggregate::Aggregate;
use super::column::Column;
use super::condition::Q;
use super::expression::Expr;
use super::node::{Node, Op};
use super::null::MaybeNull;
use super::operand::{IntoOperand, Operand};
use crate::database::ColumnType;

/// The type of a column that holds an array.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` column is not an array",
    label = "this column holds `{Self}`",
    note = "arrays are columns of `Vec<T>`; of JSON, see `contains_json` and `item`"
)]
pub trait Array: MaybeNull {
    /// What it has many of.
    type Element: ColumnType + MaybeNull;
}

impl<T: ColumnType + MaybeNull> Array for Vec<T> {
    type Element = T;
}

impl<T: ColumnType + MaybeNull> Array for Option<Vec<T>> {
    type Element = T;
}

/// An array of `E`: a list of values, or a column or an expression of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an array of `{E}` for rows of `{M}`",
    label = "expected `{E}` values",
    note = "write a list, `[\"a\", \"b\"]`, or a column of an array"
)]
pub trait IntoArray<M, E> {
    /// The array without its type.
    fn into_array(self) -> Operand;
}

fn list<M, E: ColumnType, V: IntoOperand<M, E>>(values: impl IntoIterator<Item = V>) -> Operand {
    let values = values.into_iter().map(|value| value.into_operand().0);
    Operand(Node::op(Op::Array(E::SQL), values.collect()))
}

impl<M, E: ColumnType, V: IntoOperand<M, E>, const N: usize> IntoArray<M, E> for [V; N] {
    fn into_array(self) -> Operand {
        list::<M, E, V>(self)
    }
}

impl<M, E: ColumnType, V: IntoOperand<M, E>> IntoArray<M, E> for Vec<V> {
    fn into_array(self) -> Operand {
        list::<M, E, V>(self)
    }
}

impl<M, E: ColumnType, V: IntoOperand<M, E> + Clone> IntoArray<M, E> for &[V] {
    fn into_array(self) -> Operand {
        list::<M, E, V>(self.iter().cloned())
    }
}

impl<M, E: ColumnType, V: IntoOperand<M, E> + Clone> IntoArray<M, E> for &Vec<V> {
    fn into_array(self) -> Operand {
        list::<M, E, V>(self.iter().cloned())
    }
}

macro_rules! arrays {
    ($($Operand:ident)*) => {$(
        impl<M, T: Array> IntoArray<M, T::Element> for $Operand<M, T> {
            fn into_array(self) -> Operand {
                Operand(self.node())
            }
        }

        /// Tests and functions of arrays.
        ///
        /// Those that are tests a GIN index helps.
        impl<M, T> $Operand<M, T> {
            /// Whether the array has this element.
            pub fn has(self, element: impl IntoOperand<M, T::Element>) -> Q<M>
            where
                T: Array,
            {
                let one = vec![element.into_operand().0];
                let array = Node::op(Op::Array(T::Element::SQL), one);
                Q::new(Node::sql(&["", " @> ", ""], vec![self.node(), array]))
            }

            /// Whether the array has all of these: Django's `contains`. It has
            /// all of none.
            pub fn contains_all(self, elements: impl IntoArray<M, T::Element>) -> Q<M>
            where
                T: Array,
            {
                let operands = vec![self.node(), elements.into_array().0];
                Q::new(Node::sql(&["", " @> ", ""], operands))
            }

            /// Whether the array has no others than these: Django's
            /// `contained_by`.
            pub fn contained_by(self, elements: impl IntoArray<M, T::Element>) -> Q<M>
            where
                T: Array,
            {
                let operands = vec![self.node(), elements.into_array().0];
                Q::new(Node::sql(&["", " <@ ", ""], operands))
            }

            /// Whether the array has any of these: Django's `overlap`.
            pub fn overlaps(self, elements: impl IntoArray<M, T::Element>) -> Q<M>
            where
                T: Array,
            {
                let operands = vec![self.node(), elements.into_array().0];
                Q::new(Node::sql(&["", " && ", ""], operands))
            }

            /// How many elements the array has: Django's `len`.
            pub fn len(self) -> Expr<M, T::Like<i32>>
            where
                T: Array,
            {
                Expr::new(Node::unary(Op::Function("CARDINALITY"), self.node()))
            }

            /// The element at a position, 0 for the first, and `None` where
            /// there is none.
            pub fn get(self, index: i32) -> Expr<M, <T::Element as MaybeNull>::Optional>
            where
                T: Array,
            {
                // SQL counts from 1.
                let number = IntoOperand::<M, i32>::into_operand(index.saturating_add(1)).0;
                let operands = vec![self.node(), number];
                Expr::new(Node::sql_or_null(&["(", ")[", "]"], operands))
            }

            /// The array with an element more at its end.
            ///
            /// ```
            /// # #[derive(plinth::Model)]
            /// # #[model(table = "books")]
            /// # pub struct Book { #[model(key, auto)] pub id: i64, pub tags: Vec<String> }
            /// let tag = Book::objects()
            ///     .exclude(Book::tags.has("classic"))
            ///     .update([Book::tags.set(Book::tags.append("classic"))]);
            /// assert_eq!(
            ///     tag.to_sql()?.sql(),
            ///     "UPDATE \"books\" SET \"tags\" = ARRAY_APPEND(\"tags\", $1) \
            ///      WHERE NOT (\"tags\" @> $2)"
            /// );
            /// # Ok::<(), plinth::Error>(())
            /// ```
            pub fn append(self, element: impl IntoOperand<M, T::Element>) -> Expr<M, T>
            where
                T: Array,
            {
                let operands = vec![self.node(), element.into_operand().0];
                Expr::new(Node::op(Op::Function("ARRAY_APPEND"), operands))
            }

            /// The array with an element more at its beginning.
            pub fn prepend(self, element: impl IntoOperand<M, T::Element>) -> Expr<M, T>
            where
                T: Array,
            {
                let operands = vec![element.into_operand().0, self.node()];
                Expr::new(Node::op(Op::Function("ARRAY_PREPEND"), operands))
            }

            /// The array with the elements of another behind its own.
            pub fn extend(self, elements: impl IntoArray<M, T::Element>) -> Expr<M, T>
            where
                T: Array,
            {
                let operands = vec![self.node(), elements.into_array().0];
                Expr::new(Node::op(Op::Function("ARRAY_CAT"), operands))
            }

            /// The array without any element that equals this.
            pub fn remove(self, element: impl IntoOperand<M, T::Element>) -> Expr<M, T>
            where
                T: Array,
            {
                let operands = vec![self.node(), element.into_operand().0];
                Expr::new(Node::op(Op::Function("ARRAY_REMOVE"), operands))
            }
        }
    )*};
}

arrays! { Column Expr Aggregate }
