//! Instants, dates and times of day, which Postgres counts from the year 2000
//! and from midnight.
//!
//! Done here and not through postgres-types, whose calendar spans cost a
//! plugin more code and time than all other types together.

use std::fmt;
use std::str::FromStr;

use bytes::{BufMut, BytesMut};
use jiff::SignedDuration;
use jiff::civil::{date, datetime};
use jiff::tz::Offset;
use postgres_types::Type;

use super::{ColumnType, DecodeError, EncodeError, SqlType, fixed, take};
use crate::{Date, DateTime, Error, Result, Time, Timestamp};

/// 2000-01-01T00:00:00Z, in microseconds since 1970.
const EPOCH_US: i64 = 946_684_800_000_000;
/// The days from 1970-01-01, from where jiff can count to each of its dates.
const EPOCH_DAYS: i64 = 10_957;
const UNIX_EPOCH: Date = date(1970, 1, 1);
const HOURS_A_DAY: i64 = 24;
const US_A_SECOND: i64 = 1_000_000;
const UNIX_EPOCH_TIME: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);

/// Postgres keeps microseconds; what is finer is cut off.
impl ColumnType for Timestamp {
    const SQL: SqlType = SqlType::new("timestamptz", 1184, 1185);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        let is_rounded_up = self.subsec_nanosecond() % 1000 < 0;
        out.put_i64(self.as_microsecond() - i64::from(is_rounded_up) - EPOCH_US);
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let micros = i64::from_be_bytes(fixed(raw)?);
        micros
            .checked_add(EPOCH_US)
            .and_then(|micros| Timestamp::from_microsecond(micros).ok())
            .ok_or_else(|| infinite(micros == i64::MAX, micros == i64::MIN))
    }
}

impl ColumnType for Date {
    const SQL: SqlType = SqlType::new("date", 1082, 1182);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        let days = self.duration_since(UNIX_EPOCH).as_hours() / HOURS_A_DAY - EPOCH_DAYS;
        let days = i32::try_from(days).expect("jiff's dates end in the year 9999");
        out.put_i32(days);
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let days = i32::from_be_bytes(fixed(raw)?);
        let hours = (i64::from(days) + EPOCH_DAYS) * HOURS_A_DAY;
        UNIX_EPOCH
            .checked_add(SignedDuration::from_hours(hours))
            .map_err(|_| infinite(days == i32::MAX, days == i32::MIN))
    }
}

/// A `timestamp` without a time zone. Postgres keeps microseconds; what is finer
/// is cut off.
impl ColumnType for DateTime {
    const SQL: SqlType = SqlType::new("timestamp", 1114, 1115);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        let since = self.duration_since(UNIX_EPOCH_TIME);
        let is_rounded_up = since.subsec_nanos() % 1000 < 0;
        let micros = since.as_secs() * US_A_SECOND + i64::from(since.subsec_micros());
        out.put_i64(micros - i64::from(is_rounded_up) - EPOCH_US);
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let micros = i64::from_be_bytes(fixed(raw)?);
        micros
            .checked_add(EPOCH_US)
            .map(SignedDuration::from_micros)
            .and_then(|since| UNIX_EPOCH_TIME.checked_add(since).ok())
            .ok_or_else(|| infinite(micros == i64::MAX, micros == i64::MIN))
    }
}

/// A `time` of day. Postgres keeps microseconds; what is finer is cut off.
impl ColumnType for Time {
    const SQL: SqlType = SqlType::new("time", 1083, 1183);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        out.put_i64(micros_of(*self));
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        time_of(i64::from_be_bytes(fixed(raw)?))
    }
}

/// A time of day with its distance from UTC: Postgres' `timetz`.
///
/// Without a date the distance says little, so Postgres itself advises against
/// the type; it is here for tables that have it.
///
/// ```
/// use plinth::database::TimeTz;
///
/// let noon: TimeTz = "12:00:00+05:30".parse()?;
/// assert_eq!(noon.offset.seconds(), 19_800);
/// assert_eq!(noon.to_string(), "12:00:00+05:30");
/// # Ok::<(), plinth::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeTz {
    /// The time of day there.
    pub time: Time,
    /// How far east of UTC.
    pub offset: Offset,
}

impl ColumnType for TimeTz {
    const SQL: SqlType = SqlType::new("timetz", 1266, 1270);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        out.put_i64(micros_of(self.time));
        // Postgres counts westwards.
        out.put_i32(-self.offset.seconds());
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let mut raw = raw.ok_or_else(DecodeError::null)?;
        let (Some(micros), Some(west), []) = (take(&mut raw), take(&mut raw), raw) else {
            return Err(DecodeError::from("its bytes are no `timetz`"));
        };
        let east = i32::from_be_bytes(west).checked_neg();
        let offset = east.and_then(|east| Offset::from_seconds(east).ok());
        Ok(Self {
            time: time_of(i64::from_be_bytes(micros))?,
            offset: offset.ok_or_else(|| DecodeError::from("its offset from UTC is none"))?,
        })
    }
}

impl fmt::Display for TimeTz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.time, self.offset)
    }
}

impl FromStr for TimeTz {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let at = text.find(['+', '-', 'Z']).unwrap_or(text.len());
        let (time, offset) = text.split_at(at);
        let time = time
            .parse()
            .map_err(|error: jiff::Error| Error::other(error.to_string()))?;
        let offset = parse_offset(offset)
            .ok_or_else(|| Error::other("a `timetz` ends in an offset such as `+05:30`"))?;
        Ok(Self { time, offset })
    }
}

/// `Z`, `+05`, `+05:30` or `+05:30:15`.
fn parse_offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'Z' if text.len() == 1 => return Some(Offset::UTC),
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let mut parts = digits.split(':').map(|part| {
        let is_number = part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| part.parse::<i32>().ok()).flatten()
    });
    let hours = parts.next()??;
    let minutes = parts.next().unwrap_or(Some(0))?;
    let seconds = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60 + seconds)).ok()
}

text_serde! { TimeTz }

fn micros_of(time: Time) -> i64 {
    let seconds = (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60;
    let seconds = seconds + i64::from(time.second());
    seconds * US_A_SECOND + i64::from(time.subsec_nanosecond() / 1000)
}

fn time_of(micros: i64) -> Result<Time, DecodeError> {
    const DAY_US: i64 = 86_400 * US_A_SECOND;
    let out_of_range = || {
        DecodeError::from(match micros {
            DAY_US => "it is `24:00:00`, which a `Time` cannot hold",
            _ => "its bytes are no time of day",
        })
    };
    let seconds = micros.div_euclid(US_A_SECOND);
    let nanos = micros.rem_euclid(US_A_SECOND) * 1000;
    let part = |seconds: i64| i8::try_from(seconds).map_err(|_| out_of_range());
    Time::new(
        part(seconds / 3600)?,
        part(seconds / 60 % 60)?,
        part(seconds % 60)?,
        i32::try_from(nanos).map_err(|_| out_of_range())?,
    )
    .map_err(|_| out_of_range())
}

pub(super) fn infinite(is_future: bool, is_past: bool) -> DecodeError {
    DecodeError::from(match (is_future, is_past) {
        (true, _) => "it is `infinity`, which the Rust type cannot hold",
        (_, true) => "it is `-infinity`, which the Rust type cannot hold",
        _ => "it is outside the years -9999 to 9999, which the Rust type can hold",
    })
}
