//! Columns of arrays.

use super::aggregate::Aggregate;
use super::column::Column;
use super::condition::Q;
use super::expression::Expr;
use super::node::{ArrayTest, Node, NullSafe, Nulls, Op};
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

fn test<M, T: Array>(test: ArrayTest, array: Node, other: Operand) -> Q<M> {
    let nullable = T::Element::NULLABLE;
    Q::new(Node::binary(
        Op::ArrayTest { test, nullable },
        array,
        other.0,
    ))
}

/// The array with more elements. Where none of them can be NULL, what is NULL
/// is no element.
fn changed<T: Array>(pieces: Pieces, safe: &'static NullSafe, operands: Vec<Node>) -> Node {
    match T::Element::NULLABLE {
        true => Node::sql_with(pieces, safe.nulls, operands),
        false => Node::op(Op::NullSafe(safe), operands),
    }
}

type Pieces = &'static [&'static str];

const APPEND: Pieces = &["ARRAY_APPEND(", ", ", ")"];
const PREPEND: Pieces = &["ARRAY_PREPEND(", ", ", ")"];
const EXTEND: Pieces = &["ARRAY_CAT(", ", ", ")"];
const REMOVE: Pieces = &["ARRAY_REMOVE(", ", ", ")"];

static SAFE_APPEND: NullSafe = NullSafe {
    usual: APPEND,
    of_null: &["ARRAY_REMOVE(ARRAY_APPEND(", ", ", "), NULL)"],
    subject: Some(0),
    nulls: Nulls::Never,
};
static SAFE_PREPEND: NullSafe = NullSafe {
    usual: PREPEND,
    of_null: &["ARRAY_REMOVE(ARRAY_PREPEND(", ", ", "), NULL)"],
    subject: Some(1),
    nulls: Nulls::Never,
};
static SAFE_EXTEND: NullSafe = NullSafe {
    usual: EXTEND,
    of_null: &["ARRAY_REMOVE(ARRAY_CAT(", ", ", "), NULL)"],
    subject: Some(0),
    nulls: Nulls::All,
};

macro_rules! arrays {
    ($($Operand:ident)*) => {$(
        impl<M, T: Array> IntoArray<M, T::Element> for $Operand<M, T> {
            fn into_array(self) -> Operand {
                Operand(self.node())
            }
        }

        /// Tests and functions of arrays.
        ///
        /// Where elements can be NULL, one NULL is equal to another: `has(None)`
        /// asks for it.
        ///
        /// Those that are tests a GIN index helps, unless what they look for is
        /// NULL.
        impl<M, T> $Operand<M, T> {
            /// Whether the array has this element.
            pub fn has(self, element: impl IntoOperand<M, T::Element>) -> Q<M>
            where
                T: Array,
            {
                let one = vec![element.into_operand().0];
                let array = Operand(Node::op(Op::Array(T::Element::SQL), one));
                test::<M, T>(ArrayTest::HasAll, self.node(), array)
            }

            /// Whether the array has all of these: Django's `contains`. It has
            /// all of none.
            pub fn contains_all(self, elements: impl IntoArray<M, T::Element>) -> Q<M>
            where
                T: Array,
            {
                test::<M, T>(ArrayTest::HasAll, self.node(), elements.into_array())
            }

            /// Whether the array has no others than these: Django's
            /// `contained_by`.
            pub fn contained_by(self, elements: impl IntoArray<M, T::Element>) -> Q<M>
            where
                T: Array,
            {
                test::<M, T>(ArrayTest::IsWithin, self.node(), elements.into_array())
            }

            /// Whether the array has any of these: Django's `overlap`.
            pub fn overlaps(self, elements: impl IntoArray<M, T::Element>) -> Q<M>
            where
                T: Array,
            {
                test::<M, T>(ArrayTest::HasAny, self.node(), elements.into_array())
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

            /// The array with an element more at its end. It is never NULL: one
            /// that is has the new element alone.
            ///
            /// A NULL is added where the elements can be NULL, and otherwise
            /// leaves the array as it is.
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
                Expr::new(changed::<T>(APPEND, &SAFE_APPEND, operands))
            }

            /// The array with an element more at its beginning; of NULL as
            /// [`append`](Self::append).
            pub fn prepend(self, element: impl IntoOperand<M, T::Element>) -> Expr<M, T>
            where
                T: Array,
            {
                let operands = vec![element.into_operand().0, self.node()];
                Expr::new(changed::<T>(PREPEND, &SAFE_PREPEND, operands))
            }

            /// The array with the elements of another behind its own; where one
            /// of them is NULL, the other.
            pub fn extend(self, elements: impl IntoArray<M, T::Element>) -> Expr<M, T>
            where
                T: Array,
            {
                let operands = vec![self.node(), elements.into_array().0];
                Expr::new(changed::<T>(EXTEND, &SAFE_EXTEND, operands))
            }

            /// The array without any element that equals this, a NULL another.
            pub fn remove(self, element: impl IntoOperand<M, T::Element>) -> Expr<M, T>
            where
                T: Array,
            {
                let operands = vec![self.node(), element.into_operand().0];
                Expr::new(Node::sql_with(REMOVE, Nulls::First, operands))
            }
        }
    )*};
}

arrays! { Column Expr Aggregate }
