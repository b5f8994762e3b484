//! The flat buffers of Postgres binary values that cross into the guest.
//!
//! Their layout is that of Postgres' own Bind and DataRow messages: a length as
//! a big-endian 32-bit integer, then the value; the length -1 is NULL.
//! See <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::Row;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type};

/// A value as it came over the wire; `None` is NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Raw<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(value) = self.0 else {
            return Ok(IsNull::Yes);
        };
        out.put_slice(value);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(ty, out)
    }
}

/// Takes a flat buffer of `count` parameters apart; `None` where it is malformed
/// or holds another number of them.
pub(super) fn parameters(mut buffer: &[u8], count: usize) -> Option<Vec<Raw<'_>>> {
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        let (length, rest) = buffer.split_first_chunk()?;
        let value = match i32::from_be_bytes(*length) {
            -1 => (None, rest),
            length => {
                let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (Some(value), rest)
            }
        };
        values.push(Raw(value.0));
        buffer = value.1;
    }
    buffer.is_empty().then_some(values)
}

/// A value of a row; `None` is NULL.
pub(super) fn cell(row: &Row, index: usize) -> Option<&[u8]> {
    row.get::<_, Raw<'_>>(index).0
}

/// Appends a row's values to a flat buffer.
pub(super) fn append_row(row: &Row, out: &mut Vec<u8>) {
    for index in 0..row.len() {
        match cell(row, index) {
            Some(value) => {
                let length = i32::try_from(value.len()).expect("Postgres' own length");
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(value);
            }
            None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_apart() {
        assert_eq!(parameters(&[], 0), Some(vec![]));
        let buffer = [0, 0, 0, 2, 7, 8, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        let expected = vec![Raw(Some(&[7, 8])), Raw(None), Raw(Some(&[]))];
        assert_eq!(parameters(&buffer, 3), Some(expected));
        assert_eq!(parameters(&buffer, 2), None);
        assert_eq!(parameters(&buffer, 4), None);
    }

    #[test]
    fn a_malformed_buffer_is_refused() {
        let buffers = [
            &[0, 0, 0][..],
            &[0, 0, 0, 1],
            &[0, 0, 0, 2, 1],
            &[0xff, 0xff, 0xff, 0xfe],
            &[0x7f, 0xff, 0xff, 0xff, 1],
        ];
        for buffer in buffers {
            assert_eq!(parameters(buffer, 1), None, "{buffer:?}");
        }
    }
}
