//! Columns of ranges.

use std::ops::{self, Bound, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use super::aggregate::Aggregate;
use super::column::Column;
use super::condition::Q;
use super::expression::Expr;
use super::node::Node;
use super::null::MaybeNull;
use super::operand::{IntoOperand, Operand};
use crate::database::{Range, RangeElement};

/// The type of a column that holds a range.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` column is not a range",
    label = "this column holds `{Self}`",
    note = "ranges are columns of `plinth::database::Range<T>`; of a number or a time, see \
            `is_in_range` and `between`"
)]
pub trait RangeType: MaybeNull {
    /// What it is a range of.
    type Element: RangeElement;
}

impl<T: RangeElement> RangeType for Range<T> {
    type Element = T;
}

impl<T: RangeElement> RangeType for Option<Range<T>> {
    type Element = T;
}

/// A range of `E`: one of Rust's, a [`Range`], or a column or an expression of
/// one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a range of `{E}` for rows of `{M}`",
    label = "expected a range of `{E}`",
    note = "write a range, `1..10` or `Range::new(1..=9)`, or a column of one; of a single value, \
            see `contains_value`"
)]
pub trait IntoRange<M, E> {
    /// The range without its type.
    fn into_range(self) -> Operand;
}

macro_rules! values {
    ($($ty:ty)*) => {$(
        impl<M, E: RangeElement + Clone> IntoRange<M, E> for $ty {
            fn into_range(self) -> Operand {
                Operand::value(&Range::<E>::new(self))
            }
        }
    )*};
}

values! {
    (Bound<E>, Bound<E>)
    ops::Range<E> RangeInclusive<E> RangeFrom<E> RangeTo<E> RangeToInclusive<E> RangeFull
}

impl<M, E: RangeElement> IntoRange<M, E> for Range<E> {
    fn into_range(self) -> Operand {
        Operand::value(&self)
    }
}

impl<M, E: RangeElement> IntoRange<M, E> for &Range<E> {
    fn into_range(self) -> Operand {
        Operand::value(self)
    }
}

macro_rules! ranges {
    ($($Operand:ident)*) => {$(
        impl<M, T: RangeType> IntoRange<M, T::Element> for $Operand<M, T> {
            fn into_range(self) -> Operand {
                Operand(self.node())
            }
        }

        /// Tests of ranges, and their bounds.
        ///
        /// ```
        /// # use plinth::database::Range;
        /// # #[derive(plinth::Model)]
        /// # #[model(table = "stays")]
        /// # pub struct Stay { #[model(key, auto)] pub id: i64, pub nights: Range<plinth::Date> }
        /// # fn f(arrival: plinth::Date, departure: plinth::Date) -> plinth::Result<()> {
        /// let taken = Stay::objects().filter(Stay::nights.overlaps_range(arrival..departure));
        /// assert!(taken.to_sql()?.sql().ends_with("WHERE \"nights\" && $1"));
        /// # Ok(()) }
        /// ```
        ///
        /// Those with a range beside them a GiST index helps. Nothing is true of
        /// NULL.
        impl<M, T> $Operand<M, T> {
            /// Whether a value is in it: `@>`.
            pub fn contains_value(self, value: impl IntoOperand<M, T::Element>) -> Q<M>
            where
                T: RangeType,
            {
                test(&["", " @> ", ""], self.node(), value.into_operand())
            }

            /// Whether all of a range is in it, as that of an empty one is:
            /// `@>`, Django's `contains`.
            pub fn contains_range(self, range: impl IntoRange<M, T::Element>) -> Q<M>
            where
                T: RangeType,
            {
                test(&["", " @> ", ""], self.node(), range.into_range())
            }

            /// Whether all of it is in a range: `<@`, Django's `contained_by`.
            pub fn within_range(self, range: impl IntoRange<M, T::Element>) -> Q<M>
            where
                T: RangeType,
            {
                test(&["", " <@ ", ""], self.node(), range.into_range())
            }

            /// Whether some value is in both: `&&`, Django's `overlap`.
            pub fn overlaps_range(self, range: impl IntoRange<M, T::Element>) -> Q<M>
            where
                T: RangeType,
            {
                test(&["", " && ", ""], self.node(), range.into_range())
            }

            /// Whether one begins where the other ends, with nothing between
            /// them and nothing in both: `-|-`, Django's `adjacent_to`.
            pub fn adjacent_to(self, range: impl IntoRange<M, T::Element>) -> Q<M>
            where
                T: RangeType,
            {
                test(&["", " -|- ", ""], self.node(), range.into_range())
            }

            /// Whether it ends before a range begins: `<<`, Django's
            /// `fully_lt`.
            pub fn fully_lt(self, range: impl IntoRange<M, T::Element>) -> Q<M>
            where
                T: RangeType,
            {
                test(&["", " << ", ""], self.node(), range.into_range())
            }

            /// Whether it begins behind the end of a range: `>>`, Django's
            /// `fully_gt`.
            pub fn fully_gt(self, range: impl IntoRange<M, T::Element>) -> Q<M>
            where
                T: RangeType,
            {
                test(&["", " >> ", ""], self.node(), range.into_range())
            }

            /// Whether nothing is in it: Django's `isempty`.
            pub fn is_empty_range(self) -> Q<M>
            where
                T: RangeType,
            {
                Q::new(Node::sql(&["ISEMPTY(", ")"], vec![self.node()]))
            }

            /// Where it begins, `None` where it has no beginning or is empty:
            /// Django's `startswith`.
            pub fn lower_bound(self) -> Expr<M, Option<T::Element>>
            where
                T: RangeType,
            {
                Expr::new(Node::sql_or_null(&["LOWER(", ")"], vec![self.node()]))
            }

            /// Where it ends, `None` where it has no end or is empty: Django's
            /// `endswith`. Of integers and dates it is the first that is not in
            /// it.
            pub fn upper_bound(self) -> Expr<M, Option<T::Element>>
            where
                T: RangeType,
            {
                Expr::new(Node::sql_or_null(&["UPPER(", ")"], vec![self.node()]))
            }

            /// Whether this number or time is in a range: `<@`. An index on the
            /// column helps [`between`](Self::between) instead.
            pub fn is_in_range(self, range: impl IntoRange<M, T::Some>) -> Q<M>
            where
                T: MaybeNull<Some: RangeElement>,
            {
                test(&["", " <@ ", ""], self.node(), range.into_range())
            }
        }
    )*};
}

ranges! { Column Expr Aggregate }

fn test<M>(pieces: &'static [&'static str], node: Node, other: Operand) -> Q<M> {
    Q::new(Node::sql(pieces, vec![node, other.0]))
}
