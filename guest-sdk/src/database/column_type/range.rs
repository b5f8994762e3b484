//! Ranges of numbers and times.

use std::fmt;
use std::ops::{Bound, RangeBounds};

use bytes::{BufMut, BytesMut};
use postgres_types::{Kind, Type};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use super::super::Cells;
use super::super::parameters::write_cell;
use super::{ColumnType, DecodeError, EncodeError, SqlType};
use crate::{Date, DateTime, Decimal, Timestamp};

/// What lies between two bounds, either of which can be missing: `int4range`,
/// `int8range`, `numrange`, `tsrange`, `tstzrange` and `daterange`, by the type
/// of the bounds.
///
/// ```
/// use plinth::database::Range;
///
/// let pages = Range::new(100..=200);
/// assert!(pages.contains(&200));
/// assert_eq!(pages.to_string(), "[100,200]");
/// assert!(Range::<i32>::empty().is_empty());
/// ```
///
/// Postgres writes ranges of integers and dates as `[100,201)`, however they
/// were sent, and that is how they come back. As JSON a range is
/// `{"lower": 100, "upper": 201, "bounds": "[)"}`, or `{"empty": true}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range<T> {
    /// `None` of the empty range.
    bounds: Option<(Bound<T>, Bound<T>)>,
}

/// A type that Postgres has ranges of.
#[diagnostic::on_unimplemented(
    message = "Postgres has no ranges of `{Self}`",
    note = "ranges are of `i32`, `i64`, `Decimal`, `DateTime`, `Timestamp` and `Date`"
)]
pub trait RangeElement: ColumnType {
    /// The type of its ranges.
    const RANGE: SqlType;
}

macro_rules! elements {
    ($($ty:ty => $name:literal $oid:literal $array_oid:literal;)*) => {$(
        impl RangeElement for $ty {
            const RANGE: SqlType = SqlType::new($name, $oid, $array_oid);
        }
    )*};
}

elements! {
    i32 => "int4range" 3904 3905;
    i64 => "int8range" 3926 3927;
    Decimal => "numrange" 3906 3907;
    DateTime => "tsrange" 3908 3909;
    Timestamp => "tstzrange" 3910 3911;
    Date => "daterange" 3912 3913;
}

impl<T> Range<T> {
    /// The range of Rust's ranges and of pairs of [`Bound`]s.
    #[must_use]
    pub fn new(bounds: impl RangeBounds<T>) -> Self
    where
        T: Clone,
    {
        let bounds = (bounds.start_bound().cloned(), bounds.end_bound().cloned());
        Self {
            bounds: Some(bounds),
        }
    }

    /// The range that nothing is in.
    #[must_use]
    pub const fn empty() -> Self {
        Self { bounds: None }
    }

    /// Whether it is the empty range. One whose bounds leave nothing between
    /// them becomes that only in Postgres.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bounds.is_none()
    }

    /// Where it begins; [`Bound::Unbounded`] when it has no beginning, or is
    /// empty.
    #[must_use]
    pub fn lower(&self) -> Bound<&T> {
        let lower = self.bounds.as_ref().map(|(lower, _)| lower.as_ref());
        lower.unwrap_or(Bound::Unbounded)
    }

    /// Where it ends; [`Bound::Unbounded`] when it has no end, or is empty.
    #[must_use]
    pub fn upper(&self) -> Bound<&T> {
        let upper = self.bounds.as_ref().map(|(_, upper)| upper.as_ref());
        upper.unwrap_or(Bound::Unbounded)
    }

    /// Whether a value is in it.
    #[must_use]
    pub fn contains(&self, value: &T) -> bool
    where
        T: PartialOrd,
    {
        self.bounds
            .as_ref()
            .is_some_and(|bounds| bounds.contains(value))
    }
}

const EMPTY: u8 = 0x01;
const LOWER_INCLUSIVE: u8 = 0x02;
const UPPER_INCLUSIVE: u8 = 0x04;
const LOWER_INFINITE: u8 = 0x08;
const UPPER_INFINITE: u8 = 0x10;
const FLAGS: u8 = 0x1F;

impl<T: RangeElement> ColumnType for Range<T> {
    const SQL: SqlType = T::RANGE;

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        let Some((lower, upper)) = &self.bounds else {
            out.put_u8(EMPTY);
            return Ok(true);
        };
        out.put_u8(
            flag(lower, LOWER_INCLUSIVE, LOWER_INFINITE)
                | flag(upper, UPPER_INCLUSIVE, UPPER_INFINITE),
        );
        for bound in [lower, upper] {
            if let Bound::Included(value) | Bound::Excluded(value) = bound {
                write_cell(value, out)?;
            }
        }
        Ok(true)
    }

    fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let raw = raw.ok_or_else(DecodeError::null)?;
        let Some(bounds) = range_bounds(raw)? else {
            return Ok(Self::empty());
        };
        let element = element_of(ty).ok_or_else(malformed)?;
        let value = |raw: Option<&[u8]>| raw.map(|raw| T::decode(element, Some(raw))).transpose();
        Ok(Self {
            bounds: Some((
                bound_of(value(bounds.lower)?, bounds.is_lower_inclusive),
                bound_of(value(bounds.upper)?, bounds.is_upper_inclusive),
            )),
        })
    }
}

