//! Off wasm there is no host: a unit test of a plugin's logic that reaches the
//! database is told so, instead of failing to link or panicking.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::captured;
use crate::bindings::plinth::host::database as host;
use crate::database::copy::CHUNK_BYTES;
use crate::{Error, Result};

/// What takes the host's place on the development machine.
pub(crate) trait Driver {
    /// Runs a statement on the database of this name and returns its rows.
    fn run(&self, database: &str, statement: &host::Statement) -> Result<host::Rows>;

    /// Loads all that a COPY sent.
    fn copy_in(&self, database: &str, sql: &str, data: &[u8]) -> Result<u64>;

    /// All that a COPY has to say.
    fn copy_out(&self, database: &str, sql: &str) -> Result<Vec<u8>>;
}

thread_local! {
    static DRIVER: RefCell<Option<Rc<dyn Driver>>> = const { RefCell::new(None) };
}

/// Puts a driver in the host's place on this thread.
pub(crate) fn install(driver: Rc<dyn Driver>) {
    DRIVER.set(Some(driver));
}

pub(in crate::database) fn query(
    database: &str,
    statement: &host::Statement,
) -> Result<host::Rows> {
    run(database, statement)
}

pub(in crate::database) fn execute(database: &str, statement: &host::Statement) -> Result<u64> {
    Ok(run(database, statement)?.affected)
}

/// Runs the statements one after the other, in a transaction of their own.
pub(in crate::database) fn pipeline(
    database: &str,
    statements: &[host::Statement],
) -> Result<Vec<host::Rows>> {
    let transaction = Transaction::begin(database, PLAIN)?;
    let results = transaction.pipeline(statements)?;
    transaction.commit()?;
    Ok(results)
}

/// There is no pool here, and so there are no figures.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the host can refuse, and this stands in its place"
)]
pub(in crate::database) fn statistics(_database: &str) -> Result<host::PoolStatistics> {
    Ok(host::PoolStatistics {
        connections: 0,
        connections_max: 0,
        idle: 0,
        lanes: 0,
        waiting: 0,
        statements: 0,
    })
}

/// The rows of a query that ran when it was started.
pub(in crate::database) struct Started(Result<host::Rows>);

#[expect(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "the host can refuse and keeps the statement, and this stands in its place"
)]
pub(in crate::database) fn start(database: &str, statement: host::Statement) -> Result<Started> {
    Ok(Started(run(database, &statement)))
}

impl Started {
    pub(in crate::database) fn wait(self) -> Result<host::Rows> {
        self.0
    }
}

/// What a transaction begins with that asks for nothing.
const PLAIN: host::TransactionOptions = host::TransactionOptions {
    isolation: None,
    read_only: false,
    deferrable: false,
    statement_timeout_ms: 0,
};

/// A transaction on the driver; the words that control it are statements.
/// Dropping it undoes it.
pub(in crate::database) struct Transaction {
    database: String,
    is_over: bool,
    /// Whether a statement failed, and no savepoint from before it was
    /// returned to.
    failed: Cell<bool>,
    /// What a COPY has sent so far, or has still to say. A test's driver is
    /// asked once, at its end or its beginning.
    copied: RefCell<Vec<u8>>,
}

impl Transaction {
    pub(in crate::database) fn begin(
        database: &str,
        options: host::TransactionOptions,
    ) -> Result<Self> {
        control(database, &begin(options))?;
        let transaction = Self {
            database: database.to_owned(),
            is_over: false,
            failed: Cell::new(false),
            copied: RefCell::default(),
        };
        if options.statement_timeout_ms > 0 {
            let timeout = options.statement_timeout_ms;
            let sql = format!("SET LOCAL statement_timeout = {timeout}");
            control(database, &sql)?;
        }
        Ok(transaction)
    }

    pub(in crate::database) fn query(&self, statement: &host::Statement) -> Result<host::Rows> {
        self.noted(run(&self.database, statement))
    }

    pub(in crate::database) fn execute(&self, statement: &host::Statement) -> Result<u64> {
        Ok(self.query(statement)?.affected)
    }

    /// As the host does, remembers a failure, after which nothing but the
    /// return to a savepoint succeeds.
    fn noted<T>(&self, outcome: Result<T>) -> Result<T> {
        match &outcome {
            Ok(_) => self.failed.set(false),
            Err(error) if error.sqlstate().is_some() => self.failed.set(true),
            Err(_) => {}
        }
        outcome
    }

