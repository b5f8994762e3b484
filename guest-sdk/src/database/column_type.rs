/// Serde by the text that a type prints and parses.
macro_rules! text_serde {
    ($($ty:ty)*) => {$(
        impl serde::Serialize for $ty {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $ty {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

mod array;
mod decimal;
mod interval;
mod scalar;
mod time;

use std::fmt;

use bytes::BytesMut;
use postgres_types::{Kind, Oid, Type};

pub(crate) use array::{write_array, write_array_of};
pub use interval::Interval;
pub use time::TimeTz;

/// A Rust type that a column can hold.
///
/// Implemented for `bool`, `i16`, `i32`, `i64`, `f32`, `f64`, `String`,
/// [`Decimal`](crate::Decimal), [`Timestamp`](crate::Timestamp),
/// [`Date`](crate::Date), [`DateTime`](crate::DateTime),
/// [`Time`](crate::Time), [`Interval`](crate::Interval),
/// [`Uuid`](crate::Uuid), `serde_json::Value`,
/// `Vec<u8>` as `bytea`, every enum with
/// [`#[derive(Choices)]`](derive@crate::Choices), `Vec<T>` of these as an array,
/// and `Option<T>` of all for columns that can be NULL.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type that a column can hold",
    label = "not a column type",
    note = "derive `Choices` for an enum, or implement `plinth::database::ColumnType`"
)]
pub trait ColumnType: Sized + 'static {
    /// Its type in Postgres.
    const SQL: SqlType;

    /// Whether a column of it can be NULL.
    const NULLABLE: bool = false;

    /// The texts it allows, if it allows only some.
    const CHOICES: &'static [&'static str] = &[];

    /// Writes the value in Postgres' binary format, without its length;
    /// `false` means it is NULL and nothing was written.
    ///
    /// # Errors
    ///
    /// When Postgres' type cannot hold the value.
    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError>;

    /// Reads a value of Postgres' type `ty`, for which
    /// [`accepts`](ColumnType::accepts) is true; `None` is NULL.
    ///
    /// # Errors
    ///
    /// When the bytes are no such value, or the Rust type cannot hold it.
    fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError>;

    /// Whether values of Postgres' type `ty` can be read as this type.
    #[must_use]
    fn accepts(ty: &Type) -> bool {
        ty.oid() == Self::SQL.oid
    }
}

/// A type in Postgres. Printed, it is as in `CREATE TABLE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlType {
    /// Its name; for an array, that of its elements.
    pub name: &'static str,
    /// Its object identifier.
    pub oid: Oid,
    /// The object identifier of arrays of it; 0 when there are none.
    pub array_oid: Oid,
    /// Whether it is an array.
    pub is_array: bool,
}

impl SqlType {
    /// A type by its name and object identifiers.
    ///
    /// ```
    /// use plinth::database::SqlType;
    ///
    /// const INET: SqlType = SqlType::new("inet", 869, 1041);
    /// assert_eq!(SqlType::array_of(INET).to_string(), "inet[]");
    /// ```
    #[must_use]
    pub const fn new(name: &'static str, oid: Oid, array_oid: Oid) -> Self {
        Self {
            name,
            oid,
            array_oid,
            is_array: false,
        }
    }

    /// The type of arrays of `element`.
    ///
    /// # Panics
    ///
    /// When Postgres has no such arrays, as for arrays themselves; in a
    /// constant that is an error of the compiler.
    #[must_use]
    pub const fn array_of(element: Self) -> Self {
        assert!(
            element.array_oid != 0,
            "Postgres has no arrays of this type"
        );
        Self {
            name: element.name,
            oid: element.array_oid,
            array_oid: 0,
            is_array: true,
        }
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        f.write_str(if self.is_array { "[]" } else { "" })
    }
}

/// Why a value could not be read.
#[derive(Debug)]
pub struct DecodeError(String);

/// Why a value could not be written.
#[derive(Debug)]
pub struct EncodeError(String);

impl DecodeError {
    /// A NULL where the Rust type has no place for one.
    #[must_use]
    pub fn null() -> Self {
        Self::from("it is NULL, and its Rust type is not an `Option`")
    }
}

impl<S: Into<String>> From<S> for DecodeError {
    fn from(reason: S) -> Self {
        Self(reason.into())
    }
}

impl<S: Into<String>> From<S> for EncodeError {
    fn from(reason: S) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The type behind an object identifier. One that is not built into Postgres
/// keeps its number, so that a message can tell it.
pub(super) fn type_of(oid: Oid) -> Type {
    Type::from_oid(oid)
        .unwrap_or_else(|| Type::new(format!("type {oid}"), oid, Kind::Simple, String::new()))
}

impl<T: ColumnType> ColumnType for Option<T> {
    const SQL: SqlType = T::SQL;
    const NULLABLE: bool = true;
    const CHOICES: &'static [&'static str] = T::CHOICES;

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        self.as_ref().map_or(Ok(false), |value| value.encode(out))
    }

    fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        raw.map(|raw| T::decode(ty, Some(raw))).transpose()
    }

    fn accepts(ty: &Type) -> bool {
        T::accepts(ty)
    }
}

/// A value of a fixed size.
fn fixed<const N: usize>(raw: Option<&[u8]>) -> Result<[u8; N], DecodeError> {
    let raw = raw.ok_or_else(DecodeError::null)?;
    raw.try_into()
        .map_err(|_| DecodeError::from(format!("it has {} bytes instead of {N}", raw.len())))
}

/// The first bytes, taken off, if there are as many.
fn take<const N: usize>(raw: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = raw.split_first_chunk()?;
    *raw = rest;
    Some(*first)
}

#[cfg(test)]
mod tests;
