//! The SQL of a statement with its parameters in their places, for reading.

/// The SQL with each `$1`, `$2`, … replaced, except in strings, names and
/// comments.
pub(super) fn inline(sql: &str, literals: &[String]) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while !rest.is_empty() {
        let length = token(rest);
        let (token, behind) = rest.split_at(length);
        text.push_str(literal_of(token, literals).unwrap_or(token));
        rest = behind;
    }
    text
}

/// The literal of a token that is a parameter.
fn literal_of<'a>(token: &str, literals: &'a [String]) -> Option<&'a str> {
    let number: usize = token.strip_prefix('$')?.parse().ok()?;
    literals.get(number.checked_sub(1)?).map(String::as_str)
}

/// How long the first token is, in bytes; never 0, and always the end of a
/// character.
pub(super) fn token(sql: &str) -> usize {
    let bytes = sql.as_bytes();
    match bytes {
        [b'\'', ..] => quoted(bytes, 0, b'\'', false),
        [b'e' | b'E', b'\'', ..] => quoted(bytes, 1, b'\'', true),
        [b'"', ..] => quoted(bytes, 0, b'"', false),
        [b'-', b'-', ..] => sql.find('\n').unwrap_or(sql.len()),
        [b'/', b'*', ..] => comment(bytes),
        [b'$', b'0'..=b'9', ..] => 1 + length_of(&bytes[1..], u8::is_ascii_digit),
        [b'$', ..] => dollar_quoted(sql).unwrap_or(1),
        [first, ..] if is_word(first) => length_of(bytes, is_word_or_dollar),
        _ => 1,
    }
}

/// Bytes above 127 are letters to Postgres, whatever the character.
fn is_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii()
}

fn is_word_or_dollar(byte: &u8) -> bool {
    is_word(byte) || *byte == b'$'
}

fn length_of(bytes: &[u8], belongs: fn(&u8) -> bool) -> usize {
    let end = bytes.iter().position(|byte| !belongs(byte));
    end.unwrap_or(bytes.len())
}

/// A doubled quote is two strings, one behind the other, which comes to the
/// same.
fn quoted(bytes: &[u8], start: usize, quote: u8, has_escapes: bool) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if has_escapes => at += 2,
            // Behind an escape string, a quote doubled goes on with escapes.
            byte if *byte == quote && has_escapes && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Comments are nested.
fn comment(bytes: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

/// `$$…$$` or `$tag$…$tag$`.
fn dollar_quoted(sql: &str) -> Option<usize> {
    let tag = 1 + length_of(&sql.as_bytes()[1..], is_word);
    let delimiter = sql.get(..=tag).filter(|tag| tag.ends_with('$'))?;
    let inside = &sql[delimiter.len()..];
    let end = inside.find(delimiter);
    Some(end.map_or(sql.len(), |end| end + 2 * delimiter.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inlined(sql: &str) -> String {
        inline(sql, &["ONE".to_owned(), "TWO".to_owned()])
    }

    #[test]
    fn parameters_are_replaced() {
        assert_eq!(inlined("$1"), "ONE");
        assert_eq!(inlined("a=$1 AND b<$2*($1)"), "a=ONE AND b<TWO*(ONE)");
        assert_eq!(inlined("$2::text[]"), "TWO::text[]");
        assert_eq!(inlined("-$1"), "-ONE");
        assert_eq!(inlined("é $1 🦀$2"), "é ONE 🦀$2");
    }

    #[test]
    fn what_is_no_parameter_stays() {
        for sql in [
            "",
            "$",
            "$0",
            "$3",
            "$12",
            "$99999999999999999999999",
            "'$1'",
            "'it''s $1'",
            "''' $1'",
            "E'it\\'s $1'",
            "e'\\\\\\' $1'",
            "E'a''\\' $1'",
            "'open $1",
            "E'open \\",
            "\"a $1\"\"$2\"",
            "\"open $1",
            "a$1",
            "_$1",
            "é$1",
            "-- $1",
            "/* $1 /* $2 */ $1 */",
            "/* open $1",
            "/*",
            "/*/ $1",
            "$$ $1 $$",
            "$tag$ $1 $$ $2 $tag$",
            "$tag$ $1 $other$",
            "$é$ $1 $é$",
        ] {
            assert_eq!(inlined(sql), sql);
        }
    }

    #[test]
    fn what_stands_behind_is_replaced_again() {
        assert_eq!(inlined("'\\' $1 '"), "'\\' ONE '");
        assert_eq!(inlined("note'x' $1"), "note'x' ONE");
        assert_eq!(inlined("-- $1\n$2"), "-- $1\nTWO");
        assert_eq!(inlined("/*/**/*/$1"), "/*/**/*/ONE");
        assert_eq!(inlined("$t$ $1 $t$$2"), "$t$ $1 $t$TWO");
        assert_eq!(inlined("E'\\''||$1||E'$2'"), "E'\\''||ONE||E'$2'");
        assert_eq!(inlined("\"a\"$1"), "\"a\"ONE");
    }
}
