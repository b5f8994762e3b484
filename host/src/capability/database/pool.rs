//! The pool of connections to one database, and the loan of one of them.
//!
//! `deadpool` pools; the connector is ours rather than `deadpool-postgres`',
//! whose cache of prepared statements has no bound.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, Pool, RecycleError, RecycleResult, Timeouts};
use tokio_postgres::NoTls;

use super::connection::{Connection, Scope};
use super::error;
use super::login::{Login, prepend_options, setting};
use crate::bindings::plinth::host::database::{Error, ErrorKind, PoolStatistics, Rows, Statement};
use crate::config::{DatabaseConfig, DatabaseLimits};

/// How long cleaning a connection may take before it is closed instead.
const CLEANUP_TIMEOUT: Duration = Duration::from_secs(5);

/// A database that plugins can be given: a bounded pool of connections.
pub struct Database {
    name: String,
    pool: Pool<Connector>,
    statement_timeout_ms: u64,
}

impl Database {
    /// Makes the pool; connections are made when they are needed.
    ///
    /// # Errors
    ///
    /// When the URL is not one.
    pub fn new(name: &str, config: &DatabaseConfig, login: &Login) -> Result<Self> {
        let connector =
            Connector::new(config, login).with_context(|| format!("databases.{name}.url"))?;
        let limits = &config.limits;
        let pool = Pool::builder(connector)
            .max_size(limits.connections_max)
            .timeouts(Timeouts {
                wait: Some(Duration::from_millis(limits.acquire_timeout_ms)),
                create: Some(Duration::from_millis(limits.connect_timeout_ms)),
                recycle: Some(CLEANUP_TIMEOUT),
            })
            .runtime(Runtime::Tokio1)
            .build()
            .context("cannot make a connection pool")?;
        Ok(Self {
            name: name.to_owned(),
            pool,
            statement_timeout_ms: limits.statement_timeout_ms,
        })
    }

    /// Runs statements of the host's own, in one transaction.
    ///
    /// # Errors
    ///
    /// When no connection is to be had or Postgres refuses a statement.
    pub async fn run_all(&self, statements: &[String]) -> Result<()> {
        let mut lease = self.lease().await.map_err(describe)?;
        lease.begin("BEGIN").await.map_err(describe)?;
        // The statements are a plugin's, and DDL can hold anything.
        lease.connection().session_touched = true;
        for sql in statements {
            lease
                .command(sql)
                .await
                .map_err(describe)
                .with_context(|| sql.clone())?;
        }
        lease.commit().await.map_err(describe)
    }

    /// Closes every connection, now or when it comes back.
    pub fn close(&self) {
        self.pool.close();
    }

    /// How long a statement may run.
    pub(super) fn statement_timeout_ms(&self) -> u64 {
        self.statement_timeout_ms
    }

    /// How the pool does.
    pub fn statistics(&self) -> PoolStatistics {
        let status = self.pool.status();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        PoolStatistics {
            connections: count(status.size),
            connections_max: count(status.max_size),
            idle: count(status.available),
            lanes: 0,
            waiting: count(status.waiting),
            statements: 0,
        }
    }

    /// How many connections are open, and how many of them nobody uses.
    pub fn connections(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size, status.available)
    }

    /// Takes a connection from the pool.
    pub(super) async fn lease(&self) -> Result<Lease, Error> {
        match self.pool.get().await {
            Ok(connection) => Ok(Lease {
                connection: Some(connection),
                state: Loan::Clean,
                failed: false,
            }),
            Err(cause) => Err(error::from_pool(&self.name, &cause)),
        }
    }
}

fn describe(error: Error) -> anyhow::Error {
    let state = error
        .sqlstate
        .map(|state| format!(" (SQLSTATE {state})"))
        .unwrap_or_default();
    anyhow::anyhow!("{}{state}", error.message)
}

/// What must be done to a lent connection before somebody else may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loan {
    /// Nothing.
    Clean,
    /// A transaction is open.
    InTransaction,
    /// A statement is under way: whoever waited for it has gone.
    InFlight,
}

/// A connection on loan. Dropped in the middle of something, it is cleaned
/// before it goes back, or closed.
pub(super) struct Lease {
    connection: Option<Object<Connector>>,
    state: Loan,
    /// The last statement failed on the server, so a transaction is given up
    /// unless a savepoint saves it.
    failed: bool,
}

impl Lease {
    pub(super) async fn query(
        &mut self,
        statement: &Statement,
        scope: Scope,
    ) -> Result<Rows, Error> {
        let before = self.enter();
        let outcome = self.connection().query(statement, scope).await;
        self.leave(before, &outcome);
        outcome
    }

    pub(super) async fn execute(
        &mut self,
        statement: &Statement,
        scope: Scope,
    ) -> Result<u64, Error> {
        let before = self.enter();
        let outcome = self.connection().execute(statement, scope).await;
        self.leave(before, &outcome);
        outcome
    }