    pub(in crate::database) fn pipeline(
        &self,
        statements: &[host::Statement],
    ) -> Result<Vec<host::Rows>> {
        let statements = statements.iter().enumerate();
        statements
            .map(|(index, statement)| {
                self.query(statement)
                    .map_err(|error| error.in_pipeline(index))
            })
            .collect()
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "as in the host, where it can fail"
    )]
    pub(in crate::database) fn copy_in(&self, sql: &str) -> Result<()> {
        captured::note(&plain(sql));
        self.copy_abort();
        Ok(())
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "as in the host, where it can fail"
    )]
    pub(in crate::database) fn copy_write(&self, data: &[u8], _sql: &str) -> Result<()> {
        self.copied.borrow_mut().extend_from_slice(data);
        Ok(())
    }

    pub(in crate::database) fn copy_finish(&self, sql: &str) -> Result<u64> {
        self.noted(driver(sql)?.copy_in(&self.database, sql, &self.copied.take()))
    }

    pub(in crate::database) fn copy_out(&self, sql: &str) -> Result<()> {
        captured::note(&plain(sql));
        self.copied
            .replace(self.noted(driver(sql)?.copy_out(&self.database, sql))?);
        Ok(())
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "as in the host, where it can fail"
    )]
    pub(in crate::database) fn copy_read(&self, _sql: &str) -> Result<Vec<u8>> {
        let mut copied = self.copied.borrow_mut();
        let end = copied.len().min(CHUNK_BYTES);
        Ok(copied.drain(..end).collect())
    }

    pub(in crate::database) fn copy_abort(&self) {
        self.copied.take();
    }

    pub(in crate::database) fn commit(mut self) -> Result<()> {
        self.is_over = true;
        // In a transaction that has failed, COMMIT is a ROLLBACK that reports
        // success.
        if self.failed.get() {
            control(&self.database, "ROLLBACK")?;
            return Err(failed_transaction());
        }
        control(&self.database, "COMMIT")
    }

    pub(in crate::database) fn rollback(mut self) -> Result<()> {
        self.is_over = true;
        control(&self.database, "ROLLBACK")
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.is_over {
            // Nobody is left to be told that it fails.
            let _ = control(&self.database, "ROLLBACK");
        }
    }
}

/// The statement that begins a transaction.
fn begin(options: host::TransactionOptions) -> String {
    let isolation = match options.isolation {
        None => "",
        Some(host::Isolation::ReadCommitted) => " ISOLATION LEVEL READ COMMITTED",
        Some(host::Isolation::RepeatableRead) => " ISOLATION LEVEL REPEATABLE READ",
        Some(host::Isolation::Serializable) => " ISOLATION LEVEL SERIALIZABLE",
    };
    let read_only = if options.read_only { " READ ONLY" } else { "" };
    let deferrable = if options.deferrable {
        " DEFERRABLE"
    } else {
        ""
    };
    ["BEGIN", isolation, read_only, deferrable].concat()
}

/// What the host does by itself, and so is no statement of the plugin's.
fn control(database: &str, sql: &str) -> Result<()> {
    driver(sql)?.run(database, &plain(sql)).map(drop)
}

/// A statement without parameters.
fn plain(sql: &str) -> host::Statement {
    host::Statement {
        sql: sql.to_owned(),
        parameter_types: Vec::new(),
        parameters: Vec::new(),
        timeout_ms: 0,
    }
}

fn run(database: &str, statement: &host::Statement) -> Result<host::Rows> {
    captured::note(statement);
    driver(&statement.sql)?.run(database, statement)
}

/// What takes the host's place for a statement.
fn driver(sql: &str) -> Result<Rc<dyn Driver>> {
    DRIVER.with_borrow(Clone::clone).ok_or_else(|| no_host(sql))
}

fn no_host(sql: &str) -> Error {
    let message = "there is no host here: statements run in a plugin that `plinth dev`, \
                   `plinth serve` or a test with a host has loaded";
    Error::database(refusal(host::ErrorKind::Disconnected, message, None), sql)
}

/// What the host says of such a commit.
fn failed_transaction() -> Error {
    let message = "a statement of the transaction failed, so it was rolled back; \
                   wrap what may fail in a transaction of its own (a savepoint)";
    Error::database(
        refusal(host::ErrorKind::Server, message, Some("25P02")),
        "COMMIT",
    )
}

fn refusal(kind: host::ErrorKind, message: &str, sqlstate: Option<&str>) -> host::Error {
    host::Error {
        kind,
        message: message.to_owned(),
        sqlstate: sqlstate.map(str::to_owned),
        detail: None,
        constraint: None,
        table: None,
        column: None,
        context: None,
    }
}
