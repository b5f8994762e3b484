use bytes::{BufMut, BytesMut};
use postgres_types::Oid;

use super::column_type::{ColumnType, EncodeError};
use super::literal::literal;
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

    /// The name of its type, where that is not built into Postgres and has no
    /// object identifier to tell it by: what the ORM casts it to.
    fn type_name(&self) -> Option<&'static str> {
        None
    }

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

    fn type_name(&self) -> Option<&'static str> {
        const {
            if T::SQL.oid == 0 && !T::SQL.is_array {
                Some(T::SQL.name)
            } else {
                None
            }
        }
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

/// The parameters of one run of a statement: a tuple of up to twelve values, or a
/// slice of references to them. What
/// [`Db::execute_many`](super::Db::execute_many) takes several of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the parameters of a statement",
    note = "write a tuple of column types, one with a comma behind it: `(title, 7_i64)`, `(id,)`"
)]
pub trait ParameterRow {
    /// Appends them.
    ///
    /// # Errors
    ///
    /// When a value cannot be written in Postgres' format.
    fn push_to(&self, parameters: &mut Parameters) -> Result<()>;
}

impl ParameterRow for &[&dyn Parameter] {
    fn push_to(&self, parameters: &mut Parameters) -> Result<()> {
        self.iter()
            .try_for_each(|value| parameters.push(*value).map(drop))
    }
}

macro_rules! parameter_rows {
    ($(($($P:ident $index:tt),+))*) => {$(
        impl<$($P: Parameter),+> ParameterRow for ($($P,)+) {
            fn push_to(&self, parameters: &mut Parameters) -> Result<()> {
                let values: &[&dyn Parameter] = &[$(&self.$index),+];
                values.push_to(parameters)
            }
        }
    )*};
}

parameter_rows! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
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

/// What a usual parameter takes, its length included.
const PARAMETER_BYTES: usize = 24;

/// What the length of a NULL is.
const NULL: i32 = -1;

impl Parameters {
    /// None yet, with room for so many of a usual length.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self {
            types: Vec::with_capacity(count),
            bytes: BytesMut::with_capacity(count * PARAMETER_BYTES),
        }
    }

    /// Appends a parameter and returns its number, counted from 1.
    ///
    /// # Errors
    ///
    /// When the value cannot be written in Postgres' format.
    pub fn push(&mut self, parameter: &dyn Parameter) -> Result<usize> {
        write_cell(parameter, &mut self.bytes).map_err(|e| Error::encode(e.to_string()))?;
        self.add_type(parameter.oid())
    }

    /// Appends a parameter that is already in Postgres' format.
    pub(crate) fn push_encoded(&mut self, oid: Oid, value: Option<&[u8]>) -> Result<usize> {
        put_cell(value, &mut self.bytes).map_err(|e| Error::encode(e.to_string()))?;
        self.add_type(oid)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.types.len()
    }

    fn add_type(&mut self, oid: Oid) -> Result<usize> {
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
pub(crate) fn write_cell(value: &dyn Parameter, out: &mut BytesMut) -> Result<(), EncodeError> {
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

/// The parameters as literals, for reading.
pub(super) fn literals(types: &[Oid], bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
    let mut cells = Cells::new(bytes);
    let types = types.iter();
    types
        .map(|oid| Ok(literal(*oid, cells.next_cell()?)))
        .collect()
}
