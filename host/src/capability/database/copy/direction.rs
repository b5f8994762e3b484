//! Between whom a COPY copies, told from its text.
//!
//! Housekeeping, as the [verb](super::super::verb) is: files and programs of
//! the server are refused by the privileges of the plugin's role.

/// Which way rows go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capability::database) enum Direction {
    /// `FROM STDIN`
    In,
    /// `TO STDOUT`
    Out,
}

impl Direction {
    /// The direction of one COPY statement; `None` where the text is another
    /// statement, or copies from or to something else.
    pub(super) fn of(sql: &str) -> Option<Self> {
        let mut tokens = Tokens { rest: sql };
        if !tokens.next()?.is("COPY") {
            return None;
        }
        let mut depth = 0;
        while let Some(token) = tokens.next() {
            match token {
                Token::Sign('(') => depth += 1,
                Token::Sign(')') => depth -= 1,
                _ if depth != 0 => {}
                _ if token.is("FROM") => return tokens.next()?.is("STDIN").then_some(Self::In),
                _ if token.is("TO") => return tokens.next()?.is("STDOUT").then_some(Self::Out),
                _ => {}
            }
        }
        None
    }
}

#[derive(Clone, Copy)]
enum Token<'a> {
    /// A word without quotes.
    Word(&'a str),
    /// A string, or a name between quotes.
    Quoted,
    Sign(char),
}

impl Token<'_> {
    fn is(self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// The tokens of an SQL text, without its comments.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.rest = super::super::verb::skip_comments(self.rest);
        let first = self.rest.chars().next()?;
        Some(match first {
            '\'' => self.quoted(0, '\'', false),
            '"' => self.quoted(0, '"', false),
            'e' | 'E' if self.rest[1..].starts_with('\'') => self.quoted(1, '\'', true),
            '$' => self.dollar(),
            _ if is_word(first) => {
                let end = self.rest.find(|c| !is_word(c) && c != '$');
                Token::Word(self.take(end.unwrap_or(self.rest.len())))
            }
            sign => {
                self.take(sign.len_utf8());
                Token::Sign(sign)
            }
        })
    }
}

impl<'a> Tokens<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// A doubled quote is two strings, one behind the other, which comes to the
    /// same.
    fn quoted(&mut self, start: usize, quote: char, has_escapes: bool) -> Token<'a> {
        let mut is_escaped = false;
        let end = self.rest[start + 1..].find(|c| {
            let is_end = c == quote && !is_escaped;
            is_escaped = has_escapes && c == '\\' && !is_escaped;
            is_end
        });
        self.take(end.map_or(self.rest.len(), |end| start + 1 + end + quote.len_utf8()));
        Token::Quoted
    }

    /// `$$…$$` and `$tag$…$tag$`.
    fn dollar(&mut self) -> Token<'a> {
        let tag = self.rest[1..].find(|c| !is_word(c));
        let Some(tag) = tag.filter(|end| self.rest[1 + end..].starts_with('$')) else {
            self.take(1);
            return Token::Sign('$');
        };
        let delimiter = self.take(tag + 2);
        let end = self.rest.find(delimiter);
        self.take(end.map_or(self.rest.len(), |end| end + delimiter.len()));
        Token::Quoted
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_at_one_end() {
        for sql in [
            "COPY books FROM STDIN",
            "copy\n\"to\".\"from\" (\"a)\"\"\", b) from /* x */ stdin WITH (FORMAT binary)",
            "COPY béfrom$é FROM STDIN",
            "/* a */ COPY books(title)FROM STDIN (FORMAT csv, HEADER) WHERE title <> 'TO'",
        ] {
            assert_eq!(Direction::of(sql), Some(Direction::In), "{sql}");
        }
        for sql in [
            "COPY books TO STDOUT",
            "COPY (SELECT a FROM b WHERE c = ') FROM STDIN') TO STDOUT (FORMAT binary)",
            "COPY (SELECT E'\\') FROM STDIN', $x$) FROM STDIN$x$, \")\") TO STDOUT",
            "COPY (SELECT (1), '' -- ) FROM STDIN\n) TO STDOUT",
        ] {
            assert_eq!(Direction::of(sql), Some(Direction::Out), "{sql}");
        }
    }

    #[test]
    fn files_programs_and_other_statements_are_neither() {
        for sql in [
            "",
            "COPY",
            "COPY books",
            "COPY books FROM",
            "COPY books FROM '/etc/passwd'",
            "COPY books FROM 'STDIN'",
            "COPY books FROM PROGRAM 'id'",
            "COPY books TO PROGRAM 'cat'",
            "COPY books TO \"stdout\"",
            "COPY (SELECT 1 FROM STDIN) TO '/tmp/x'",
            "COPY books FROM -- STDIN\nPROGRAM 'id'",
            "COPY books FROM/*STDIN*/$$STDIN$$",
            "COPY 'open FROM STDIN",
            "COPY (SELECT 1 FROM STDIN",
            "SELECT 1; COPY books FROM STDIN",
            "\"COPY\" books FROM STDIN",
            "COPYING books FROM STDIN",
        ] {
            assert_eq!(Direction::of(sql), None, "{sql}");
        }
    }
}
