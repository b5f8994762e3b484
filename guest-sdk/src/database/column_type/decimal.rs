//! `numeric`, exactly: a value with more digits than a `Decimal` holds is an
//! error, where rust_decimal's own reading rounds it or panics. Its own writing
//! is not there on wasm32.

use bytes::{BufMut, BytesMut};
use postgres_types::Type;

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
        let digits = Digits::of(self.mantissa().unsigned_abs(), self.scale());
        out.put_u16(digits.count);
        out.put_i16(digits.weight);
        out.put_u16(if self.mantissa() < 0 { NEGATIVE } else { 0 });
        out.put_u16(small(self.scale()));
        digits.groups().for_each(|group| out.put_u16(group));
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let raw = raw.ok_or_else(DecodeError::null)?;
        let numeric = Numeric::parse(raw)?;
        numeric.to_decimal().ok_or_else(|| {
            DecodeError::from("it has more than the 28 digits that a `Decimal` can hold")
        })
    }
}

/// Decimal digits in groups of four, without zeros at either end.
struct Digits {
    mantissa: u128,
    count: u16,
    /// The power of 10,000 that the first group counts.
    weight: i16,
}

impl Digits {
    fn of(mantissa: u128, scale: u32) -> Self {
        // The point stands between two groups; 96 bits leave room for this.
        let mut mantissa = mantissa * 10_u128.pow((4 - scale % 4) % 4);
        if mantissa == 0 {
            return Self {
                mantissa,
                count: 0,
                weight: 0,
            };
        }
        let mut last_weight = -small(scale.div_ceil(4)).cast_signed();
        while mantissa.is_multiple_of(GROUP) {
            (mantissa, last_weight) = (mantissa / GROUP, last_weight + 1);
        }
        let count = small(mantissa.ilog10() / 4 + 1);
        let weight = last_weight + count.cast_signed() - 1;
        Self {
            mantissa,
            count,
            weight,
        }
    }

    /// The groups, the most significant first.
    fn groups(&self) -> impl Iterator<Item = u16> {
        let power = |place| GROUP.pow(u32::from(place));
        let group = move |place| self.mantissa / power(place) % GROUP;
        (0..self.count)
            .rev()
            .map(move |place| u16::try_from(group(place)).expect("it is a rest"))
    }
}

fn small(number: u32) -> u16 {
    u16::try_from(number).expect("a Decimal has 28 digits after the point and 9 groups at most")
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
            return Err(DecodeError::from(
                "it is NaN or infinite, which a `Decimal` cannot be",
            ));
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
        while mantissa.is_multiple_of(10) && (scale > shown || mantissa > MANTISSA_MAX) && scale > 0
        {
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
    mantissa
        .checked_mul(10)
        .filter(|product| *product <= MANTISSA_MAX)
}

fn malformed() -> DecodeError {
    DecodeError::from("its bytes are no `numeric`")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words in which Postgres is sent the number.
    fn words(text: &str) -> Vec<u16> {
        let mut out = BytesMut::new();
        assert!(text.parse::<Decimal>().unwrap().encode(&mut out).unwrap());
        let (words, _) = out.as_chunks::<2>();
        words.iter().map(|word| u16::from_be_bytes(*word)).collect()
    }

    #[test]
    fn numbers_are_written_in_groups_of_four() {
        assert_eq!(words("0.00"), [0, 0, 0, 2]);
        assert_eq!(words("12345.678"), [3, 1, 0, 3, 1, 2345, 6780]);
        assert_eq!(words("-10000"), [1, 1, NEGATIVE, 0, 1]);
        assert_eq!(words("0.0001"), [1, (-1_i16).cast_unsigned(), 0, 4, 1]);
        assert_eq!(words("0.00001"), [1, (-2_i16).cast_unsigned(), 0, 5, 1000]);
    }

    #[test]
    fn a_number_is_read_as_it_was_written() {
        for text in [
            "0",
            "-0.5",
            "1.10",
            "19.99",
            "100000000",
            "0.0000000000000000000000000001",
            "79228162514264337593543950335",
            "-7.9228162514264337593543950335",
        ] {
            let number: Decimal = text.parse().unwrap();
            let mut out = BytesMut::new();
            number.encode(&mut out).unwrap();
            let read = <Decimal as ColumnType>::decode(&Type::NUMERIC, Some(&out)).unwrap();
            assert_eq!(read.to_string(), text);
        }
    }
}
