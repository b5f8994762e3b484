//! Warnings about what a request sent to its databases: more than it may, and
//! in `dev` the same statement over and over.

use crate::capability::log::one_line;
use crate::router::Target;
use crate::tally::Tally;

/// Statements of one request that are warned of.
const WARNINGS_MAX: usize = 3;

/// How much of a statement the log shows.
const SQL_BYTES_MAX: usize = 300;

/// Writes the warnings about a request that has ended.
pub(super) fn report(tally: &Tally, target: &Target, request_id: &str) {
    let limits = target.plugin.limits();
    if tally.is_over_limit() {
        tracing::warn!(
            target: "plinth::database",
            problem = "statements-limit",
            plugin = target.plugin.name(),
            route = &*target.name,
            request_id,
            statements = tally.statements(),
            "the request wanted to send more statements than statements_max allows its route",
        );
    }
    let repeated = tally.repeated(limits.statement_repeats_max);
    let repeated = repeated.iter().filter(|(sql, _)| !is_savepoint(sql));
    for (sql, count) in repeated.take(WARNINGS_MAX) {
        tracing::warn!(
            target: "plinth::database",
            plugin = target.plugin.name(),
            route = &*target.name,
            request_id,
            count,
            sql = %shortened(sql),
            "{} sent the same statement {count} times in one request; {}",
            target.name,
            advice(sql),
        );
    }
}

/// One for each nested transaction: what it does there matters, not that it is
/// there.
fn is_savepoint(sql: &str) -> bool {
    ["SAVEPOINT ", "RELEASE ", "ROLLBACK "]
        .iter()
        .any(|verb| begins_with(sql, verb))
}

fn advice(sql: &str) -> &'static str {
    if begins_with(sql, "INSERT") {
        "bulk_create inserts many rows with one"
    } else if begins_with(sql, "UPDATE") || begins_with(sql, "DELETE") {
        "bulk_update, or a filter that takes all the rows, does with one"
    } else {
        "select_related, prefetch_related or a DataLoader loads the rows with one"
    }
}

fn begins_with(sql: &str, verb: &str) -> bool {
    let sql = sql.trim_start().as_bytes();
    sql.get(..verb.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(verb.as_bytes()))
}

/// On one line, with its white space and its length cut.
fn shortened(sql: &str) -> String {
    let mut short = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if short.len() > SQL_BYTES_MAX {
        short.truncate(short.floor_char_boundary(SQL_BYTES_MAX));
        short.push('…');
    }
    one_line(&short).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_one_short_line() {
        assert_eq!(shortened("SELECT 1\n  FROM\tx"), "SELECT 1 FROM x");
        let long = shortened(&"é ".repeat(SQL_BYTES_MAX));
        assert!(long.len() <= SQL_BYTES_MAX + "…".len(), "{}", long.len());
        assert!(long.ends_with('…'));
        assert_eq!(shortened("SELECT '\u{1b}[2J'"), "SELECT '\\u{1b}[2J'");
    }

    #[test]
    fn the_advice_is_for_the_kind_of_statement() {
        assert!(advice(" insert INTO a").contains("bulk_create"));
        assert!(advice("DELETE FROM a").contains("filter"));
        assert!(advice("SELECT 1").contains("DataLoader"));
        assert!(is_savepoint("savepoint a") && !is_savepoint("SAVEPOINTS"));
    }
}
