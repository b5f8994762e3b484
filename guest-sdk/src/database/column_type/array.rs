//! Arrays of one dimension.

use bytes::{BufMut, BytesMut};
use postgres_types::{Kind, Oid, Type};

use super::super::parameters::{put_cell, write_cell};
use super::super::{Cells, Parameter};
use super::{ColumnType, DecodeError, EncodeError, SqlType, is_built_in, type_of};

impl<T: ColumnType> ColumnType for Vec<T> {
    const SQL: SqlType = SqlType::array_of(T::SQL);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        if T::SQL.oid == 0 {
            return Err(EncodeError::from(
                "the number of its elements' type is not known here; \
                 send a `text[]` and cast it in the SQL",
            ));
        }
        write_array_header(T::SQL.oid, self.len(), out)?;
        for value in self {
            write_cell(value, out)?;
        }
        Ok(true)
    }

    fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let raw = raw.ok_or_else(DecodeError::null)?;
        let element = element_in(ty, raw, T::accepts)?;
        let (count, mut cells) = array_cells(&element, raw)?;
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            values.push(T::decode(&element, cells.next_cell()?)?);
        }
        if !cells.is_empty() {
            return Err(malformed());
        }
        Ok(values)
    }

    fn accepts(ty: &Type) -> bool {
        match element_of(ty) {
            Some(element) => T::accepts(element),
            // Of what, the array itself tells.
            None if *ty == Type::RECORD_ARRAY => T::accepts(&Type::RECORD),
            None => !is_built_in(ty.oid()) && T::accepts(ty),
        }
    }
}

/// Writes an array of elements that are already in Postgres' format.
pub(crate) fn write_array(
    element: Oid,
    cells: &[Option<&[u8]>],
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    write_array_header(element, cells.len(), out)?;
    cells.iter().try_for_each(|cell| put_cell(*cell, out))
}

/// Writes an array of values.
pub(crate) fn write_array_of(
    element: Oid,
    values: &[&dyn Parameter],
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    write_array_header(element, values.len(), out)?;
    values.iter().try_for_each(|value| write_cell(*value, out))
}

fn write_array_header(element: Oid, count: usize, out: &mut BytesMut) -> Result<(), EncodeError> {
    let count = i32::try_from(count).map_err(|_| EncodeError::from("it has too many elements"))?;
    // One dimension. Postgres looks for NULLs itself and ignores the flag.
    out.put_i32(1);
    out.put_i32(0);
    out.put_u32(element);
    out.put_i32(count);
    out.put_i32(1);
    Ok(())
}

/// How many elements there are, and where they begin.
pub(in crate::database) fn array_cells<'a>(
    element: &Type,
    raw: &'a [u8],
) -> Result<(usize, Cells<'a>), DecodeError> {
    let (header, rest) = raw.split_at_checked(12).ok_or_else(malformed)?;
    if header[8..] != element.oid().to_be_bytes() {
        return Err(malformed());
    }
    match header[..4] {
        [0, 0, 0, 0] => Ok((0, Cells::new(rest))),
        [0, 0, 0, 1] => parse_dimension(rest),
        _ => Err(DecodeError::from("it is an array of several dimensions")),
    }
}

fn parse_dimension(raw: &[u8]) -> Result<(usize, Cells<'_>), DecodeError> {
    let (count, rest) = raw.split_first_chunk().ok_or_else(malformed)?;
    let (_lower_bound, rest) = rest.split_at_checked(4).ok_or_else(malformed)?;
    let count = usize::try_from(i32::from_be_bytes(*count)).map_err(|_| malformed())?;
    // Each element takes four bytes at least, so a wrong count allocates nothing.
    if count > rest.len() / 4 {
        return Err(malformed());
    }
    Ok((count, Cells::new(rest)))
}

/// The type of the elements. Where the array's type does not tell it, because
/// it is not built into Postgres, the array itself does.
fn element_in(ty: &Type, raw: &[u8], accepts: fn(&Type) -> bool) -> Result<Type, DecodeError> {
    if let Some(element) = element_of(ty) {
        return Ok(element.clone());
    }
    let oid = raw.get(8..).and_then(<[u8]>::first_chunk);
    let element = type_of(Oid::from_be_bytes(*oid.ok_or_else(malformed)?));
    accepts(&element).then_some(element).ok_or_else(malformed)
}

fn element_of(ty: &Type) -> Option<&Type> {
    match ty.kind() {
        Kind::Array(element) => Some(element),
        _ => None,
    }
}

fn malformed() -> DecodeError {
    DecodeError::from("its bytes are no array of this type")
}
