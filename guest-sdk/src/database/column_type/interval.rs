//! Spans of time, which Postgres keeps as months, days and microseconds.

use std::fmt;
use std::str::FromStr;

use bytes::{BufMut, BytesMut};
use jiff::{SignedDuration, Span};
use postgres_types::Type;

use super::{ColumnType, DecodeError, EncodeError, SqlType, take};
use crate::{Error, Result};

/// A span of time as Postgres keeps it in an `interval`: Django's `timedelta`,
/// with months.
///
/// Months, days and microseconds are apart, because a month has 28 to 31 days
/// and a day has 23 to 25 hours. Two intervals are equal here when all three
/// are; Postgres itself counts a month as 30 days and a day as 24 hours when it
/// compares them.
///
/// ```
/// use plinth::Interval;
///
/// let loan = Interval::months(1) + Interval::days(3) + Interval::hours(12);
/// assert_eq!(loan.to_string(), "P1M3DT12H");
/// assert_eq!("P1M3DT12H".parse::<Interval>()?, loan);
/// # Ok::<(), plinth::Error>(())
/// ```
///
/// As JSON it is the same text, ISO 8601.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interval {
    /// The months, with twelve for each year.
    pub months: i32,
    /// The days, with seven for each week.
    pub days: i32,
    /// What is shorter than a day, in microseconds.
    pub microseconds: i64,
}

const MONTHS_A_YEAR: i32 = 12;
const DAYS_A_WEEK: i32 = 7;
const US_A_SECOND: i64 = 1_000_000;
const US_A_MINUTE: i64 = 60 * US_A_SECOND;
const US_AN_HOUR: i64 = 60 * US_A_MINUTE;

/// One unit of many. What is more than Postgres can hold ends at the most that
/// it can.
impl Interval {
    /// So many years, as months.
    #[must_use]
    pub const fn years(years: i32) -> Self {
        Self::new(years.saturating_mul(MONTHS_A_YEAR), 0, 0)
    }

    /// So many months.
    #[must_use]
    pub const fn months(months: i32) -> Self {
        Self::new(months, 0, 0)
    }

    /// So many weeks, as days.
    #[must_use]
    pub const fn weeks(weeks: i32) -> Self {
        Self::new(0, weeks.saturating_mul(DAYS_A_WEEK), 0)
    }

    /// So many days.
    #[must_use]
    pub const fn days(days: i32) -> Self {
        Self::new(0, days, 0)
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self::new(0, 0, hours.saturating_mul(US_AN_HOUR))
    }

    /// So many minutes.
    #[must_use]
    pub const fn minutes(minutes: i64) -> Self {
        Self::new(0, 0, minutes.saturating_mul(US_A_MINUTE))
    }

    /// So many seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self::new(0, 0, seconds.saturating_mul(US_A_SECOND))
    }

    /// So many microseconds, the finest that Postgres knows.
    #[must_use]
    pub const fn microseconds(microseconds: i64) -> Self {
        Self::new(0, 0, microseconds)
    }

    const fn new(months: i32, days: i32, microseconds: i64) -> Self {
        Self {
            months,
            days,
            microseconds,
        }
    }
}

impl std::ops::Add for Interval {
    type Output = Self;

    /// Adds months to months, days to days and microseconds to microseconds.
    fn add(self, other: Self) -> Self {
        Self::new(
            self.months.saturating_add(other.months),
            self.days.saturating_add(other.days),
            self.microseconds.saturating_add(other.microseconds),
        )
    }
}

impl std::ops::Sub for Interval {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl std::ops::Neg for Interval {
    type Output = Self;

    fn neg(self) -> Self {
        Self::new(
            self.months.saturating_neg(),
            self.days.saturating_neg(),
            self.microseconds.saturating_neg(),
        )
    }
}

/// All of it as microseconds; what is finer is cut off.
impl TryFrom<SignedDuration> for Interval {
    type Error = Error;

