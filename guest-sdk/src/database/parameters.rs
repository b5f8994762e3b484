use std::fmt;

use bytes::{BufMut, BytesMut};
use postgres_types::Oid;

use super::column_type::{ColumnType, EncodeError};
use super::{Cells, DecodeError};
use crate::{Error, Result};

/// A value that can stand for `$1`: every [`ColumnType`], and `&str`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a statement",
    note = "parameters are references to column types, as in `&[&title, &7_i64]`"
)]
pub trait Parameter {
    /// The object identifier of its type in Postgres.
    fn oid(&self) -> Oid;

    /// Writes it in Postgres' binary format; `false` means it is NULL and
    /// nothing was written.
    ///
    /// # Errors
    ///
    /// When Postgres' type cannot hold the value.
    fn write(&self, out: &mut BytesMut) -> Result<bool, EncodeError>;
}

impl<T: ColumnType> Parameter for T {
    fn oid(&self) -> Oid {
        T::SQL.oid
    }

    fn write(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        self.encode(out)
    }
}

impl Parameter for &str {
    fn oid(&self) -> Oid {
        String::SQL.oid
    }

    fn write(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        out.put_slice(self.as_bytes());
        Ok(true)
    }
}

impl Parameter for Option<&str> {
    fn oid(&self) -> Oid {
        String::SQL.oid
    }

    fn write(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        self.map_or(Ok(false), |text| text.write(out))
    }
}

/// The parameters of a statement, one behind the other in one buffer: each its
/// length as a big-endian `i32`, -1 for NULL, then its bytes.
#[derive(Debug, Default)]
pub struct Parameters {
    types: Vec<Oid>,
    bytes: BytesMut,
}

/// Postgres counts the parameters of a statement in 16 bits.
pub(crate) const PARAMETERS_MAX: usize = 65_535;

/// What the length of a NULL is.
const NULL: i32 = -1;

impl Parameters {
    /// Appends a parameter and returns its number, counted from 1.
    ///
    /// # Errors
    ///
    /// When the value cannot be written in Postgres' format.
    pub fn push(&mut self, parameter: &dyn Parameter) -> Result<usize> {
        write_cell(parameter, &mut self.bytes).map_err(|e| Error::encode(e.to_string()))?;
        self.count(parameter.oid())
    }

    /// Appends a parameter that is already in Postgres' format.
    pub(crate) fn push_encoded(&mut self, oid: Oid, value: Option<&[u8]>) -> Result<usize> {
        put_cell(value, &mut self.bytes).map_err(|e| Error::encode(e.to_string()))?;
        self.count(oid)
    }

    fn count(&mut self, oid: Oid) -> Result<usize> {
        self.types.push(oid);
        match self.types.len() {
            count @ ..=PARAMETERS_MAX => Ok(count),
            _ => Err(Error::invalid_query(format!(
                "a statement takes at most {PARAMETERS_MAX} parameters; \
                 `is_in` passes any number of values as one"
            ))),
        }
    }

    pub(super) fn into_parts(self) -> (Vec<Oid>, Vec<u8>) {
        (self.types, self.bytes.into())
    }
}

/// Writes a value behind its length.
pub(super) fn write_cell(value: &dyn Parameter, out: &mut BytesMut) -> Result<(), EncodeError> {
    let start = out.len();
    out.put_i32(NULL);
    if value.write(out)? {
        let length = length_of(out.len() - start - 4)?;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// Writes a value that is already in Postgres' format behind its length.
pub(super) fn put_cell(value: Option<&[u8]>, out: &mut BytesMut) -> Result<(), EncodeError> {
    let Some(value) = value else {
        out.put_i32(NULL);
        return Ok(());
    };
    out.put_i32(length_of(value.len())?);
    out.put_slice(value);
    Ok(())
}

fn length_of(bytes: usize) -> Result<i32, EncodeError> {
    i32::try_from(bytes).map_err(|_| EncodeError::from("it is longer than 2 GiB"))
}

/// Prints parameters for reading, one a line.
pub(super) fn describe(types: &[Oid], bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut cells = Cells::new(bytes);
    for (index, oid) in types.iter().enumerate() {
        let cell = cells.next_cell().map_err(|_| fmt::Error)?;
        write!(f, "\n--   ${} = ", index + 1)?;
        match cell {
            None => f.write_str("NULL")?,
            Some(raw) => describe_value(*oid, raw, f)?,
        }
    }
    Ok(())
}

fn describe_value(oid: Oid, raw: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use crate::{Date, Decimal, Timestamp};
    let known = match oid {
        16 => show::<bool>(oid, raw),
        20 => show::<i64>(oid, raw),
        21 => show::<i16>(oid, raw),
        23 => show::<i32>(oid, raw),
        25 => show::<String>(oid, raw).map(|text| quoted(&text)),
        700 => show::<f32>(oid, raw),
        701 => show::<f64>(oid, raw),
        1082 => show::<Date>(oid, raw),
        1184 => show::<Timestamp>(oid, raw),
        1700 => show::<Decimal>(oid, raw),
        2950 => show::<uuid::Uuid>(oid, raw),
        3802 => show::<serde_json::Value>(oid, raw),
        1007 => list::<i32>(oid, raw),
        1009 => list::<String>(oid, raw),
        1016 => list::<i64>(oid, raw),
        _ => Err(DecodeError::from("unknown")),
    };
    match known {
        Ok(text) => f.write_str(&text),
        Err(_) => describe_bytes(oid, raw, f),
    }
}

fn show<T: ColumnType + fmt::Display>(oid: Oid, raw: &[u8]) -> Result<String, DecodeError> {
    let ty = super::column_type::type_of(oid);
    T::decode(&ty, Some(raw)).map(|value| value.to_string())
}

fn list<T: ColumnType + fmt::Debug>(oid: Oid, raw: &[u8]) -> Result<String, DecodeError> {
    let ty = super::column_type::type_of(oid);
    Vec::<T>::decode(&ty, Some(raw)).map(|values| format!("{values:?}"))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn describe_bytes(oid: Oid, raw: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("'\\x")?;
    for byte in raw {
        write!(f, "{byte:02x}")?;
    }
    write!(f, "' (type {oid})")
}