fn flag<T>(bound: &Bound<T>, inclusive: u8, infinite: u8) -> u8 {
    match bound {
        Bound::Included(_) => inclusive,
        Bound::Excluded(_) => 0,
        Bound::Unbounded => infinite,
    }
}

/// A range as it was sent, `None` for a bound that is missing.
pub(in crate::database) struct RawBounds<'a> {
    pub(in crate::database) lower: Option<&'a [u8]>,
    pub(in crate::database) upper: Option<&'a [u8]>,
    pub(in crate::database) is_lower_inclusive: bool,
    pub(in crate::database) is_upper_inclusive: bool,
}

/// The bounds, `None` of the empty range.
pub(in crate::database) fn range_bounds(raw: &[u8]) -> Result<Option<RawBounds<'_>>, DecodeError> {
    let (flags, mut cells) = match raw.split_first() {
        Some((&EMPTY, [])) => return Ok(None),
        Some((flags, rest)) if flags & (!FLAGS | EMPTY) == 0 => (flags, Cells::new(rest)),
        _ => return Err(malformed()),
    };
    let mut bound = |infinite| match flags & infinite {
        0 => cells.next_cell()?.map(Some).ok_or_else(malformed),
        _ => Ok(None),
    };
    let (lower, upper) = (bound(LOWER_INFINITE)?, bound(UPPER_INFINITE)?);
    if !cells.is_empty() {
        return Err(malformed());
    }
    Ok(Some(RawBounds {
        lower,
        upper,
        is_lower_inclusive: flags & LOWER_INCLUSIVE != 0,
        is_upper_inclusive: flags & UPPER_INCLUSIVE != 0,
    }))
}

fn element_of(ty: &Type) -> Option<&Type> {
    match ty.kind() {
        Kind::Range(element) => Some(element),
        _ => None,
    }
}

fn malformed() -> DecodeError {
    DecodeError::from("its bytes are no range of this type")
}

/// As in mathematics and in Postgres: `[1,5)`, `(,5]`, `empty`.
impl<T: fmt::Display> fmt::Display for Range<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((lower, upper)) = &self.bounds else {
            return f.write_str("empty");
        };
        match lower {
            Bound::Included(value) => write!(f, "[{value}"),
            Bound::Excluded(value) => write!(f, "({value}"),
            Bound::Unbounded => f.write_str("("),
        }?;
        match upper {
            Bound::Included(value) => write!(f, ",{value}]"),
            Bound::Excluded(value) => write!(f, ",{value})"),
            Bound::Unbounded => f.write_str(",)"),
        }
    }
}

/// A range as JSON.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Shape<T> {
    Empty {
        empty: bool,
    },
    Bounds {
        lower: Option<T>,
        upper: Option<T>,
        bounds: String,
    },
}

impl<T: Serialize> Serialize for Range<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shape = match &self.bounds {
            None => Shape::Empty { empty: true },
            Some((lower, upper)) => Shape::Bounds {
                bounds: [
                    if matches!(lower, Bound::Included(_)) {
                        "["
                    } else {
                        "("
                    },
                    if matches!(upper, Bound::Included(_)) {
                        "]"
                    } else {
                        ")"
                    },
                ]
                .concat(),
                lower: value_of(lower.as_ref()),
                upper: value_of(upper.as_ref()),
            },
        };
        shape.serialize(serializer)
    }
}

fn value_of<T>(bound: Bound<T>) -> Option<T> {
    match bound {
        Bound::Included(value) | Bound::Excluded(value) => Some(value),
        Bound::Unbounded => None,
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Range<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (lower, upper, bounds) = match Shape::deserialize(deserializer)? {
            Shape::Empty { empty: true } => return Ok(Self::empty()),
            Shape::Empty { empty: false } => {
                return Err(D::Error::custom("a range that is not empty has bounds"));
            }
            Shape::Bounds {
                lower,
                upper,
                bounds,
            } => (lower, upper, bounds),
        };
        let (lower_inclusive, upper_inclusive) = match bounds.as_str() {
            "[)" => (true, false),
            "(]" => (false, true),
            "[]" => (true, true),
            "()" => (false, false),
            _ => {
                return Err(D::Error::custom(
                    "the bounds of a range are `[)` or the like",
                ));
            }
        };
        Ok(Self {
            bounds: Some((
                bound_of(lower, lower_inclusive),
                bound_of(upper, upper_inclusive),
            )),
        })
    }
}

fn bound_of<T>(value: Option<T>, is_inclusive: bool) -> Bound<T> {
    match (value, is_inclusive) {
        (Some(value), true) => Bound::Included(value),
        (Some(value), false) => Bound::Excluded(value),
        (None, _) => Bound::Unbounded,
    }
}
