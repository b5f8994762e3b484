//! Parts of dates and times.

use crate::orm::aggregate::Aggregate;
use crate::orm::column::Column;
use crate::orm::expression::Expr;
use crate::orm::node::{Node, Nulls, Op};
use crate::orm::null::MaybeNull;
use crate::{Date, DateTime, Time, Timestamp};

/// A type that has a year, a month and a day.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` has no year, month or day",
    label = "this is a `{Self}`",
    note = "the parts of dates are those of `Date`, `DateTime` and `Timestamp` columns"
)]
pub trait Calendar: Moment {}

/// A type that has an hour, a minute and a second.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` has no hour, minute or second",
    label = "this is a `{Self}`",
    note = "the parts of times are those of `Time`, `DateTime` and `Timestamp` columns"
)]
pub trait Clock: Moment {}

/// A date, a time, or both.
#[diagnostic::on_unimplemented(message = "a `{Self}` is no date or time")]
pub trait Moment: MaybeNull {
    /// How Postgres sees its day and its time.
    #[doc(hidden)]
    const KIND: Kind;
}

/// What a date or time is to Postgres.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An instant, whose day and hour are those of UTC.
    Instant,
    /// A day or an hour that stands for itself.
    Local,
    /// A day without a time.
    Day,
}

macro_rules! moments {
    ($($ty:ty: $kind:ident $($part:ident)*;)*) => {$(
        impl Moment for $ty {
            const KIND: Kind = Kind::$kind;
        }

        $(impl $part for $ty {})*
    )*};
}

moments! {
    Timestamp: Instant Calendar Clock;
    DateTime: Local Calendar Clock;
    Date: Day Calendar;
    Time: Local Clock;
}

impl<T: Moment> Moment for Option<T> {
    const KIND: Kind = T::KIND;
}

impl<T: Calendar> Calendar for Option<T> {}
impl<T: Clock> Clock for Option<T> {}

/// The time at which the transaction began, as Postgres' clock has it: Django's
/// `Now`.
///
/// ```
/// # use plinth::Timestamp;
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub out_at: Timestamp }
/// use plinth::orm::now;
///
/// let out = Book::objects().filter(Book::out_at.lte(now()));
/// assert!(out.to_sql()?.sql().ends_with("WHERE \"out_at\" <= NOW()"));
/// # Ok::<(), plinth::Error>(())
/// ```
pub fn now<M>() -> Expr<M, Timestamp> {
    let (pieces, nulls) = (&["NOW()"], Nulls::Never);
    Expr::new(Node::Op(Op::Sql { pieces, nulls }, Vec::new()))
}

/// The date and time of an instant in UTC, whatever the session's zone is.
fn civil(kind: Kind, node: Node) -> Node {
    match kind {
        Kind::Instant => Node::sql(&["", " AT TIME ZONE 'UTC'"], vec![node]),
        Kind::Local | Kind::Day => node,
    }
}

macro_rules! part {
    ($self:ident, $part:literal) => {
        Expr::new(Node::sql(
            &[concat!("CAST(EXTRACT(", $part, " FROM "), ") AS integer)"],
            vec![civil(T::KIND, $self.node())],
        ))
    };
}

macro_rules! trunc {
    ($self:ident, $unit:literal) => {{
        let pieces: &[&str] = match T::KIND {
            Kind::Instant => &[concat!("DATE_TRUNC('", $unit, "', "), ", 'UTC')"],
            Kind::Local => &[concat!("DATE_TRUNC('", $unit, "', "), ")"],
            Kind::Day => &[
                concat!("CAST(DATE_TRUNC('", $unit, "', CAST("),
                " AS timestamp)) AS date)",
            ],
        };
        Expr::new(Node::sql(pieces, vec![$self.node()]))
    }};
}

