//! What kind of statement a text is, told from its first word.
//!
//! A pooled connection must come back as it went: a plugin that sent BEGIN as
//! plain SQL would leave its transaction to the next borrower, and one that sent
//! SET would leave its setting.
//! This is housekeeping, not isolation: what a plugin may touch is decided by
//! its Postgres role.

/// What a statement does to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Nothing that outlives it.
    Plain,
    /// Marks or rolls back to a savepoint: only within a transaction.
    Savepoint,
    /// Begins or ends a transaction: never, that is the host's.
    Transaction,
    /// Streams rows: only by the copy functions.
    Copy,
    /// Can leave something behind in the session.
    Session,
}

impl Verb {
    /// Tells the verb of one SQL statement.
    pub(super) fn of(sql: &str) -> Self {
        let rest = skip_blank(sql);
        let (first, rest) = word(rest);
        match first.as_str() {
            "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "WITH" | "VALUES" | "TABLE" | "MERGE"
            | "EXPLAIN" | "SHOW"
                if !touches_session(sql) =>
            {
                Self::Plain
            }
            "COPY" => Self::Copy,
            "SAVEPOINT" | "RELEASE" => Self::Savepoint,
            "ROLLBACK" if word(skip_blank(rest)).0 == "TO" => Self::Savepoint,
            "BEGIN" | "START" | "COMMIT" | "END" | "ABORT" | "ROLLBACK" => Self::Transaction,
            "PREPARE" if word(skip_blank(rest)).0 == "TRANSACTION" => Self::Transaction,
            _ => Self::Session,
        }
    }
}

/// Whether a word stands in the text that can change the session from within
/// any statement: `SELECT set_config(…)`, `SELECT … INTO TEMP …`.
///
/// A harmless statement that holds such a word costs a clean connection its
/// prepared statements, no more. What hides in functions of the database's own
/// is not found.
pub(super) fn touches_session(sql: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut words = sql.as_bytes().split(|byte| !is_part(*byte));
    words.any(|word| {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        let begins = |name: &str| {
            word.get(..name.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
        };
        is("set_config")
            || is("temp")
            || is("temporary")
            || begins("pg_advisory")
            || begins("pg_try_advisory")
    })
}

/// The first word, in capitals, and what follows it.
fn word(sql: &str) -> (String, &str) {
    let end = sql
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(sql.len());
    (sql[..end].to_ascii_uppercase(), &sql[end..])
}

/// Skips white space, comments, opening parentheses, and the semicolons of
/// statements that are empty.
fn skip_blank(mut sql: &str) -> &str {
    loop {
        let behind = skip_comments(sql);
        sql = behind.trim_start_matches(['(', ';']);
        if sql.len() == behind.len() {
            return sql;
        }
    }
}

/// Skips white space and comments, which Postgres nests.
pub(super) fn skip_comments(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start();
        if let Some(rest) = sql.strip_prefix("--") {
            sql = rest.split_once(['\n', '\r']).map_or("", |(_, rest)| rest);
        } else if let Some(rest) = sql.strip_prefix("/*") {
            sql = skip_comment(rest);
        } else {
            return sql;
        }
    }
}

fn skip_comment(mut sql: &str) -> &str {
    let mut depth = 1;
    while depth > 0 {
        match sql.find("/*").into_iter().chain(sql.find("*/")).min() {
            Some(at) if sql[at..].starts_with("/*") => (depth, sql) = (depth + 1, &sql[at + 2..]),
            Some(at) => (depth, sql) = (depth - 1, &sql[at + 2..]),
            None => return "",
        }
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_tells() {
        assert_eq!(Verb::of("SELECT 1"), Verb::Plain);
        assert_eq!(Verb::of("(select 1) union (select 2)"), Verb::Plain);
        assert_eq!(Verb::of("savepoint a"), Verb::Savepoint);
        assert_eq!(Verb::of("ROLLBACK TO SAVEPOINT a"), Verb::Savepoint);
        assert_eq!(Verb::of("rollback"), Verb::Transaction);
        assert_eq!(Verb::of("PREPARE TRANSACTION 'x'"), Verb::Transaction);
        assert_eq!(Verb::of("prepare a as select 1"), Verb::Session);
        assert_eq!(Verb::of("Copy a FROM STDIN"), Verb::Copy);
        assert_eq!(Verb::of("COPY (SELECT 1) TO PROGRAM 'x'"), Verb::Copy);
        assert_eq!(Verb::of("SET search_path = x"), Verb::Session);
        assert_eq!(Verb::of("DO $$ begin end $$"), Verb::Session);
        // What is not understood may have touched the session.
        assert_eq!(Verb::of(""), Verb::Session);
    }

    #[test]
    fn what_changes_the_session_from_within_is_found() {
        for sql in [
            "SELECT set_config('search_path', 'x', false)",
            "select 1 as a into TEMP b",
            "SELECT pg_advisory_lock(1)",
            "SELECT PG_TRY_ADVISORY_LOCK(1)",
            "WITH a AS (SELECT Set_Config('a.b', 'c', false)) SELECT * FROM a",
        ] {
            assert_eq!(Verb::of(sql), Verb::Session, "{sql}");
        }
        assert_eq!(Verb::of("SELECT temperature, attempt FROM t"), Verb::Plain);
        assert_eq!(Verb::of("BEGIN -- temp"), Verb::Transaction);
    }

    #[test]
    fn comments_hide_nothing() {
        assert_eq!(Verb::of("-- SELECT\n  BEGIN"), Verb::Transaction);
        assert_eq!(
            Verb::of("/* a /* SELECT */ b */ commit;"),
            Verb::Transaction
        );
        assert_eq!(Verb::of("--\rBEGIN"), Verb::Transaction);
        assert_eq!(Verb::of(";BEGIN"), Verb::Transaction);
        assert_eq!(Verb::of("/**/;;commit"), Verb::Transaction);
        assert_eq!(Verb::of("/* /* unclosed */ BEGIN"), Verb::Session);
        assert_eq!(Verb::of("begin;"), Verb::Transaction);
    }
}
