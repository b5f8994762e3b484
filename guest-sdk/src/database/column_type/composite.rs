use bytes::{BufMut, BytesMut};
use postgres_types::{Oid, Type};

use super::super::parameters::{Parameter, put_cell};
use super::super::{Cells, Parameters};
use super::{ColumnType, DecodeError, EncodeError, SqlType, is_built_in, take, type_of};

/// A value of several fields, each of a type of its own: a row that a query
/// makes with `ROW(…)`, or a value of a type from `CREATE TYPE … AS (…)`.
///
/// A struct becomes a column by way of it:
///
/// ```
/// use plinth::database::{
///     BytesMut, ColumnType, Composite, DecodeError, EncodeError, SqlType, Type,
/// };
///
/// /// `CREATE TYPE address AS (street text, number integer)`
/// #[derive(Debug, PartialEq)]
/// struct Address {
///     street: String,
///     number: Option<i32>,
/// }
///
/// impl ColumnType for Address {
///     const SQL: SqlType = SqlType::named("address");
///
///     fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
///         Composite::new(&[&self.street, &self.number])?.encode(out)
///     }
///
///     fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
///         let fields = Composite::decode(ty, raw)?;
///         Ok(Self { street: fields.get(0)?, number: fields.get(1)? })
///     }
///
///     fn accepts(ty: &Type) -> bool {
///         Composite::accepts(ty)
///     }
/// }
/// ```
///
/// A query sends it by way of such a struct alone, since Postgres takes no row
/// without the name of its type. It takes only fields of exactly the types that
/// it declared, so a `varchar` or an enum among them can be read as a `String`,
/// but not sent as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composite {
    types: Vec<Oid>,
    cells: Vec<u8>,
}

impl Composite {
    /// A value of these fields, in the order of their declaration.
    ///
    /// # Errors
    ///
    /// When Postgres' type cannot hold one of the values.
    pub fn new(fields: &[&dyn Parameter]) -> Result<Self, EncodeError> {
        let mut parameters = Parameters::default();
        for field in fields {
            let pushed = parameters.push(*field);
            pushed.map_err(|error| EncodeError::from(error.to_string()))?;
        }
        let (types, cells) = parameters.into_parts();
        if types.contains(&0) {
            return Err(EncodeError::from(
                "a field's type is not built into Postgres, so its number is not known here",
            ));
        }
        Ok(Self { types, cells })
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// The value of a field, by its position from 0.
    ///
    /// # Errors
    ///
    /// When there is no such field, its type is another, or it is NULL and `T`
    /// is not an `Option`.
    pub fn get<T: ColumnType>(&self, index: usize) -> Result<T, DecodeError> {
        let (ty, raw) = self.field(index, T::accepts)?;
        T::decode(&ty, raw).map_err(|error| in_field(index, &error))
    }

    fn field(
        &self,
        index: usize,
        accepts: fn(&Type) -> bool,
    ) -> Result<(Type, Option<&[u8]>), DecodeError> {
        let oid = self.types.get(index);
        let ty = oid.map(|oid| type_of(*oid));
        let ty = ty.ok_or_else(|| in_field(index, &"there is no such field"))?;
        if !accepts(&ty) {
            let reason = format!("its type is {ty}, which the Rust type does not take");
            return Err(in_field(index, &reason));
        }
        let mut cells = Cells::new(&self.cells);
        cells.skip(index)?;
        Ok((ty, cells.next_cell()?))
    }
}

fn in_field(index: usize, reason: &dyn std::fmt::Display) -> DecodeError {
    DecodeError::from(format!("field {index}: {reason}"))
}

const RECORD: Oid = 2249;

impl ColumnType for Composite {
    const SQL: SqlType = SqlType::named("record");

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        let count = i32::try_from(self.types.len());
        out.put_i32(count.map_err(|_| EncodeError::from("it has too many fields"))?);
        let mut cells = Cells::new(&self.cells);
        for oid in &self.types {
            out.put_u32(*oid);
            let cell = cells.next_cell();
            put_cell(cell.map_err(|e| EncodeError::from(e.to_string()))?, out)?;
        }
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let malformed = || DecodeError::from("its bytes are no composite");
        let mut raw = raw.ok_or_else(DecodeError::null)?;
        let count = take(&mut raw).ok_or_else(malformed)?;
        let count = u32::try_from(i32::from_be_bytes(count)).map_err(|_| malformed())?;
        let (mut types, mut cells) = (Vec::new(), BytesMut::new());
        for _ in 0..count {
            types.push(Oid::from_be_bytes(take(&mut raw).ok_or_else(malformed)?));
            let mut rest = Cells::new(raw);
            let cell = rest.next_cell()?;
            put_cell(cell, &mut cells).map_err(|_| malformed())?;
            raw = raw
                .get(4 + cell.map_or(0, <[u8]>::len)..)
                .ok_or_else(malformed)?;
        }
        if !raw.is_empty() {
            return Err(malformed());
        }
        let cells = cells.into();
        Ok(Self { types, cells })
    }

    fn accepts(ty: &Type) -> bool {
        ty.oid() == RECORD || !is_built_in(ty.oid())
    }
}