macro_rules! parts {
    ($($Operand:ident)*) => {$(
        /// Parts of dates, for a [`Timestamp`] in UTC.
        ///
        /// A condition on a part, such as `Book::created_at.year().eq(2024)`,
        /// reads every row; where an index is to help, compare the column
        /// with the two ends of the year.
        impl<M, T> $Operand<M, T> {
            /// The year.
            pub fn year(self) -> Expr<M, T::Like<i32>>
            where
                T: Calendar,
            {
                part!(self, "YEAR")
            }

            /// The year that the [`week`](Self::week) belongs to.
            pub fn iso_year(self) -> Expr<M, T::Like<i32>>
            where
                T: Calendar,
            {
                part!(self, "ISOYEAR")
            }

            /// The quarter of the year, 1 to 4.
            pub fn quarter(self) -> Expr<M, T::Like<i32>>
            where
                T: Calendar,
            {
                part!(self, "QUARTER")
            }

            /// The month, 1 to 12.
            pub fn month(self) -> Expr<M, T::Like<i32>>
            where
                T: Calendar,
            {
                part!(self, "MONTH")
            }

            /// The week of the year by ISO 8601, 1 to 53.
            pub fn week(self) -> Expr<M, T::Like<i32>>
            where
                T: Calendar,
            {
                part!(self, "WEEK")
            }

            /// The day of the month, 1 to 31.
            pub fn day(self) -> Expr<M, T::Like<i32>>
            where
                T: Calendar,
            {
                part!(self, "DAY")
            }

            /// The day of the year, 1 to 366.
            pub fn day_of_year(self) -> Expr<M, T::Like<i32>>
            where
                T: Calendar,
            {
                part!(self, "DOY")
            }

            /// The day of the week, from 1 for Sunday to 7 for Saturday.
            pub fn week_day(self) -> Expr<M, T::Like<i32>>
            where
                T: Calendar,
            {
                Expr::new(Node::sql(
                    &["CAST(EXTRACT(DOW FROM ", ") + 1 AS integer)"],
                    vec![civil(T::KIND, self.node())],
                ))
            }

            /// The day of the week by ISO 8601, from 1 for Monday to 7 for
            /// Sunday.
            pub fn iso_week_day(self) -> Expr<M, T::Like<i32>>
            where
                T: Calendar,
            {
                part!(self, "ISODOW")
            }

            /// The beginning of its year: Django's `TruncYear`.
            pub fn trunc_year(self) -> Expr<M, T>
            where
                T: Calendar,
            {
                trunc!(self, "year")
            }

            /// The beginning of its quarter: Django's `TruncQuarter`.
            pub fn trunc_quarter(self) -> Expr<M, T>
            where
                T: Calendar,
            {
                trunc!(self, "quarter")
            }

            /// The beginning of its month: Django's `TruncMonth`, made to be
            /// grouped by.
            pub fn trunc_month(self) -> Expr<M, T>
            where
                T: Calendar,
            {
                trunc!(self, "month")
            }

            /// The Monday of its week: Django's `TruncWeek`.
            pub fn trunc_week(self) -> Expr<M, T>
            where
                T: Calendar,
            {
                trunc!(self, "week")
            }
        }

        /// Parts of times, in UTC.
        impl<M, T> $Operand<M, T> {
            /// The hour, 0 to 23.
            pub fn hour(self) -> Expr<M, T::Like<i32>>
            where
                T: Clock,
            {
                part!(self, "HOUR")
            }

            /// The minute, 0 to 59.
            pub fn minute(self) -> Expr<M, T::Like<i32>>
            where
                T: Clock,
            {
                part!(self, "MINUTE")
            }

            /// The second, 0 to 59, without its fraction.
            pub fn second(self) -> Expr<M, T::Like<i32>>
            where
                T: Clock,
            {
                // A cast alone would round 59.9 to 60.
                Expr::new(Node::sql(
                    &["CAST(FLOOR(EXTRACT(SECOND FROM ", ")) AS integer)"],
                    vec![civil(T::KIND, self.node())],
                ))
            }
        }

        /// The day of a time, and its beginning, in UTC.
        impl<M, T> $Operand<M, T> {
            /// The day: Django's `date` lookup and `TruncDate`.
            pub fn date(self) -> Expr<M, T::Like<Date>>
            where
                T: Calendar + Clock,
            {
                let civil = civil(T::KIND, self.node());
                Expr::new(Node::sql(&["CAST(", " AS date)"], vec![civil]))
            }

            /// The time of the day: Django's `time` lookup and `TruncTime`.
            pub fn time(self) -> Expr<M, T::Like<Time>>
            where
                T: Calendar + Clock,
            {
                let civil = civil(T::KIND, self.node());
                Expr::new(Node::sql(&["CAST(", " AS time)"], vec![civil]))
            }

            /// The beginning of its day: Django's `TruncDay`.
            pub fn trunc_day(self) -> Expr<M, T>
            where
                T: Calendar + Clock,
            {
                trunc!(self, "day")
            }

            /// The beginning of its hour: Django's `TruncHour`.
            pub fn trunc_hour(self) -> Expr<M, T>
            where
                T: Calendar + Clock,
            {
                trunc!(self, "hour")
            }

            /// The beginning of its minute: Django's `TruncMinute`.
            pub fn trunc_minute(self) -> Expr<M, T>
            where
                T: Calendar + Clock,
            {
                trunc!(self, "minute")
            }

            /// It without the fraction of its second: Django's `TruncSecond`.
            pub fn trunc_second(self) -> Expr<M, T>
            where
                T: Calendar + Clock,
            {
                trunc!(self, "second")
            }
        }
    )*};
}

parts! { Column Expr Aggregate }
