//! A line `\.` in data to load, at which Postgres ends the load and says
//! nothing of the rows behind it: in CSV before version 18, and in the text
//! format in all.

use super::super::inline::token;

/// The first version for which the line is data in CSV.
const CSV_DATA_SINCE: u32 = 18_00_00;

/// Looks for the line in data that comes in parts.
pub(super) enum EndMarker {
    /// It means nothing, as in the binary format.
    None,
    Text(Text),
    Csv(Csv),
}

impl EndMarker {
    /// That of a statement; `version` asks for the server's, as
    /// `server_version_num`.
    ///
    /// # Errors
    ///
    /// Those of `version`.
    pub(super) fn of<E>(sql: &str, version: impl FnOnce() -> Result<u32, E>) -> Result<Self, E> {
        let options = Options::of(sql);
        Ok(match options.format {
            Format::Binary => Self::None,
            Format::Text => Self::Text(Text::default()),
            Format::Csv if version()? >= CSV_DATA_SINCE => Self::None,
            Format::Csv => Self::Csv(Csv::new(options.quote, options.escape)),
        })
    }

    /// The line, counted from 1, on which the load would end before what was
    /// given to it.
    pub(super) fn find(&mut self, data: &[u8]) -> Option<u64> {
        match self {
            Self::None => None,
            Self::Text(text) => data.iter().find_map(|byte| text.step(*byte)),
            Self::Csv(csv) => data.iter().find_map(|byte| csv.step(*byte)),
        }
    }
}

/// Which line the data is on; one ends with `\n`, `\r` or both.
struct Lines {
    number: u64,
    is_behind_return: bool,
}

impl Lines {
    const FIRST: Self = Self {
        number: 1,
        is_behind_return: false,
    };

    fn step(&mut self, byte: u8) {
        let is_new = byte == b'\r' || (byte == b'\n' && !self.is_behind_return);
        self.number += u64::from(is_new);
        self.is_behind_return = byte == b'\r';
    }
}

/// CSV as Postgres takes it apart: every quote begins or ends a quoted field,
/// in which there is neither the end of a record nor the marker.
pub(super) struct Csv {
    quote: u8,
    /// What a quote may have before it to be a character; the quote itself needs
    /// no care.
    escape: Option<u8>,
    is_quoted: bool,
    is_escaped: bool,
    is_first: bool,
    /// How many characters of the marker were seen.
    seen: u8,
    lines: Lines,
}

impl Csv {
    fn new(quote: u8, escape: u8) -> Self {
        Self {
            quote,
            escape: Some(escape).filter(|escape| *escape != quote),
            is_quoted: false,
            is_escaped: false,
            is_first: true,
            seen: 0,
            lines: Lines::FIRST,
        }
    }

    fn step(&mut self, byte: u8) -> Option<u64> {
        self.seen = match (self.seen, byte) {
            (2, b'\r' | b'\n') => return Some(self.lines.number),
            (1, b'.') => 2,
            (_, b'\\') if self.is_first => 1,
            _ => 0,
        };
        let is_escape = Some(byte) == self.escape;
        if is_escape && self.is_quoted {
            self.is_escaped = !self.is_escaped;
        }
        if byte == self.quote && !self.is_escaped {
            self.is_quoted = !self.is_quoted;
        }
        self.is_escaped &= is_escape;
        self.lines.step(byte);
        self.is_first = !self.is_quoted && matches!(byte, b'\r' | b'\n');
        None
    }
}

/// The text format, where the marker ends the data and only more of it is
/// wrong.
pub(super) struct Text {
    at: At,
    /// The line of the marker that was seen.
    marker: u64,
    lines: Lines,
}

enum At {
    Data,
    Backslash,
    /// Behind `\.`, and behind that with `\r`.
    Marker,
    MarkerReturn,
    /// Behind the marker's line.
    End,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            at: At::Data,
            marker: 0,
            lines: Lines::FIRST,
        }
    }
}

