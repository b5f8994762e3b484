//! Instants and dates, which Postgres counts from the year 2000.
//!
//! Done here and not through postgres-types, whose calendar spans cost a
//! plugin more code and time than all other types together.

use bytes::{BufMut, BytesMut};
use jiff::SignedDuration;
use jiff::civil::date;
use postgres_types::Type;

use super::{ColumnType, DecodeError, EncodeError, SqlType};
use crate::{Date, Timestamp};

/// 2000-01-01T00:00:00Z, in microseconds since 1970.
const EPOCH_US: i64 = 946_684_800_000_000;
/// The days from 1970-01-01, from where jiff can count to each of its dates.
const EPOCH_DAYS: i64 = 10_957;
const UNIX_EPOCH: Date = date(1970, 1, 1);
const HOURS_A_DAY: i64 = 24;

/// Postgres keeps microseconds; what is finer is cut off.
impl ColumnType for Timestamp {
    const SQL: SqlType = SqlType::new("timestamptz", 1184, 1185);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        out.put_i64(self.as_microsecond() - EPOCH_US);
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

fn fixed<const N: usize>(raw: Option<&[u8]>) -> Result<[u8; N], DecodeError> {
    let raw = raw.ok_or_else(DecodeError::null)?;
    raw.try_into()
        .map_err(|_| DecodeError::from(format!("it has {} bytes instead of {N}", raw.len())))
}

fn infinite(is_future: bool, is_past: bool) -> DecodeError {
    DecodeError::from(match (is_future, is_past) {
        (true, _) => "it is `infinity`, which the Rust type cannot hold",
        (_, true) => "it is `-infinity`, which the Rust type cannot hold",
        _ => "it is outside the years -9999 to 9999, which the Rust type can hold",
    })
}
