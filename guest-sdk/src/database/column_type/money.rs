use bytes::BytesMut;
use postgres_types::Type;
use serde::{Deserialize, Serialize};

use super::{ColumnType, DecodeError, EncodeError, SqlType, fixed};
use crate::Decimal;

/// An amount as Postgres keeps it in a `money`: a number of the smallest units,
/// such as cents.
///
/// How many of them make one is the database's `lc_monetary`, which the value
/// does not tell. For new tables take a `Decimal`; this is for those that have
/// the type.
///
/// ```
/// use plinth::database::Money;
///
/// assert_eq!(Money(1999).to_decimal(2).to_string(), "19.99");
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(
    /// The smallest units.
    pub i64,
);

impl Money {
    /// The amount, where so many digits stand after the point.
    ///
    /// # Panics
    ///
    /// When there are more than 28; no currency has more than four.
    #[must_use]
    pub fn to_decimal(self, fraction_digits: u32) -> Decimal {
        Decimal::new(self.0, fraction_digits)
    }
}

impl ColumnType for Money {
    const SQL: SqlType = SqlType::new("money", 790, 791);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        self.0.encode(out)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        fixed(raw).map(i64::from_be_bytes).map(Self)
    }
}
