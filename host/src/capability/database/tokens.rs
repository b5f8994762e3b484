//! The words of an SQL text, as far as the host must read one.
//!
//! It is read in one pass, whatever a plugin has written: each byte is looked at
//! a few times at most.

/// A piece of an SQL text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A word without quotes.
    Word(&'a str),
    /// A string, or a name between quotes.
    Quoted,
    /// A string or a name between quotes whose letters may be written as numbers.
    Escaped,
    Sign(char),
    /// A comment without an end, and all that would be behind it.
    Unclosed,
}

impl Token<'_> {
    pub(super) fn is(self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    pub(super) fn is_any(self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(keyword))
    }
}

/// The tokens of an SQL text, without its comments.
#[derive(Clone)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(sql: &'a str) -> Self {
        Self { rest: sql }
    }

    /// The first token that is neither white space, a parenthesis nor the end of
    /// a statement that is empty.
    pub(super) fn first(&mut self) -> Option<Token<'a>> {
        self.find(|token| !matches!(token, Token::Sign('(' | ';')))
    }

    /// Skips what an open parenthesis has before it is closed.
    pub(super) fn skip_parenthesized(&mut self) {
        let mut depth = 1;
        while depth > 0 {
            match self.next() {
                Some(Token::Sign('(')) => depth += 1,
                Some(Token::Sign(')')) => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let Some(rest) = skip_comments(self.rest) else {
            self.rest = "";
            return Some(Token::Unclosed);
        };
        self.rest = rest;
        let first = self.rest.chars().next()?;
        let behind = &self.rest[first.len_utf8()..];
        Some(match first {
            '\'' | '"' => self.quoted(0, first, false),
            'e' | 'E' if behind.starts_with('\'') => self.quoted(1, '\'', true),
            'u' | 'U' if behind.starts_with("&'") || behind.starts_with("&\"") => {
                let quote = if behind.starts_with("&'") { '\'' } else { '"' };
                self.quoted(2, quote, false);
                Token::Escaped
            }
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

/// What stands behind white space and comments; `None` where one has no end.
fn skip_comments(mut sql: &str) -> Option<&str> {
    loop {
        sql = sql.trim_start();
        if let Some(rest) = sql.strip_prefix("--") {
            sql = rest.split_once(['\n', '\r']).map_or("", |(_, rest)| rest);
        } else if sql.starts_with("/*") {
            sql = &sql[comment_length(sql.as_bytes())?..];
        } else {
            return Some(sql);
        }
    }
}

/// The bytes of the comment that a text begins with; Postgres nests them.
fn comment_length(sql: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match sql.get(at..at + 2)? {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(sql: &str) -> Vec<Token<'_>> {
        Tokens::of(sql).collect()
    }

    #[test]
    fn comments_are_skipped_and_nested() {
        for sql in [
            "a b",
            "a/* x */b",
            "a/**/b",
            "a/*/**/*/b",
            "/* /* */ */a--x\nb",
            "a /*//**/*/ b --",
        ] {
            assert_eq!(tokens(sql), [Token::Word("a"), Token::Word("b")], "{sql}");
        }
        for sql in ["a/*", "a/* b", "a/* /* */ b", "a/*/ b"] {
            assert_eq!(tokens(sql), [Token::Word("a"), Token::Unclosed], "{sql}");
        }
    }

    #[test]
    fn quotes_hide_what_is_between_them() {
        for sql in [
            "'a -- b'",
            "\"a /* b\"",
            "E'a\\' b'",
            "$$a ' b$$",
            "$x$a $$ b$x$",
        ] {
            assert_eq!(tokens(sql), [Token::Quoted], "{sql}");
        }
        for sql in ["U&'\\0061'", "u&\"a\"", "U&'a b'"] {
            assert_eq!(tokens(sql), [Token::Escaped], "{sql}");
        }
        let sum = [Token::Word("u"), Token::Sign('&'), Token::Quoted];
        assert_eq!(tokens("u & 'a'"), sum);
    }

    /// Every part a text can be made of, as often as two mebibytes hold it.
    #[test]
    fn no_text_takes_more_than_its_length() {
        const BYTES: usize = 2 << 20;
        let begun = std::time::Instant::now();
        for part in [
            "/* ", "/*", "*/", "/**/", "--", "'", "$", "$a", "$$", "$a$", "E'\\", "U&", "(", "\"",
            "é", "x ",
        ] {
            let text = part.repeat(BYTES / part.len());
            for before in ["", "SELECT ", "SELECT 1 /* */ "] {
                let text = format!("{before}{text}");
                assert!(Tokens::of(&text).count() <= text.len());
            }
        }
        // Without optimization it is a few seconds; quadratic, it would be hours.
        assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    }
}