    pub(super) async fn begin(&mut self, begin: &str) -> Result<(), Error> {
        self.command(begin).await?;
        self.state = Loan::InTransaction;
        Ok(())
    }

    pub(super) async fn commit(&mut self) -> Result<(), Error> {
        // In a transaction that has failed, COMMIT is a ROLLBACK that reports success.
        if self.failed {
            self.rollback().await?;
            return Err(error::failed_transaction());
        }
        self.command("COMMIT").await?;
        self.state = Loan::Clean;
        Ok(())
    }

    pub(super) async fn rollback(&mut self) -> Result<(), Error> {
        self.command("ROLLBACK").await?;
        self.state = Loan::Clean;
        Ok(())
    }

    /// Runs a statement of the host's own.
    async fn command(&mut self, sql: &str) -> Result<(), Error> {
        let before = self.enter();
        let outcome = self.connection().command(sql).await;
        self.leave(before, &outcome);
        outcome
    }

    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("only drop takes it")
    }

    /// Marks a statement as under way until `leave`, so that a drop between the
    /// two is seen.
    fn enter(&mut self) -> Loan {
        std::mem::replace(&mut self.state, Loan::InFlight)
    }

    fn leave<T>(&mut self, before: Loan, outcome: &Result<T, Error>) {
        let too_large = |error: &Error| error.kind == ErrorKind::TooLarge;
        match outcome {
            // Only a rollback to a savepoint succeeds in a transaction that has failed.
            Ok(_) => self.failed = false,
            // What fails after the rows we no longer read is not told.
            Err(error) if error.sqlstate.is_some() || too_large(error) => self.failed = true,
            // Refused before the server saw it, so nothing has changed there.
            Err(_) => {}
        }
        // The server goes on sending rows that nobody wants: stop it.
        let unfinished = outcome.as_ref().is_err_and(too_large) && before == Loan::Clean;
        self.state = if unfinished { Loan::InFlight } else { before };
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        let touched = connection.session_touched;
        if (self.state == Loan::Clean && !touched) || connection.is_closed() {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(clean_or_close(connection, self.state == Loan::InFlight));
            }
            Err(_) => drop(Object::take(connection)),
        }
    }
}

/// Makes a connection fit for the next borrower, or closes it, which makes
/// Postgres roll back.
async fn clean_or_close(connection: Object<Connector>, in_flight: bool) {
    if in_flight {
        // It is not told when the server has heard of the cancellation, which may be as late as
        // in the next borrower's statement: so there is no next borrower.
        let _ = tokio::time::timeout(CLEANUP_TIMEOUT, connection.cancel()).await;
        drop(Object::take(connection));
        return;
    }
    // DISCARD ALL would do, but it takes the driver's own statements too, and the driver goes on
    // as if it had them.
    if connection.session_touched {
        drop(Object::take(connection));
        return;
    }
    let cleaned = tokio::time::timeout(CLEANUP_TIMEOUT, connection.rollback()).await;
    if !matches!(cleaned, Ok(Ok(()))) {
        drop(Object::take(connection));
    }
}

/// Says nothing of what it found there: a password may be in it.
fn not_a_url() -> anyhow::Error {
    anyhow::anyhow!(
        "it is no Postgres URL (postgres://user@host/name) and no key-value text (host=… dbname=…); \
         a password in a URL must be percent-encoded"
    )
}

/// Makes connections for the pool.
struct Connector {
    config: tokio_postgres::Config,
    statements_max: NonZeroUsize,
    result_bytes_max: usize,
    made: AtomicUsize,
}

impl Connector {
    fn new(config: &DatabaseConfig, login: &Login) -> Result<Self> {
        let DatabaseLimits {
            statements_max,
            result_bytes_max,
            ..
        } = config.limits;
        let mut postgres: tokio_postgres::Config = config.url.parse().map_err(|_| not_a_url())?;
        let timeout = config.limits.statement_timeout_ms.to_string();
        prepend_options(&mut postgres, &setting("statement_timeout", &timeout));
        login.apply(&mut postgres);
        if postgres.get_application_name().is_none() {
            postgres.application_name("plinth");
        }
        Ok(Self {
            config: postgres,
            statements_max: NonZeroUsize::new(statements_max)
                .context("statements_max must be at least 1")?,
            result_bytes_max,
            made: AtomicUsize::new(0),
        })
    }
}

impl managed::Manager for Connector {
    type Type = Connection;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Connection, tokio_postgres::Error> {
        let (client, connection) = self.config.connect(NoTls).await?;
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::spawn(async move {
            if let Err(cause) = connection.await {
                tracing::warn!(target: "plinth::database", connection = number, %cause, "connection lost");
            }
        });
        Ok(Connection::new(
            client,
            self.statements_max,
            self.result_bytes_max,
        ))
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        _: &Metrics,
    ) -> RecycleResult<tokio_postgres::Error> {
        if connection.is_closed() {
            return Err(RecycleError::message("the connection is closed"));
        }
        Ok(())
    }
}
