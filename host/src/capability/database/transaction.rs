//! A transaction that a guest has open.
//!
//! After a migration Postgres refuses a prepared statement and gives its
//! transaction up. Where that is the transaction's first, nothing is lost with
//! it, so the host begins another and runs the statement in that.

use std::sync::Arc;

use super::copy::Copy;
use super::failure::Failure;
use super::lease::Lease;
use super::pipeline::{self, Broken};
use super::want::Want;
use super::{Database, Outcome, error, options};
use crate::bindings::plinth::host::database::{PipelineError, Rows, Statement, TransactionOptions};

/// A transaction a guest has open; dropping it rolls it back.
pub struct Transaction {
    database: Arc<Database>,
    /// What it was begun with.
    begin: String,
    /// Nothing was done in it yet.
    pub(super) is_new: bool,
    pub(super) lease: Lease,
    pub(super) copy: Copy,
}

impl Transaction {
    pub(super) async fn begin(
        database: Arc<Database>,
        options: &TransactionOptions,
    ) -> Outcome<Self> {
        let mut lease = database.lease().await?;
        let begin = options::begin(options, database.statement_timeout_ms());
        lease.begin(&begin).await?;
        let copy = Copy::new(database.limits());
        Ok(Self {
            database,
            begin,
            is_new: true,
            lease,
            copy,
        })
    }

    pub(super) async fn run(&mut self, statement: &Statement, want: &Want) -> Outcome<Rows> {
        if statement.timeout_ms != 0 {
            return Err(error::invalid(
                "within a transaction, its options tell how long a statement may run",
            ));
        }
        self.copy.check_closed()?;
        let known = self.database.known(statement);
        let is_first = std::mem::take(&mut self.is_new);
        let mut outcome = self.lease.run_inside(statement, &known, want).await;
        if is_first && outcome.as_ref().is_err_and(Failure::is_stale) {
            self.lease.begin_anew(&self.begin).await?;
            outcome = self.lease.run_inside(statement, &known, want).await;
        }
        Ok(outcome?)
    }

    /// Runs statements in one round trip.
    pub(super) async fn pipeline(
        &mut self,
        statements: &[Statement],
    ) -> Result<Vec<Rows>, PipelineError> {
        let closed = self.copy.check_closed();
        closed.map_err(|error| error::of_pipeline(statements, error))?;
        pipeline::check_length(statements)?;
        let known = self.database.known_all(statements);
        let is_first = std::mem::take(&mut self.is_new);
        let mut outcome = self.lease.pipeline(statements, &known).await;
        if is_first && outcome.as_ref().is_err_and(Broken::is_stale) {
            let begun = self.lease.begin_anew(&self.begin).await;
            begun.map_err(|error| error::of_pipeline(statements, error))?;
            outcome = self.lease.pipeline(statements, &known).await;
        }
        Ok(outcome?)
    }

    pub(super) async fn commit(mut self) -> Outcome<()> {
        self.copy.check_closed()?;
        self.lease.commit().await
    }

    pub(super) async fn rollback(mut self) -> Outcome<()> {
        // Its connection is closed when it is dropped, which undoes everything.
        match self.copy.is_unfinished() {
            true => Ok(()),
            false => self.lease.rollback().await,
        }
    }
}
