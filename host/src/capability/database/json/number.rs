//! `numeric`, exactly.

use super::{Malformed, Short, take};

const NEGATIVE: u16 = 0x4000;
/// Postgres keeps decimal digits in groups of four.
const GROUP_MAX: u16 = 9_999;
const GROUP_DIGITS: usize = 4;

/// Writes a `numeric` as a text, since a number in JSON is read as a float.
pub(super) fn numeric(mut raw: &[u8], out: &mut Vec<u8>) -> Short {
    let mut word = || take(&mut raw).map(u16::from_be_bytes);
    let (count, weight, sign, scale) = (word()?, word()?.cast_signed(), word()?, word()?);
    let (groups, rest) = raw.as_chunks::<2>();
    if groups.len() != usize::from(count) || !rest.is_empty() {
        return Err(Malformed);
    }
    out.push(b'"');
    match sign {
        0 | NEGATIVE => {
            if sign == NEGATIVE {
                out.push(b'-');
            }
            let digits = Digits { groups, weight };
            digits.write(usize::from(scale), out)?;
        }
        0xC000 => out.extend_from_slice(b"NaN"),
        0xD000 => out.extend_from_slice(b"Infinity"),
        0xF000 => out.extend_from_slice(b"-Infinity"),
        _ => return Err(Malformed),
    }
    out.push(b'"');
    Ok(())
}

/// Groups of digits, without zeros at either end.
struct Digits<'a> {
    groups: &'a [[u8; 2]],
    /// The power of 10,000 that the first group counts.
    weight: i16,
}

impl Digits<'_> {
    fn write(&self, scale: usize, out: &mut Vec<u8>) -> Short {
        let start = out.len();
        for power in (0..=self.weight).rev() {
            out.extend_from_slice(&self.group(power)?);
        }
        let zeros = out[start..]
            .iter()
            .take_while(|digit| **digit == b'0')
            .count();
        out.drain(start..start + zeros);
        if out.len() == start {
            out.push(b'0');
        }
        if scale == 0 {
            return Ok(());
        }
        out.push(b'.');
        let end = out.len() + scale;
        for power in 1..=scale.div_ceil(GROUP_DIGITS) {
            let power = i16::try_from(power).map_err(|_| Malformed)?;
            out.extend_from_slice(&self.group(-power)?);
        }
        out.truncate(end);
        Ok(())
    }

    /// The digits that count a power of 10,000.
    fn group(&self, power: i16) -> Result<[u8; GROUP_DIGITS], Malformed> {
        let index = i32::from(self.weight) - i32::from(power);
        let index = usize::try_from(index).ok();
        let group = index.and_then(|index| self.groups.get(index));
        let group = group.map_or(0, |group| u16::from_be_bytes(*group));
        if group > GROUP_MAX {
            return Err(Malformed);
        }
        let digit = |unit: u16| b'0' + u8::try_from(group / unit % 10).unwrap_or_default();
        Ok([digit(1000), digit(100), digit(10), digit(1)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(words: &[u16]) -> Result<String, Malformed> {
        let raw: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let mut out = Vec::new();
        numeric(&raw, &mut out)?;
        Ok(String::from_utf8(out).expect("ASCII"))
    }

    #[test]
    fn digits_stand_where_they_count() {
        let minus_one = (-1_i16).cast_unsigned();
        for (words, text) in [
            (&[0, 0, 0, 0][..], "0"),
            (&[0, 0, 0, 2], "0.00"),
            (&[1, 0, 0, 0, 7], "7"),
            (&[1, 1, 0, 0, 1], "10000"),
            (&[2, 0, 0, 2, 19, 9900], "19.99"),
            (&[1, minus_one, NEGATIVE, 4, 1], "-0.0001"),
            (&[3, 1, 0, 5, 12, 34, 5000], "120034.50000"),
            (&[0, 0, 0xC000, 0], "NaN"),
            (&[0, 0, 0xF000, 0], "-Infinity"),
        ] {
            assert_eq!(written(words).as_deref(), Ok(&*format!("\"{text}\"")));
        }
    }

    #[test]
    fn malformed_numbers_are_refused() {
        for words in [
            &[0, 0, 0][..],
            &[1, 0, 0, 0],
            &[1, 0, 0, 0, 10_000],
            &[0, 0, 7, 0],
        ] {
            assert_eq!(written(words), Err(Malformed), "{words:?}");
        }
    }
}
