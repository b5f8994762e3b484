//! Reckoning with times.

use std::ops::{Add, Div, Mul, Sub};

use super::calendar::{Calendar, Clock, Kind};
use crate::orm::aggregate::Aggregate;
use crate::orm::column::Column;
use crate::orm::expression::{Expr, Expression};
use crate::orm::node::Node;
use crate::orm::null::MaybeNull;
use crate::orm::operand::IntoOperand;
use crate::{Date, DateTime, Interval, Time, Timestamp};

/// A time that an [`Interval`] is added to and taken from.
///
/// ```
/// # use plinth::{Interval, Timestamp};
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub out_at: Timestamp }
/// use plinth::orm::now;
///
/// let new = Book::objects().filter(Book::out_at.gt(now() - Interval::days(30)));
/// let old = Book::objects().filter(now().since(Book::out_at).gt(Interval::years(2)));
/// # assert!(new.to_sql().is_ok() && old.to_sql().is_ok());
/// ```
///
/// Months and days are those of UTC.
#[diagnostic::on_unimplemented(
    message = "no `Interval` is added to a `{Self}`",
    note = "intervals go with `Timestamp`, `DateTime`, `Date`, `Time` and `Interval` columns"
)]
pub trait Shift: MaybeNull {
    /// What the sum is: of a date, a date and time.
    type Shifted;
}

macro_rules! shifts {
    ($($ty:ty => $shifted:ty, $sum:expr, $difference:expr;)*) => {$(
        impl Shift for $ty {
            type Shifted = $shifted;
        }

        impl Shift for Option<$ty> {
            type Shifted = Option<$shifted>;
        }

        shift! {
            Column $ty, $sum, $difference;
            Column Option<$ty>, $sum, $difference;
            Expr $ty, $sum, $difference;
            Expr Option<$ty>, $sum, $difference;
            Aggregate $ty, $sum, $difference;
            Aggregate Option<$ty>, $sum, $difference;
        }
    )*};
}

macro_rules! shift {
    ($($Operand:ident $ty:ty, $sum:expr, $difference:expr;)*) => {$(
        impl<M, V> Add<V> for $Operand<M, $ty>
        where
            V: IntoOperand<M, <$ty as MaybeNull>::Like<Interval>>,
        {
            type Output = Expr<M, <$ty as Shift>::Shifted>;

            fn add(self, interval: V) -> Self::Output {
                Expr::new(Node::sql($sum, vec![self.node(), interval.into_operand().0]))
            }
        }

        impl<M, V> Sub<V> for $Operand<M, $ty>
        where
            V: IntoOperand<M, <$ty as MaybeNull>::Like<Interval>>,
        {
            type Output = Expr<M, <$ty as Shift>::Shifted>;

            fn sub(self, interval: V) -> Self::Output {
                Expr::new(Node::sql($difference, vec![self.node(), interval.into_operand().0]))
            }
        }
    )*};
}

/// As the sum of a time and an interval, whatever the session's zone is: in one
/// with summer time a day can have 23 hours.
const INSTANT_SUM: &[&str] = &["((", " AT TIME ZONE 'UTC' + ", ") AT TIME ZONE 'UTC')"];
const INSTANT_DIFFERENCE: &[&str] = &["((", " AT TIME ZONE 'UTC' - ", ") AT TIME ZONE 'UTC')"];
const SUM: &[&str] = &["(", " + ", ")"];
const DIFFERENCE: &[&str] = &["(", " - ", ")"];

shifts! {
    Timestamp => Timestamp, INSTANT_SUM, INSTANT_DIFFERENCE;
    DateTime => DateTime, SUM, DIFFERENCE;
    Date => DateTime, SUM, DIFFERENCE;
    Time => Time, SUM, DIFFERENCE;
    Interval => Interval, SUM, DIFFERENCE;
}

macro_rules! products {
    ($($Operand:ident $ty:ty;)*) => {$(
        /// So many times as long.
        impl<M, V: IntoOperand<M, <$ty as MaybeNull>::Like<f64>>> Mul<V> for $Operand<M, $ty> {
            type Output = Expr<M, $ty>;

            fn mul(self, factor: V) -> Self::Output {
                let operands = vec![self.node(), factor.into_operand().0];
                Expr::new(Node::sql(&["(", " * ", ")"], operands))
            }
        }

        /// So many times as short.
        impl<M, V: IntoOperand<M, <$ty as MaybeNull>::Like<f64>>> Div<V> for $Operand<M, $ty> {
            type Output = Expr<M, $ty>;

            fn div(self, divisor: V) -> Self::Output {
                let operands = vec![self.node(), divisor.into_operand().0];
                Expr::new(Node::sql(&["(", " / ", ")"], operands))
            }
        }
    )*};
}