impl Text {
    fn step(&mut self, byte: u8) -> Option<u64> {
        self.at = match (&self.at, byte) {
            (At::End, _) => return Some(self.marker),
            (At::MarkerReturn, b'\n') | (At::Marker, b'\n') => At::End,
            (At::MarkerReturn, _) => return Some(self.marker),
            (At::Marker, b'\r') => At::MarkerReturn,
            (At::Data, b'\\') => At::Backslash,
            (At::Backslash, b'.') => {
                self.marker = self.lines.number;
                At::Marker
            }
            // What stands behind another marker Postgres refuses itself.
            (At::Data | At::Backslash | At::Marker, _) => At::Data,
        };
        self.lines.step(byte);
        None
    }
}

/// What matters of the options of a COPY.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    format: Format,
    quote: u8,
    escape: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Csv,
    Binary,
}

impl Options {
    /// Those between `STDIN` and `WHERE`, in either way of saying them:
    /// `(FORMAT csv)` and `WITH CSV`.
    fn of(sql: &str) -> Self {
        let tokens = tokens(sql)
            .skip_while(|token| !token.eq_ignore_ascii_case("stdin"))
            .take_while(|token| !token.eq_ignore_ascii_case("where"));
        let mut found = Self {
            format: Format::Text,
            quote: b'"',
            escape: 0,
        };
        let mut before = "";
        for token in tokens {
            let is_value = token.starts_with(['\'', 'e', 'E', '$', '"']);
            let value = character(token).filter(|_| is_value);
            match (&*before.to_ascii_lowercase(), value) {
                ("quote", Some(value)) => found.quote = value,
                ("escape", Some(value)) => found.escape = value,
                _ => {}
            }
            match &*token.trim_matches(['\'', '"']).to_ascii_lowercase() {
                "csv" => found.format = Format::Csv,
                "binary" => found.format = Format::Binary,
                // `QUOTE AS ''''`
                "as" => continue,
                _ => {}
            }
            before = token;
        }
        if found.escape == 0 {
            found.escape = found.quote;
        }
        found
    }
}

/// The words and strings of a statement.
fn tokens(sql: &str) -> impl Iterator<Item = &str> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let mut length = token(rest);
            // A quote doubled is two strings, one behind the other.
            while rest[..length].ends_with('\'') && rest[length..].starts_with('\'') {
                length += token(&rest[length..]);
            }
            let (first, behind) = rest.split_at(length);
            rest = behind;
            let is_comment = first.starts_with("--") || first.starts_with("/*");
            if !is_comment
                && first.starts_with(|c: char| c.is_alphanumeric() || "'\"$_".contains(c))
            {
                return Some(first);
            }
        }
        None
    })
}

