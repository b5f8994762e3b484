//! What kind of statement a text is, told from its first word.
//!
//! A pooled connection must come back as it went: a plugin that sent BEGIN as
//! plain SQL would leave its transaction to the next borrower, and one that sent
//! SET would leave its setting.
//! This is housekeeping, not isolation: what a plugin may touch is decided by
//! its Postgres role.

use super::tokens::{Token, Tokens};

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

/// The words that begin what reads or changes rows, and nothing else.
const OF_ROWS: &[&str] = &[
    "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES", "TABLE", "MERGE",
];

impl Verb {
    /// Tells the verb of one SQL statement.
    pub(super) fn of(sql: &str) -> Self {
        let mut tokens = Tokens::of(sql);
        let Some(first) = tokens.first() else {
            return Self::Session;
        };
        let is_plain = first.is_any(OF_ROWS)
            || first.is("SHOW")
            || first.is("EXPLAIN") && is_of_rows_explained(tokens.clone());
        if is_plain && !touches_session(sql) {
            return Self::Plain;
        }
        let is_next = |word| tokens.clone().next().is_some_and(|token| token.is(word));
        match first {
            _ if first.is("COPY") => Self::Copy,
            _ if first.is_any(&["SAVEPOINT", "RELEASE"]) => Self::Savepoint,
            _ if first.is("ROLLBACK") && is_next("TO") => Self::Savepoint,
            _ if first.is_any(TRANSACTION) => Self::Transaction,
            _ if first.is("PREPARE") && is_next("TRANSACTION") => Self::Transaction,
            _ => Self::Session,
        }
    }
}

const TRANSACTION: &[&str] = &["BEGIN", "START", "COMMIT", "END", "ABORT", "ROLLBACK"];

/// Whether what stands behind EXPLAIN and its options is a statement on rows;
/// with ANALYZE it is run, and `CREATE TABLE … AS` can be explained too.
fn is_of_rows_explained(mut tokens: Tokens<'_>) -> bool {
    let begins_query = |token: Option<Token<'_>>| token.is_some_and(|token| token.is_any(OF_ROWS));
    let is_open = tokens.clone().next() == Some(Token::Sign('('));
    if is_open && !begins_query(tokens.clone().first()) {
        tokens.next();
        tokens.skip_parenthesized();
    }
    let is_option = |token: &Token<'_>| {
        *token == Token::Sign('(') || token.is_any(&["ANALYZE", "ANALYSE", "VERBOSE"])
    };
    begins_query(tokens.find(|token| !is_option(token)))
}

/// Whether a statement begins or ends a transaction.
pub(crate) fn is_transaction_control(sql: &str) -> bool {
    matches!(Verb::of(sql), Verb::Transaction | Verb::Savepoint)
}

/// Whether something stands in the text that can change the session from within
/// any statement: `SELECT set_config(…)`, `SELECT … INTO …`.
///
/// A harmless statement that holds such a word costs a clean connection its
/// prepared statements, no more. What hides in functions of the database's own
/// is not found.
pub(super) fn touches_session(sql: &str) -> bool {
    names_session(sql) || hides_or_makes(sql)
}

/// Looked for everywhere, in quotes too.
fn names_session(sql: &str) -> bool {
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
            || begins("pg_temp")
            || begins("pg_advisory")
            || begins("pg_try_advisory")
    })
}

/// Whether a name is written so that its letters do not show, or INTO stands
/// where it makes a table; besides whatever is behind a comment without an end.
fn hides_or_makes(sql: &str) -> bool {
    let mut is_into_expected = false;
    Tokens::of(sql).any(|token| {
        let is_found = match token {
            Token::Escaped | Token::Unclosed => true,
            token => token.is("INTO") && !is_into_expected,
        };
        is_into_expected = token.is_any(&["INSERT", "MERGE"]);
        is_found
    })
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
            "SELECT 1 AS a INTO pg_temp.b",
            "SELECT 1 AS a INTO b",
            "SELECT 1 AS a into/**/\"pg_temp\".b",
            "SELECT 1 AS a INTO \"Pg_Temp_3\".b",
            "SELECT 1 AS \"INSERT\" INTO b",
            "WITH a AS (INSERT INTO b VALUES (1) RETURNING c) SELECT c INTO d FROM a",
            "INSERT INTO pg_temp.a VALUES (1)",
            "SELECT U&\"set\\005fconfig\"('search_path', 'x', false)",
            "SELECT * FROM u&\"pg\\005ftemp\".a",
            "SELECT U&'\\0061'",
            "SELECT 1 /* no end",
        ] {
            assert_eq!(Verb::of(sql), Verb::Session, "{sql}");
        }
        assert_eq!(Verb::of("SELECT temperature, attempt FROM t"), Verb::Plain);
        assert_eq!(Verb::of("BEGIN -- temp"), Verb::Transaction);
    }

    #[test]
    fn into_is_no_matter_where_rows_are_inserted_or_merged() {
        for sql in [
            "INSERT INTO a SELECT 'x into y' AS \"into\"",
            "insert/**/into a VALUES (1)",
            "WITH a AS (INSERT INTO b VALUES (1) RETURNING c) INSERT INTO d SELECT c FROM a",
            "MERGE INTO a USING b ON a.c = b.c WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "SELECT into_stock, 'INTO' FROM a -- INTO",
            "SELECT u & 'a'::bit(8) FROM b",
        ] {
            assert_eq!(Verb::of(sql), Verb::Plain, "{sql}");
        }
    }

    #[test]
    fn what_is_explained_tells() {
        for explained in [
            "SELECT 1",
            "(SELECT 1)",
            "INSERT INTO a VALUES (1)",
            "WITH a AS (SELECT 1) TABLE a",
            "((VALUES (1)))",
        ] {
            for explain in [
                "EXPLAIN",
                "explain analyze",
                "EXPLAIN ANALYSE VERBOSE",
                "EXPLAIN (ANALYZE, FORMAT json)",
                "EXPLAIN/**/(COSTS off)",
            ] {
                let sql = format!("{explain} {explained}");
                assert_eq!(Verb::of(&sql), Verb::Plain, "{sql}");
            }
        }
        for explained in [
            "CREATE TABLE a AS SELECT 1",
            "EXECUTE a",
            "DECLARE a CURSOR FOR SELECT 1",
            "REFRESH MATERIALIZED VIEW a",
            "(CREATE TABLE a AS SELECT 1)",
            "",
        ] {
            for explain in [
                "EXPLAIN",
                "explain analyze",
                "EXPLAIN VERBOSE",
                "EXPLAIN (ANALYZE, COSTS (a))",
                "EXPLAIN (ANALYZE",
            ] {
                let sql = format!("{explain} {explained}");
                assert_eq!(Verb::of(&sql), Verb::Session, "{sql}");
            }
        }
    }

    /// Nothing can interrupt the host while it reads a text.
    #[test]
    fn two_mebibytes_are_told_soon() {
        for part in [
            "/* ",
            "/*",
            "/**/",
            "EXPLAIN (",
            "(;",
            "INTO ",
            "$a$",
            "$a",
            "U&",
        ] {
            for before in ["", "EXPLAIN (", "SELECT "] {
                let sql = format!("{before}{}", part.repeat((2 << 20) / part.len()));
                let begun = std::time::Instant::now();
                Verb::of(&sql);
                // Without optimization it is a part of a second; quadratic, half an hour.
                assert!(
                    begun.elapsed().as_secs() < 5,
                    "{part}: {:?}",
                    begun.elapsed()
                );
            }
        }
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