    fn try_from(duration: SignedDuration) -> Result<Self> {
        let microseconds = i64::try_from(duration.as_micros());
        microseconds.map(Self::microseconds).map_err(|_| beyond())
    }
}

/// A day as 24 hours; months have no length of their own.
impl TryFrom<Interval> for SignedDuration {
    type Error = Error;

    fn try_from(interval: Interval) -> Result<Self> {
        if interval.months != 0 {
            return Err(Error::other(
                "an interval with months has no fixed length; convert it to a `jiff::Span`",
            ));
        }
        let days = SignedDuration::from_hours(i64::from(interval.days) * 24);
        Ok(days + SignedDuration::from_micros(interval.microseconds))
    }
}

/// Years as months, weeks as days, the rest as microseconds; what is finer is
/// cut off.
impl TryFrom<Span> for Interval {
    type Error = Error;

    fn try_from(span: Span) -> Result<Self> {
        let months = i32::from(span.get_years()) * MONTHS_A_YEAR + span.get_months();
        let days = span.get_weeks() * DAYS_A_WEEK + span.get_days();
        // None of jiff's units can overflow alone, but their sum can.
        let microseconds = i128::from(span.get_hours()) * i128::from(US_AN_HOUR)
            + i128::from(span.get_minutes()) * i128::from(US_A_MINUTE)
            + i128::from(span.get_seconds()) * i128::from(US_A_SECOND)
            + i128::from(span.get_milliseconds()) * 1000
            + i128::from(span.get_microseconds())
            + i128::from(span.get_nanoseconds() / 1000);
        let microseconds = i64::try_from(microseconds).map_err(|_| beyond())?;
        Ok(Self::new(months, days, microseconds))
    }
}

/// The same months, days and microseconds, which a span holds when none of them
/// has another sign than the others.
impl TryFrom<Interval> for Span {
    type Error = Error;

    fn try_from(interval: Interval) -> Result<Self> {
        let signs = [
            i64::from(interval.months).signum(),
            i64::from(interval.days).signum(),
            interval.microseconds.signum(),
        ];
        if signs.contains(&1) && signs.contains(&-1) {
            return Err(Error::other(
                "a `jiff::Span` is wholly positive or wholly negative, and this interval is both",
            ));
        }
        Span::new()
            .try_months(interval.months)
            .and_then(|span| span.try_days(interval.days))
            .and_then(|span| span.try_microseconds(interval.microseconds))
            .map_err(|error| Error::other(error.to_string()))
    }
}

fn beyond() -> Error {
    Error::other("the span is longer than an interval can be")
}

/// ISO 8601 as Postgres reads it: `P1Y2M3DT4H5M6.5S`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("PT0S");
        }
        f.write_str("P")?;
        part(f, (self.months / MONTHS_A_YEAR).into(), 'Y')?;
        part(f, (self.months % MONTHS_A_YEAR).into(), 'M')?;
        part(f, self.days.into(), 'D')?;
        if self.microseconds == 0 {
            return Ok(());
        }
        f.write_str("T")?;
        part(f, self.microseconds / US_AN_HOUR, 'H')?;
        part(f, self.microseconds % US_AN_HOUR / US_A_MINUTE, 'M')?;
        seconds(f, self.microseconds % US_A_MINUTE)
    }
}

fn part(f: &mut fmt::Formatter<'_>, count: i64, unit: char) -> fmt::Result {
    match count {
        0 => Ok(()),
        count => write!(f, "{count}{unit}"),
    }
}

fn seconds(f: &mut fmt::Formatter<'_>, microseconds: i64) -> fmt::Result {
    let sign = if microseconds < 0 { "-" } else { "" };
    let microseconds = microseconds.unsigned_abs();
    let whole = microseconds / US_A_SECOND.unsigned_abs();
    match microseconds % US_A_SECOND.unsigned_abs() {
        0 if whole == 0 => Ok(()),
        0 => write!(f, "{sign}{whole}S"),
        fraction => {
            let digits = format!("{fraction:06}");
            write!(f, "{sign}{whole}.{}S", digits.trim_end_matches('0'))
        }
    }
}