/// The only character of a string: `''''`, `E'\''`, `'"'`.
fn character(literal: &str) -> Option<u8> {
    let inside = literal.trim_start_matches(['e', 'E']);
    let inside = inside.strip_prefix('\'')?.strip_suffix('\'')?;
    match inside.as_bytes() {
        [one] => Some(*one),
        [b'\\', one] => Some(*one),
        [b'\'', b'\''] => Some(b'\''),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn marker(sql: &str, version: u32) -> EndMarker {
        let Ok(marker) = EndMarker::of(sql, || Ok::<_, Infallible>(version));
        marker
    }

    /// The line that is found, wherever the data is cut.
    fn found(options: &str, data: &str) -> Option<u64> {
        let sql = format!("COPY t FROM STDIN {options}");
        let whole = marker(&sql, 17_00_05).find(data.as_bytes());
        for cut in 0..=data.len() {
            let mut marker = marker(&sql, 17_00_05);
            let (first, second) = data.as_bytes().split_at(cut);
            let found = marker.find(first).or_else(|| marker.find(second));
            assert_eq!(found, whole, "{data:?} cut at {cut}");
        }
        assert_eq!(
            marker("COPY t FROM STDIN (FORMAT csv)", 18_00_00).find(data.as_bytes()),
            None
        );
        assert_eq!(
            marker("COPY t FROM STDIN (FORMAT binary)", 17_00_00).find(data.as_bytes()),
            None
        );
        whole
    }

    #[test]
    fn a_record_of_csv_that_begins_with_the_marker_alone_ends_the_load() {
        let csv = |data| found("(FORMAT csv)", data);
        for (data, line) in [
            ("\\.\nb\n", 1),
            ("a\n\\.\nb\n", 2),
            ("a\n\\.\n", 2),
            ("a\r\n\\.\r\nb\r\n", 2),
            ("a\r\\.\rb\r", 2),
            ("\"x\ny\"\n\\.\n", 3),
            ("\"x\"\"\ny\"\n\\.\n", 3),
            ("a\n\n\\.\n", 3),
        ] {
            assert_eq!(csv(data), Some(line), "{data:?}");
        }
    }

    #[test]
    fn other_lines_of_csv_do_not() {
        let csv = |data| found("(FORMAT csv)", data);
        for data in [
            "",
            "a\n\\.",
            "\\.",
            "a\n\\.x\nb\n",
            "a\n \\.\nb\n",
            "a\nx\\.\nb\n",
            "\"\\.\"\nb\n",
            "\"x\n\\.\ny\"\nb\n",
            "\"x\"\"\n\\.\ny\"\nb\n",
            "a\n\\\\.\n",
            "\\,.\n",
        ] {
            assert_eq!(csv(data), None, "{data:?}");
        }
    }

    #[test]
    fn quotes_and_escapes_are_those_of_the_statement() {
        let quoted = "'x\n\\.\ny'\n";
        for options in [
            "(FORMAT csv, QUOTE '''')",
            "(QUOTE E'\\'', FORMAT 'CSV')",
            "WITH CSV HEADER QUOTE AS ''''",
        ] {
            assert_eq!(found(options, quoted), None, "{options}");
        }
        assert_eq!(found("csv", quoted), Some(2));
        let escaped = "\"x\\\"\n\\.\ny\"\n";
        assert_eq!(found("(FORMAT csv, ESCAPE '\\')", escaped), None);
        assert_eq!(found("(FORMAT csv, ESCAPE E'\\\\')", escaped), None);
        assert_eq!(found("(FORMAT csv)", escaped), Some(2));
        assert_eq!(
            found("(FORMAT csv, ESCAPE '\\')", "\"x\\\\\"\n\\.\n"),
            Some(2)
        );
    }

    #[test]
    fn a_table_and_a_comment_are_no_options() {
        let text = "a\n\\.\n";
        for sql in [
            "COPY csv (csv) FROM STDIN",
            "COPY t FROM STDIN -- csv",
            "COPY t FROM STDIN /* csv */",
            "COPY t FROM STDIN WITH DELIMITER 'x'",
            "COPY t FROM STDIN WHERE kind = 'csv'",
        ] {
            assert_eq!(marker(sql, 17_00_00).find(text.as_bytes()), None, "{sql}");
        }
        let csv = "COPY binary FROM stdin /* binary */ (DELIMITER ';', FORMAT CSV)";
        assert_eq!(marker(csv, 17_00_00).find(text.as_bytes()), Some(2));
    }

    #[test]
    fn text_ends_with_the_marker_and_nothing_stands_behind_it() {
        for (data, line) in [
            ("a\n\\.\nb\n", Some(2)),
            ("\\.\n\n", Some(1)),
            ("a\r\n\\.\r\nb\r\n", Some(2)),
            ("a\r\\.\rb\r", Some(2)),
            ("a\nx\\.\nb\n", Some(2)),
            ("a\\\n\\.\nb\n", Some(2)),
            ("a\n\\.\n", None),
            ("a\r\n\\.\r\n", None),
            ("a\n\\\\.\nb\n", None),
            ("a\n\\.x\nb\n", None),
            ("a\n\\.", None),
        ] {
            assert_eq!(found("(FORMAT text)", data), line, "{data:?}");
        }
    }
}
