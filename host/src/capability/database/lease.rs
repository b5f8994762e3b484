//! The loan of a connection to one borrower.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use deadpool::managed::Object;
use tokio_postgres::RowStream;

use super::connection::{Connection, Scope};
use super::connector::Connector;
use super::error;
use super::failure::Failure;
use super::pipeline::Broken;
use super::pool::CLEANUP_TIMEOUT;
use super::projection::Plan;
use super::statements::Known;
use super::want::Want;
use crate::bindings::exports::plinth::host::handler::Projection;
use crate::bindings::plinth::host::database::{Error, ErrorKind, Rows, Statement};

/// What must be done to a lent connection before somebody else may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loan {
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
    pub(super) fn new(connection: Object<Connector>) -> Self {
        Self {
            connection: Some(connection),
            state: Loan::Clean,
            failed: false,
        }
    }

    /// Runs a statement outside a transaction.
    pub(super) async fn run_outside(
        &mut self,
        statement: &Statement,
        known: &Known,
        want: &Want,
    ) -> Result<Rows, Error> {
        let begun = Instant::now();
        let outcome = self.run(statement, known, Scope::Outside, want).await;
        if outcome.is_ok() {
            known.took(begun.elapsed());
        }
        outcome.map_err(Error::from)
    }

    /// Runs a statement in the transaction that is open.
    pub(super) async fn run_inside(
        &mut self,
        statement: &Statement,
        known: &Known,
        want: &Want,
    ) -> Result<Rows, Failure> {
        self.run(statement, known, Scope::Inside, want).await
    }

    async fn run(
        &mut self,
        statement: &Statement,
        known: &Known,
        scope: Scope,
        want: &Want,
    ) -> Result<Rows, Failure> {
        let before = self.enter();
        let outcome = self.connection().run(statement, known, scope, want).await;
        self.leave_with(before, outcome)
    }

    /// Runs statements in one round trip, in the transaction that is open.
    pub(super) async fn pipeline(
        &mut self,
        statements: &[Statement],
        known: &[Arc<Known>],
    ) -> Result<Vec<Rows>, Broken> {
        let before = self.enter();
        let outcome = self.connection().pipeline(statements, known).await;
        self.leave_with(before, outcome)
    }

    /// Runs statements in one round trip, in a transaction of their own.
    pub(super) async fn atomic_pipeline(
        &mut self,
        statements: &[Statement],
        known: &[Arc<Known>],
    ) -> Result<Vec<Rows>, Broken> {
        let before = self.enter();
        let connection = self.connection();
        let mut outcome = connection.atomic_pipeline(statements, known).await;
        if outcome.as_ref().is_err_and(Broken::is_stale) {
            // It was rolled back whole, so it can be run again whole.
            outcome = connection.atomic_pipeline(statements, known).await;
        }
        self.leave_with(before, outcome)
    }

    /// Begins a query in the transaction that is open. The caller reads its rows
    /// and says when it has read all: until then it is under way.
    pub(super) async fn rows(
        &mut self,
        statement: &Statement,
        known: &Known,
        projection: &Projection,
    ) -> Result<(RowStream, Arc<Plan>), Failure> {
        let before = self.enter();
        let outcome = self.connection().rows(statement, known, projection).await;
        if outcome.is_err() {
            self.state = before;
        }
        outcome
    }

    /// All rows of [`rows`](Self::rows) are read.
    pub(super) fn rows_ended(&mut self) {
        self.state = Loan::InTransaction;
    }

    pub(super) async fn begin(&mut self, begin: &str) -> Result<(), Error> {
        self.command(begin).await?;
        self.state = Loan::InTransaction;
        Ok(())
    }

    /// Rolls the transaction back and begins another.
    pub(super) async fn begin_anew(&mut self, begin: &str) -> Result<(), Error> {
        self.rollback().await?;
        self.begin(begin).await
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
    pub(super) async fn command(&mut self, sql: &str) -> Result<(), Error> {
        let before = self.enter();
        let outcome = self.connection().command(sql).await;
        self.leave(before, outcome.as_ref().err());
        outcome
    }

    pub(super) fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("only drop takes it")
    }

    /// Marks a statement as under way until `leave`, so that a drop between the
    /// two is seen.
    pub(super) fn enter(&mut self) -> Loan {
        std::mem::replace(&mut self.state, Loan::InFlight)
    }

    pub(super) fn leave_with<T, F: AsRef<Error>>(
        &mut self,
        before: Loan,
        outcome: Result<T, F>,
    ) -> Result<T, F> {
        self.leave(before, outcome.as_ref().err().map(AsRef::as_ref));
        outcome
    }

    pub(super) fn leave(&mut self, before: Loan, error: Option<&Error>) {
        let too_large = |error: &Error| error.kind == ErrorKind::TooLarge;
        match error {
            // Only a rollback to a savepoint succeeds in a transaction that has failed.
            None => self.failed = false,
            // What fails after the rows we no longer read is not told.
            Some(error) if error.sqlstate.is_some() || too_large(error) => self.failed = true,
            // Refused before the server saw it, so nothing has changed there.
            Some(_) => {}
        }
        // The server goes on sending rows that nobody wants: stop it.
        let unfinished = error.is_some_and(too_large) && before == Loan::Clean;
        self.state = if unfinished { Loan::InFlight } else { before };
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        let touched = connection.is_session_touched();
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
        // It keeps its place until the server has really stopped. It is not told when the server
        // has heard of a cancellation, which may be as late as in the next borrower's statement:
        // so there is no next borrower.
        let is_over = AtomicBool::new(false);
        let resting = async {
            while !connection.is_at_rest().await {}
            is_over.store(true, Ordering::Relaxed);
        };
        let stopping = connection.stop(|| is_over.load(Ordering::Relaxed));
        tokio::join!(resting, stopping);
        drop(Object::take(connection));
        return;
    }
    // DISCARD ALL would do, but it takes the driver's own statements too, and the driver goes on
    // as if it had them.
    if connection.is_session_touched() {
        drop(Object::take(connection));
        return;
    }
    let cleaned = tokio::time::timeout(CLEANUP_TIMEOUT, connection.command("ROLLBACK")).await;
    if !matches!(cleaned, Ok(Ok(()))) {
        drop(Object::take(connection));
    }
}