/// ISO 8601 as it is printed, and what else jiff reads as a span: `2 weeks`.
impl FromStr for Interval {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(interval) = parse_iso(text) {
            return Ok(interval);
        }
        let span: Span = text
            .parse()
            .map_err(|error: jiff::Error| Error::other(error.to_string()))?;
        span.try_into()
    }
}

/// What `Display` prints, signs that differ and all, which jiff does not read.
fn parse_iso(text: &str) -> Option<Interval> {
    let text = text.strip_prefix('P')?;
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    if date.is_empty() && time.is_none() || time == Some("") {
        return None;
    }
    let (mut months, mut days) = (0_i64, 0_i64);
    units(date, b"YMWD", |count, unit| {
        let count = i64::try_from(count / i128::from(US_A_SECOND)).ok()?;
        match unit {
            b'Y' => months = months.checked_add(count.checked_mul(MONTHS_A_YEAR.into())?)?,
            b'M' => months = months.checked_add(count)?,
            b'W' => days = days.checked_add(count.checked_mul(DAYS_A_WEEK.into())?)?,
            _ => days = days.checked_add(count)?,
        }
        Some(())
    })?;
    let mut microseconds = 0_i128;
    units(time.unwrap_or_default(), b"HMS", |count, unit| {
        microseconds = microseconds.checked_add(match unit {
            b'H' => count.checked_mul(3600)?,
            b'M' => count.checked_mul(60)?,
            _ => count,
        })?;
        Some(())
    })?;
    Some(Interval::new(
        months.try_into().ok()?,
        days.try_into().ok()?,
        microseconds.try_into().ok()?,
    ))
}

/// Each number before one of the units, in millionths; units stand in this
/// order, and the seconds alone have a fraction.
fn units(
    mut text: &str,
    order: &[u8],
    mut found: impl FnMut(i128, u8) -> Option<()>,
) -> Option<()> {
    let mut order = order.iter();
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_alphabetic())?;
        let unit = text.as_bytes()[end];
        order.find(|next| **next == unit)?;
        found(millionths(&text[..end], unit == b'S')?, unit)?;
        text = &text[end + 1..];
    }
    Some(())
}

fn millionths(number: &str, has_fraction: bool) -> Option<i128> {
    let (is_negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if has_fraction && !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (number, ""),
    };
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || fraction.len() > 6 {
        return None;
    }
    let scale = 10_i128.pow(6 - u32::try_from(fraction.len()).ok()?);
    let fraction = fraction.parse::<i128>().unwrap_or(0) * scale;
    let value = i128::from(whole.parse::<i64>().ok()?) * i128::from(US_A_SECOND) + fraction;
    Some(if is_negative { -value } else { value })
}

text_serde! { Interval }

/// From version 17 on, Postgres writes the infinite intervals so.
const INFINITY: Interval = Interval::new(i32::MAX, i32::MAX, i64::MAX);
const NEGATIVE_INFINITY: Interval = Interval::new(i32::MIN, i32::MIN, i64::MIN);

impl ColumnType for Interval {
    const SQL: SqlType = SqlType::new("interval", 1186, 1187);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        if *self == INFINITY || *self == NEGATIVE_INFINITY {
            return Err(EncodeError::from(
                "an interval of the greatest months, days and microseconds is infinite in Postgres",
            ));
        }
        out.put_i64(self.microseconds);
        out.put_i32(self.days);
        out.put_i32(self.months);
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let mut raw = raw.ok_or_else(DecodeError::null)?;
        let (Some(microseconds), Some(days), Some(months), []) =
            (take(&mut raw), take(&mut raw), take(&mut raw), raw)
        else {
            return Err(DecodeError::from("its bytes are no `interval`"));
        };
        let interval = Self::new(
            i32::from_be_bytes(months),
            i32::from_be_bytes(days),
            i64::from_be_bytes(microseconds),
        );
        match interval {
            INFINITY => Err(super::time::infinite(true, false)),
            NEGATIVE_INFINITY => Err(super::time::infinite(false, true)),
            interval => Ok(interval),
        }
    }
}
