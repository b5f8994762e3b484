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
mod bit_string;
mod composite;
mod decimal;
mod hstore;
mod interval;
mod json;
mod mac_addr;
mod money;
mod network;
mod pg_lsn;
mod range;
mod scalar;
mod text;
mod time;

use std::fmt;

use bytes::BytesMut;
use postgres_types::{Kind, Oid, Type};

pub(super) use array::array_cells;
pub(crate) use array::{write_array, write_array_of};
pub use bit_string::BitString;
pub use composite::Composite;
pub use hstore::Hstore;
pub use interval::Interval;
pub use mac_addr::MacAddr;
pub use money::Money;
pub use network::{Cidr, Inet};
pub use pg_lsn::PgLsn;
pub(super) use range::range_bounds;
pub use range::{Range, RangeElement};
pub use text::Xml;
pub use time::TimeTz;

use crate::{Date, DateTime, Time, Timestamp, Uuid};

/// A Rust type that a column can hold.
///
/// | Rust | Postgres |
/// |---|---|
/// | `bool` | `boolean` |
/// | `i16`, `i32`, `i64` | `smallint`, `integer`, `bigint` |
/// | `f32`, `f64` | `real`, `double precision` |
/// | [`Decimal`](crate::Decimal) | `numeric`, exactly |
/// | `String` | `text`; reads `varchar`, `char(n)`, `name`, `"char"`, `xml`, and enums and the like |
/// | an enum with [`#[derive(Choices)]`](derive@crate::Choices) | `text`, or an enum of Postgres |
/// | `Vec<u8>` | `bytea` |
/// | [`Uuid`](crate::Uuid) | `uuid` |
/// | `serde_json::Value`, [`Json<T>`](crate::http::Json) | `jsonb`; read `json` |
/// | [`Timestamp`](crate::Timestamp) | `timestamptz`, an instant |
/// | [`DateTime`](crate::DateTime) | `timestamp`, without a time zone |
/// | [`Date`](crate::Date), [`Time`](crate::Time), [`TimeTz`] | `date`, `time`, `timetz` |
/// | [`Interval`](crate::Interval) | `interval` |
/// | [`Range<T>`](Range) | `int4range`, `int8range`, `numrange`, `tsrange`, `tstzrange`, `daterange` |
/// | [`std::net::IpAddr`], [`Inet`], [`Cidr`], [`MacAddr`] | `inet`, `cidr`, `macaddr` |
/// | [`BitString`] | `bit varying`; reads `bit(n)` |
/// | [`Money`], [`Xml`], [`PgLsn`] | `money`, `xml`, `pg_lsn` |
/// | [`Hstore`], [`Composite`] | `hstore`, composite types and rows |
/// | `Vec<T>` | an array of one dimension |
/// | `Option<T>` | what can be NULL |
///
/// Years are those from -9999 to 9999; `infinity` and what else the Rust type
/// cannot hold are errors, never other values. Postgres keeps microseconds.
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
        if Self::SQL.oid == 0 {
            return !is_built_in(ty.oid());
        }
        ty.oid() == Self::SQL.oid
    }
}

/// A type in Postgres. Printed, it is as in `CREATE TABLE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlType {
    /// Its name; for an array, that of its elements.
    pub name: &'static str,
    /// Its object identifier; 0 when it is not known, and Postgres is to take
    /// the type from where the value stands.
    pub oid: Oid,
    /// The object identifier of arrays of it; 0 when there are none, or it is
    /// not known.
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

    /// A type that is not built into Postgres, such as an enum or one of an
    /// extension, by its name as SQL has it. Its object identifier is another in
    /// each database, so Postgres takes the type of a value from where it
    /// stands.
    ///
    /// ```
    /// use plinth::database::SqlType;
    ///
    /// assert_eq!(SqlType::named("citext").to_string(), "citext");
    /// ```
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self::new(name, 0, 0)
    }

    /// Whether two of its values are equal in Postgres only if their bytes are.
    ///
    /// Those of `numeric` keep how many digits they were written with, floats
    /// have two zeros, and what Rust writes for an array or a range is not what
    /// Postgres makes of it. What is not built into Postgres may be anything.
    pub(crate) fn is_equal_by_bytes(self) -> bool {
        EQUAL_BY_BYTES.contains(&self.oid)
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
            element.array_oid != 0 || (element.oid == 0 && !element.is_array),
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

/// The types whose equal values have the same bytes.
const EQUAL_BY_BYTES: [Oid; 18] = [
    bool::SQL.oid,
    i16::SQL.oid,
    i32::SQL.oid,
    i64::SQL.oid,
    String::SQL.oid,
    Vec::<u8>::SQL.oid,
    Uuid::SQL.oid,
    Timestamp::SQL.oid,
    DateTime::SQL.oid,
    Date::SQL.oid,
    Time::SQL.oid,
    TimeTz::SQL.oid,
    Inet::SQL.oid,
    Cidr::SQL.oid,
    MacAddr::SQL.oid,
    BitString::SQL.oid,
    Money::SQL.oid,
    PgLsn::SQL.oid,
];

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

/// Whether a type has the same number in every database: those that `CREATE`
/// made begin at 16384, `FirstNormalObjectId`.
fn is_built_in(oid: Oid) -> bool {
    oid < 16_384
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
