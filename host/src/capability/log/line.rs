//! Texts of others as one line.

use std::borrow::Cow;

/// A longer line is cut: a plugin must not fill the disk with one call.
pub(super) const LINE_BYTES_MAX: usize = 16 << 10;

/// Stands behind a text that was cut.
const CUT: &str = "…";

/// A text as one line of bounded length: a plugin, or what it logs of a client,
/// must not write lines that look like the host's own.
///
/// What ends a line, or changes how the rest of it is shown, is escaped: the
/// categories Cc, Cf, Zl and Zp of Unicode. The length is that of what is
/// written.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    one_line_of(text, LINE_BYTES_MAX)
}

/// The same, of a length.
pub(crate) fn one_line_of(text: &str, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max && !text.contains(is_special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    for character in text.chars() {
        let before = out.len();
        if is_special(character) || character == '\\' {
            out.extend(character.escape_debug());
        } else {
            out.push(character);
        }
        if out.len() > bytes_max {
            out.truncate(before);
            out.push_str(CUT);
            break;
        }
    }
    Cow::Owned(out)
}

/// Whether a text may stand as it is where others are read.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.contains(is_special)
}

/// A text of several lines, each as [`one_line`] has it.
pub(crate) fn lines(text: &str) -> String {
    text.split('\n')
        .map(one_line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether it ends a line, moves the cursor, or changes the direction of text.
/// Cf as of Unicode 16: <https://www.unicode.org/Public/16.0.0/ucd/extracted/DerivedGeneralCategory.txt>.
fn is_special(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                // Zl and Zp are the first two.
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2064}'
                | '\u{2066}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0001}'
                | '\u{e0020}'..='\u{e007f}'
        )
}

/// Reads any bytes: see [`crate::parsers`].
pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let line = one_line_of(&text, 100);
    assert!(!line.contains(is_special), "{line:?}");
    assert!(line.len() <= 100 + CUT.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let long = "é".repeat(LINE_BYTES_MAX);
        assert_eq!(one_line(&long).len(), LINE_BYTES_MAX + CUT.len());
        let odd = format!("a{long}");
        assert_eq!(one_line(&odd).len(), LINE_BYTES_MAX - 1 + CUT.len());
        assert_eq!(one_line("short"), "short");
    }

    #[test]
    fn the_length_is_that_of_what_is_written() {
        let controls = "\u{1}".repeat(LINE_BYTES_MAX);
        assert!(one_line(&controls).len() <= LINE_BYTES_MAX + CUT.len());
    }

    #[test]
    fn a_line_stays_one_line_and_shows_what_it_says() {
        for (text, line) in [
            ("a\nINFO plinth::access: b", "a\\nINFO plinth::access: b"),
            ("\x1b[2J", "\\u{1b}[2J"),
            ("a\u{2028}b\u{2029}c", "a\\u{2028}b\\u{2029}c"),
            ("\u{202e}txet", "\\u{202e}txet"),
            ("\u{85}\u{9b}31m", "\\u{85}\\u{9b}31m"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            // No text looks like an escaped one that it is not.
            ("\\n\n", "\\\\n\\n"),
            ("\"quoted\" é 日本", "\"quoted\" é 日本"),
        ] {
            assert_eq!(one_line(text), line);
        }
    }
}
