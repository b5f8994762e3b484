//! How a transaction begins.

use crate::bindings::plinth::host::database::{Isolation, TransactionOptions};

/// The SQL that begins a transaction whose statements may run for at most
/// `statement_timeout_ms_max`.
pub(super) fn begin(options: &TransactionOptions, statement_timeout_ms_max: u64) -> String {
    let mut sql = String::from("BEGIN");
    let isolation = options.isolation.map(|isolation| match isolation {
        Isolation::ReadCommitted => " ISOLATION LEVEL READ COMMITTED",
        Isolation::RepeatableRead => " ISOLATION LEVEL REPEATABLE READ",
        Isolation::Serializable => " ISOLATION LEVEL SERIALIZABLE",
    });
    sql.push_str(isolation.unwrap_or_default());
    if options.read_only {
        sql.push_str(" READ ONLY");
    }
    if options.deferrable {
        sql.push_str(" DEFERRABLE");
    }
    let timeout = u64::from(options.statement_timeout_ms);
    if (1..statement_timeout_ms_max).contains(&timeout) {
        sql.push_str("; SET LOCAL statement_timeout = ");
        sql.push_str(&timeout.to_string());
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A transaction that asks for nothing.
    const PLAIN: TransactionOptions = TransactionOptions {
        isolation: None,
        read_only: false,
        deferrable: false,
        statement_timeout_ms: 0,
    };

    #[test]
    fn what_is_not_asked_for_is_not_said() {
        assert_eq!(begin(&PLAIN, 10_000), "BEGIN");
    }

    #[test]
    fn everything_at_once() {
        let options = TransactionOptions {
            isolation: Some(Isolation::Serializable),
            read_only: true,
            deferrable: true,
            statement_timeout_ms: 250,
        };
        assert_eq!(
            begin(&options, 10_000),
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE; \
             SET LOCAL statement_timeout = 250"
        );
    }

    #[test]
    fn a_timeout_is_never_longer_than_the_operators() {
        let options = TransactionOptions {
            statement_timeout_ms: u32::MAX,
            ..PLAIN
        };
        assert_eq!(begin(&options, 10_000), "BEGIN");
    }
}
