//! Texts as JSON strings.

use super::{Malformed, Out, Written};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Writes a text with its quotes, escaped as `serde_json` does: what must be,
/// and no more.
pub(super) fn string(text: &[u8], out: &mut Out<'_>) -> Written {
    if std::str::from_utf8(text).is_err() {
        return Err(Malformed.into());
    }
    out.reserve(text.len() + 2)?;
    out.push(b'"')?;
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(plain_bytes(rest));
        out.put(plain)?;
        let Some((&byte, after)) = special.split_first() else {
            break;
        };
        escape(byte, out)?;
        rest = after;
    }
    out.push(b'"')
}

fn escape(byte: u8, out: &mut Out<'_>) -> Written {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\x08' => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        b'\x0c' => b'f',
        b'\r' => b'r',
        _ => {
            let [high, low] = [byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]);
            return out.put(&[b'\\', b'u', b'0', b'0', high, low]);
        }
    };
    out.put(&[b'\\', short])
}

/// How many bytes stand before the first that must be escaped.
fn plain_bytes(text: &[u8]) -> usize {
    let (words, tail) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = specials(u64::from_le_bytes(*word));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let in_tail = tail.iter().position(|byte| is_special(*byte));
    words.len() * 8 + in_tail.unwrap_or(tail.len())
}

fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Eight bytes at a time: the high bit of each that must be escaped, and
/// perhaps of others behind the first of them, for a subtraction borrows.
fn specials(word: u64) -> u64 {
    let less_than = |word: u64, byte: u8| word.wrapping_sub(ONES * u64::from(byte)) & !word;
    let equal = |byte: u8| less_than(word ^ (ONES * u64::from(byte)), 1);
    (less_than(word, b' ') | equal(b'"') | equal(b'\\')) & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_escaped_as_serde_does_wherever_it_stands() {
        let specials = (0..=0x7f_u8).map(char::from).chain("é€😀\u{2028}".chars());
        for special in specials {
            for before in 0..9 {
                let text = format!("{}{special}{special}x", "a".repeat(before));
                let mut out = Vec::new();
                string(text.as_bytes(), &mut Out::new(&mut out, 100)).expect("UTF-8");
                let expected = serde_json::to_vec(&text).expect("JSON");
                assert_eq!(out, expected, "{text:?}");
            }
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let mut out = Vec::new();
        let written = string(b"\xff", &mut Out::new(&mut out, 100));
        assert_eq!(written, Err(Malformed.into()));
    }
}