products! {
    Column Interval; Column Option<Interval>;
    Expr Interval; Expr Option<Interval>;
    Aggregate Interval; Aggregate Option<Interval>;
}

macro_rules! spans {
    ($($Operand:ident)*) => {$(
        /// The time between two times.
        impl<M, T> $Operand<M, T> {
            /// How long it is since `earlier`, in days of 24 hours and what is
            /// shorter; below zero if that is later.
            pub fn since(self, earlier: impl IntoOperand<M, T>) -> Expr<M, T::Like<Interval>>
            where
                T: Calendar + Clock,
            {
                let operands = vec![self.node(), earlier.into_operand().0];
                Expr::new(Node::sql(DIFFERENCE, operands))
            }

            /// How long it is since `earlier`, in whole months of the calendar
            /// and what is shorter: `age`.
            pub fn age_since(self, earlier: impl IntoOperand<M, T>) -> Expr<M, T::Like<Interval>>
            where
                T: Calendar + Clock,
            {
                let operands = vec![self.node(), earlier.into_operand().0];
                let pieces: &[&str] = match T::KIND {
                    Kind::Instant => &["AGE(", " AT TIME ZONE 'UTC', ", " AT TIME ZONE 'UTC')"],
                    Kind::Local | Kind::Day => &["AGE(", ", ", ")"],
                };
                Expr::new(Node::sql(pieces, operands))
            }
        }
    )*};
}

spans! { Column Expr Aggregate }

/// A time or a length of time, which Postgres has as a number of seconds.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is no number of seconds",
    note = "`epoch` takes dates, times and intervals"
)]
pub trait Epoch: MaybeNull {}

impl<T: Shift> Epoch for T {}

macro_rules! epochs {
    ($($Operand:ident)*) => {$(
        impl<M, T> $Operand<M, T> {
            /// How many seconds it is long, a month of 30 days; of a time, how
            /// many since the beginning of 1970: `EXTRACT(EPOCH FROM …)`.
            ///
            /// ```
            /// # use plinth::Timestamp;
            /// # #[derive(plinth::Model)]
            /// # #[model(table = "posts")]
            /// # pub struct Post { #[model(key, auto)] pub id: i64, pub score: i32, pub out_at: Timestamp }
            /// use plinth::orm::now;
            ///
            /// let hours = now().since(Post::out_at).epoch() / 3600.0;
            /// let hot = Post::score.cast::<f64>() / (hours + 2.0).power(1.8);
            /// let front_page = Post::objects().order_by([hot.desc()]).limit(30);
            /// # assert!(front_page.to_sql().is_ok());
            /// ```
            pub fn epoch(self) -> Expr<M, T::Like<f64>>
            where
                T: Epoch,
            {
                let pieces = &["CAST(EXTRACT(EPOCH FROM ", ") AS double precision)"];
                Expr::new(Node::sql(pieces, vec![self.node()]))
            }
        }
    )*};
}

epochs! { Column Expr Aggregate }

macro_rules! units {
    ($($name:ident $what:literal $pieces:expr, $number:ty;)*) => {$(
        #[doc = concat!("So many ", $what, " as an [`Interval`], of a column or an expression.")]
        #[doc = ""]
        #[doc = "What is known here is an [`Interval`] by itself: `Interval::days(3)`."]
        pub fn $name<M, E>(number: E) -> Expr<M, <E::Value as MaybeNull>::Like<Interval>>
        where
            E: Expression<M>,
            E::Value: MaybeNull<Some = $number>,
        {
            Expr::new(Node::sql($pieces, vec![number.into_operand().0]))
        }
    )*};
}

units! {
    years "years" &["MAKE_INTERVAL(years => ", ")"], i32;
    months "months" &["MAKE_INTERVAL(months => ", ")"], i32;
    weeks "weeks" &["MAKE_INTERVAL(weeks => ", ")"], i32;
    days "days" &["MAKE_INTERVAL(days => ", ")"], i32;
    hours "hours" &["MAKE_INTERVAL(hours => ", ")"], i32;
    minutes "minutes" &["MAKE_INTERVAL(mins => ", ")"], i32;
    seconds "seconds" &["MAKE_INTERVAL(secs => ", ")"], f64;
}
