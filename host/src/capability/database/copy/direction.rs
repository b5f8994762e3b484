//! Between whom a COPY copies, told from its text.
//!
//! Housekeeping, as the [verb](super::super::verb) is: files and programs of
//! the server are refused by the privileges of the plugin's role.

use super::super::tokens::{Token, Tokens};

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
    pub(in crate::capability::database) fn of(sql: &str) -> Option<Self> {
        let mut tokens = Tokens::of(sql);
        if !tokens.next()?.is("COPY") {
            return None;
        }
        let mut depth = 0;
        while let Some(token) = tokens.next() {
            match token {
                Token::Unclosed => return None,
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
