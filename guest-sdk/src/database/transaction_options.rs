use std::time::Duration;

use crate::bindings::plinth::host::database as host;

/// How a transaction runs; for
/// [`Db::transaction_with`](super::Db::transaction_with).
///
/// ```
/// use std::time::Duration;
/// use plinth::database::TransactionOptions;
///
/// const TRANSFER: TransactionOptions = TransactionOptions::new().serializable().retries(3);
/// let report = TransactionOptions::new()
///     .repeatable_read()
///     .read_only()
///     .statement_timeout(Duration::from_secs(2));
/// # assert_ne!(TRANSFER, report);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "options do nothing until a transaction begins with them"]
pub struct TransactionOptions {
    isolation: Option<host::Isolation>,
    pub(super) read_only: bool,
    deferrable: bool,
    statement_timeout_ms: u32,
    pub(super) retries: u32,
}

impl TransactionOptions {
    /// As the database has it, which is read committed unless its administrator
    /// says otherwise.
    pub const fn new() -> Self {
        Self {
            isolation: None,
            read_only: false,
            deferrable: false,
            statement_timeout_ms: 0,
            retries: 0,
        }
    }

    /// Each statement sees what was committed before it.
    pub const fn read_committed(self) -> Self {
        self.isolation(host::Isolation::ReadCommitted)
    }

    /// All statements see what was committed before the first of them. A change
    /// to a row that another has changed since fails:
    /// [`is_serialization_failure`](crate::Error::is_serialization_failure).
    pub const fn repeatable_read(self) -> Self {
        self.isolation(host::Isolation::RepeatableRead)
    }

    /// As if transactions ran one after the other. One that cannot be had so
    /// fails: [`is_serialization_failure`](crate::Error::is_serialization_failure).
    pub const fn serializable(self) -> Self {
        self.isolation(host::Isolation::Serializable)
    }

    const fn isolation(mut self, isolation: host::Isolation) -> Self {
        self.isolation = Some(isolation);
        self
    }

    /// Refuses every change.
    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Waits at the beginning until it can no longer fail for others' changes.
    /// Of use in a long report that is both serializable and read only;
    /// elsewhere Postgres ignores it.
    pub const fn deferrable(mut self) -> Self {
        self.deferrable = true;
        self
    }

    /// How long each of its statements may run, where that is less than the
    /// operator allows. One that takes longer fails:
    /// [`is_timeout`](crate::Error::is_timeout).
    pub const fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout_ms = timeout_ms(timeout);
        self
    }

    /// How many times it is run again after a serialization failure or a
    /// deadlock.
    pub const fn retries(mut self, times: u32) -> Self {
        self.retries = times;
        self
    }

    /// As the contract has it; where both are given, the shorter timeout is
    /// that of its statements.
    pub(super) fn to_host(self, database_timeout_ms: u32) -> host::TransactionOptions {
        let statement_timeout_ms = match (self.statement_timeout_ms, database_timeout_ms) {
            (0, timeout) | (timeout, 0) => timeout,
            (one, other) => one.min(other),
        };
        host::TransactionOptions {
            isolation: self.isolation,
            read_only: self.read_only,
            deferrable: self.deferrable,
            statement_timeout_ms,
        }
    }
}

/// A timeout in whole milliseconds. The contract takes 0 for none, so the
/// shortest is 1.
pub(super) const fn timeout_ms(timeout: Duration) -> u32 {
    let ms = timeout.as_nanos().div_ceil(1_000_000);
    if ms == 0 {
        1
    } else if ms > u32::MAX as u128 {
        u32::MAX
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "it was just compared")]
        let ms = ms as u32;
        ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_never_none_and_never_wraps() {
        assert_eq!(timeout_ms(Duration::ZERO), 1);
        assert_eq!(timeout_ms(Duration::from_micros(1)), 1);
        assert_eq!(timeout_ms(Duration::from_micros(1001)), 2);
        assert_eq!(timeout_ms(Duration::MAX), u32::MAX);
    }

    #[test]
    fn the_shorter_timeout_holds() {
        let options = TransactionOptions::new().statement_timeout(Duration::from_millis(20));
        let effective =
            |options: TransactionOptions, database| options.to_host(database).statement_timeout_ms;
        assert_eq!(effective(options, 0), 20);
        assert_eq!(effective(options, 10), 10);
        assert_eq!(effective(options, 30), 20);
        assert_eq!(effective(TransactionOptions::new(), 30), 30);
    }
}
