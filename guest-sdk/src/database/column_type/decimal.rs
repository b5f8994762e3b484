//! `numeric`, exactly: a value with more digits than a `Decimal` holds is an
//! error, where rust_decimal's own reading rounds it or panics.

use bytes::{BufMut, BytesMut};
use postgres_types::{ToSql, Type};

use super::{ColumnType, DecodeError, EncodeError, SqlType};
use crate::Decimal;

const NEGATIVE: u16 = 0x4000;
/// NaN and the infinities have these two bits set.
const SPECIAL: u16 = 0xC000;
const SCALE_MAX: i32 = 28;
const MANTISSA_MAX: u128 = (1 << 96) - 1;
/// Postgres keeps decimal digits in groups of four.
const GROUP: u128 = 10_000;
const GROUP_DIGITS: i32 = 4;

impl ColumnType for Decimal {
    const SQL: SqlType = SqlType::new("numeric", 1700, 1231);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        if self.is_zero() {
            encode_zero(self.scale(), out);
            return Ok(true);
        }
        self.to_sql(&Type::NUMERIC, out)
            .map(|_| true)
            .map_err(|e| EncodeError::from(e.to_string()))
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let raw = raw.ok_or_else(DecodeError::null)?;
        let numeric = Numeric::parse(raw)?;
        numeric.to_decimal().ok_or_else(|| {
            DecodeError::from("it has more than the 28 digits that a `Decimal` can hold")
        })
    }
}

/// rust_decimal forgets the scale of a zero, which makes 0.00 into 0.
fn encode_zero(scale: u32, out: &mut BytesMut) {
    out.put_bytes(0, 6);
    out.put_u16(u16::try_from(scale).expect("a Decimal's scale is at most 28"));
}

/// `±mantissa / 10^scale`, shown with `display` digits after the point.
struct Numeric {
    is_negative: bool,
    mantissa: Option<u128>,
    scale: i32,
    display: i32,
}

impl Numeric {
    fn parse(raw: &[u8]) -> Result<Self, DecodeError> {
        let (words, rest) = raw.as_chunks::<2>();
        let mut words = words.iter().map(|word| u16::from_be_bytes(*word));
        let (Some(count), Some(weight), Some(sign), Some(display)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(malformed());
        };
        if sign & SPECIAL == SPECIAL {
            return Err(DecodeError::from("it is NaN or infinite, which a `Decimal` cannot be"));
        }
        if words.len() != usize::from(count) || !rest.is_empty() {
            return Err(malformed());
        }
        let last_weight = i32::from(weight.cast_signed()) - i32::from(count) + 1;
        Ok(Self {
            is_negative: sign == NEGATIVE,
            mantissa: mantissa(words),
            scale: -last_weight * GROUP_DIGITS,
            display: i32::from(display),
        })
    }

    /// Exactly this value, with the scale that Postgres shows where it fits.
    fn to_decimal(&self) -> Option<Decimal> {
        let (mut mantissa, mut scale) = (self.mantissa?, self.scale);
        let shown = self.display.min(SCALE_MAX);
        if mantissa == 0 {
            scale = shown;
        }
        while mantissa.is_multiple_of(10) && (scale > shown || mantissa > MANTISSA_MAX) && scale > 0 {
            (mantissa, scale) = (mantissa / 10, scale - 1);
        }
        while scale < 0 {
            (mantissa, scale) = (times_ten(mantissa)?, scale + 1);
        }
        while let (true, Some(product)) = (scale < shown, times_ten(mantissa)) {
            (mantissa, scale) = (product, scale + 1);
        }
        let value = i128::try_from(mantissa).ok()?;
        let value = if self.is_negative { -value } else { value };
        Decimal::try_from_i128_with_scale(value, scale.try_into().ok()?).ok()
    }
}

/// The digits as one number, if it has any chance to fit.
fn mantissa(groups: impl Iterator<Item = u16>) -> Option<u128> {
    let mut mantissa = 0_u128;
    for group in groups {
        mantissa = mantissa.checked_mul(GROUP)?.checked_add(group.into())?;
    }
    Some(mantissa)
}

fn times_ten(mantissa: u128) -> Option<u128> {
    mantissa.checked_mul(10).filter(|product| *product <= MANTISSA_MAX)
}

fn malformed() -> DecodeError {
    DecodeError::from("its bytes are no `numeric`")
}
