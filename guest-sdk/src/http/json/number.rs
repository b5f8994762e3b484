//! Numbers in JSON that no Rust number holds: `serde_json` makes the nearest
//! float of them and says nothing, and whoever writes it back has changed it.

/// A number that is stored as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InexactNumber<'a> {
    /// Its digits; of very many, the first.
    pub(crate) text: &'a str,
    /// Where it begins.
    pub(crate) offset: usize,
}

/// What a message tells of a number of a million digits.
const TOLD_BYTES_MAX: usize = 40;

/// The first number of a JSON text that is neither an `i64`, a `u64` nor what
/// an `f64` is printed as. Of a text that is no JSON it may be anything.
pub(crate) fn inexact_number(json: &[u8]) -> Option<InexactNumber<'_>> {
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => at += string_length(&json[at..]),
            b'-' | b'0'..=b'9' => {
                let token = number(&json[at..]);
                if !is_exact(token) {
                    return Some(InexactNumber {
                        text: told(token),
                        offset: at,
                    });
                }
                at += token.len();
            }
            _ => at += 1,
        }
    }
    None
}

/// How long a string is, with both quotes.
pub(super) fn string_length(json: &[u8]) -> usize {
    let mut at = 1;
    loop {
        match json.get(at) {
            None => return json.len(),
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

fn number(json: &[u8]) -> &[u8] {
    let belongs = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let end = json.iter().position(|byte| !belongs(byte));
    &json[..end.unwrap_or(json.len())]
}

fn told(token: &[u8]) -> &str {
    let told = &token[..token.len().min(TOLD_BYTES_MAX)];
    std::str::from_utf8(told).expect("digits, signs and points are ASCII")
}

fn is_exact(token: &[u8]) -> bool {
    // Postgres prints its own numbers so, and few have more digits.
    let Some(decimal) = Decimal::parse(token) else {
        return is_integer(token);
    };
    decimal.is_short() || is_integer(token) || is_float(token, decimal)
}

/// Whether it is an integer of 64 bits, which is kept as that.
fn is_integer(token: &[u8]) -> bool {
    let text = std::str::from_utf8(token).unwrap_or_default();
    text.parse::<u64>().is_ok() || text.parse::<i64>().is_ok()
}

/// Whether a float is printed as this number. The float that is read may be one
/// of those beside it.
fn is_float(token: &[u8], decimal: Decimal) -> bool {
    let Ok(near) = serde_json::from_slice::<f64>(token) else {
        return false;
    };
    let bits = near.abs().to_bits();
    let near = bits.saturating_sub(FLOATS_BESIDE)..=bits.saturating_add(FLOATS_BESIDE);
    near.map(f64::from_bits).any(|float| {
        let printed = serde_json::to_vec(&float).ok();
        printed.and_then(|text| Decimal::parse(&text)) == Some(decimal)
    })
}

/// How far from the nearest float `serde_json` can be, which scales the digits
/// by powers of ten.
const FLOATS_BESIDE: u64 = 2;

/// A number without its sign, `significand` times ten to the power of
/// `exponent`, as short as it can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal {
    significand: u64,
    /// How many digits the significand has.
    digits: i64,
    exponent: i64,
}

/// No float needs more digits to be told from others.
const FLOAT_DIGITS_MAX: i64 = 17;
/// Any number of as few digits is the shortest that its float is printed as…
const SHORT_DIGITS_MAX: i64 = 15;
/// … between these powers of ten, where floats have all their bits.
const SHORT_EXPONENTS: std::ops::Range<i64> = -300..300;

impl Decimal {
    const ZERO: Self = Self {
        significand: 0,
        digits: 0,
        exponent: 0,
    };

    /// `None` of more digits than a float is printed with.
    fn parse(token: &[u8]) -> Option<Self> {
        let is_exponent = |byte: &u8| matches!(byte, b'e' | b'E');
        let end = token.iter().position(is_exponent).unwrap_or(token.len());
        let mut found = Self::ZERO;
        let (mut zeros, mut behind_point, mut is_fraction) = (0, 0, false);
        for byte in &token[..end] {
            match byte {
                b'.' => is_fraction = true,
                b'0'..=b'9' => {
                    behind_point += i64::from(is_fraction);
                    if *byte == b'0' {
                        zeros += i64::from(found.digits > 0);
                        continue;
                    }
                    found.digits += zeros + 1;
                    if found.digits > FLOAT_DIGITS_MAX {
                        return None;
                    }
                    for _ in 0..=zeros {
                        found.significand *= 10;
                    }
                    found.significand += u64::from(byte - b'0');
                    zeros = 0;
                }
                _ => {}
            }
        }
        if found.digits == 0 {
            return Some(Self::ZERO);
        }
        let exponent = exponent(token.get(end + 1..).unwrap_or_default());
        found.exponent = exponent.saturating_add(zeros - behind_point);
        Some(found)
    }

    fn is_short(self) -> bool {
        let magnitude = self.exponent.saturating_add(self.digits);
        self.digits <= SHORT_DIGITS_MAX && SHORT_EXPONENTS.contains(&magnitude)
    }
}

/// The number behind `e`, 0 of none; one beyond all floats stays beyond them.
fn exponent(text: &[u8]) -> i64 {
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let size = digits.iter().fold(0_i64, |size, digit| {
        let digit = i64::from(digit.wrapping_sub(b'0'));
        size.saturating_mul(10).saturating_add(digit)
    });
    if is_negative { -size } else { size }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn refused(json: &str) -> Option<&str> {
        inexact_number(json.as_bytes()).map(|number| number.text)
    }

    const EXACT: &[&str] = &[
        "0",
        "-0",
        "0.0",
        "-0.00e7",
        "0e99999999999999999999",
        "1",
        "1.10",
        "1e23",
        "100000000000000000000000",
        "123456789012345000000000000",
        "0.1",
        "0.30000000000000004",
        "18446744073709551615",
        "9223372036854775808",
        "-9223372036854775808",
        "9007199254740991",
        "9007199254740993",
        "1234567890123456789",
        "18014398509481984.0",
        "5e-324",
        "2.2250738585072014e-308",
        "2.225073858507201e-308",
        "1.7976931348623157e308",
        "17976931348623157e292",
        "1e308",
        "1e-300",
        "00000000000000000000000.5",
        "0.10000000000000000000000000",
    ];

    const INEXACT: &[&str] = &[
        "12345678901234567890123",
        "0.12345678901234567890",
        "18446744073709551616",
        "-9223372036854775809",
        "9007199254740993.0",
        "9007199254740993e0",
        "1152921504606846976.0",
        "0.1000000000000000055511151231257827021181583404541015625",
        "1e400",
        "-1e309",
        "1e-400",
        "1e-99999999999999999999",
        "3e-324",
        "4.9e-324",
        "1.79769313486231571e308",
        "1.00000000000000001",
        "100000000000000000000001",
    ];

    #[test]
    fn a_number_is_exact_if_a_rust_number_is_printed_so() {
        for text in EXACT {
            assert_eq!(refused(text), None, "{text}");
            assert_eq!(refused(&format!("[{{\"a\": {text}}}]")), None, "{text}");
        }
        for text in INEXACT {
            assert_eq!(refused(text), Some(&text[..text.len().min(40)]));
            let inside = format!("[1, {{\"a\" :\n{text}}}, 2]");
            assert_eq!(refused(&inside), Some(&text[..text.len().min(40)]));
        }
    }

    #[test]
    fn digits_in_strings_and_keys_are_no_numbers() {
        for json in [
            r#""12345678901234567890123""#,
            r#"{"12345678901234567890123": "\"12345678901234567890123"}"#,
            r#"["\\", "1e400\\\"1e400", ""]"#,
            r#""open 12345678901234567890123"#,
            r#""open \"#,
        ] {
            assert_eq!(refused(json), None, "{json}");
        }
        let behind = r#"{"1e400": "1e401\\", "b": [true, 1e402]}"#;
        let found = inexact_number(behind.as_bytes()).expect("there is one");
        assert_eq!((found.text, found.offset), ("1e402", 33));
    }

    /// Whatever float is written is read again, and whatever integer.
    #[test]
    fn what_rust_writes_is_exact() {
        let mut state = 1_u64;
        for _ in 0..20_000 {
            // https://en.wikipedia.org/wiki/Xorshift
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let float = f64::from_bits(state);
            for value in [
                Value::from(float),
                Value::from(state),
                Value::from(state.cast_signed()),
            ] {
                let text = value.to_string();
                assert_eq!(refused(&text), None, "{text}");
            }
            if float.is_finite() {
                let longer = format!("{float:.17e}").replace('e', "1e");
                assert!(refused(&longer).is_some(), "{longer}");
            }
        }
    }
}
