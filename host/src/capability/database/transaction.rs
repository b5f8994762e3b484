//! A transaction that a guest has open.

use std::sync::Arc;

use super::copy::Copy;
use super::lease::Lease;
use super::pipeline;
use super::want::Want;
use super::{Database, Outcome, error, options};
use crate::bindings::plinth::host::database::{PipelineError, Rows, Statement, TransactionOptions};

/// A transaction a guest has open; dropping it rolls it back.
pub struct Transaction {
    database: Arc<Database>,
    pub(super) lease: Lease,
    pub(super) copy: Copy,
}

impl Transaction {
    pub(super) async fn begin(
        database: Arc<Database>,
        options: &TransactionOptions,
    ) -> Outcome<Self> {
        let mut lease = database.lease().await?;
        let sql = options::begin(options, database.statement_timeout_ms());
        lease.begin(&sql).await?;
        let copy = Copy::new(database.limits());
        Ok(Self {
            database,
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
        self.lease.run_inside(statement, &known, want).await
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
        self.lease.pipeline(statements, &known).await
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
