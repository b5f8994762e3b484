//! `wit/database.wit`: SQL on the databases an operator lets a plugin use.
//!
//! The host knows SQL text and Postgres' binary values, and nothing of models.
#![expect(
    clippy::result_large_err,
    reason = "the error is the contract's own record, made once and handed to the guest"
)]

use std::sync::Arc;

use wasmtime::component::Resource;

use crate::bindings::plinth::host::database::{
    Error, Host, HostPending, HostTransaction, PipelineError, PoolStatistics, Rows, Statement,
    TransactionOptions,
};
use crate::state::State;

mod connection;
mod error;
mod login;
mod options;
mod pending;
mod pool;
mod verb;
mod wire;

pub use login::{EXTENSIONS_SCHEMA, Login};
pub use pending::Pending;
pub use pool::Database;

use connection::Scope;
use pool::Lease;

type Outcome<T> = Result<T, Error>;

/// Transactions that one request may have open at once. Each holds a connection,
/// which others wait for.
const TRANSACTIONS_MAX: usize = 4;

/// Queries that one request may have under way at once.
const PENDING_MAX: usize = 32;

/// A transaction a guest has open; dropping it rolls it back.
pub struct Transaction {
    lease: Lease,
}

impl Transaction {
    async fn begin(database: &Database, options: &TransactionOptions) -> Outcome<Self> {
        let mut lease = database.lease().await?;
        let sql = options::begin(options, database.statement_timeout_ms());
        lease.begin(&sql).await?;
        Ok(Self { lease })
    }

    /// Runs statements one after the other until one fails.
    async fn pipeline(&mut self, statements: &[Statement]) -> Result<Vec<Rows>, PipelineError> {
        let mut results = Vec::with_capacity(statements.len());
        for (index, statement) in (0..).zip(statements) {
            let outcome = self.lease.query(statement, Scope::Inside).await;
            results.push(outcome.map_err(|error| PipelineError { index, error })?);
        }
        Ok(results)
    }
}

impl State {
    fn database(&self, name: &str) -> Outcome<Arc<Database>> {
        self.granted
            .databases
            .get(name)
            .cloned()
            .ok_or_else(|| error::denied(&self.granted.plugin, name))
    }

    fn transaction(
        &mut self,
        handle: &Resource<Transaction>,
    ) -> wasmtime::Result<&mut Transaction> {
        Ok(self.resources.get_mut(handle)?)
    }

    /// Takes a transaction from the guest, which has ended it.
    fn end(&mut self, handle: Resource<Transaction>) -> wasmtime::Result<Transaction> {
        let transaction = self.resources.delete(handle)?;
        self.transactions -= 1;
        Ok(transaction)
    }

    async fn query_outside(&mut self, database: &str, statement: &Statement) -> Outcome<Rows> {
        self.database(database)?
            .lease()
            .await?
            .query(statement, Scope::Outside)
            .await
    }

    async fn execute_outside(&mut self, database: &str, statement: &Statement) -> Outcome<u64> {
        self.database(database)?
            .lease()
            .await?
            .execute(statement, Scope::Outside)
            .await
    }

    fn start_on(&self, database: &str, statement: Statement) -> Outcome<Pending> {
        if self.pending >= PENDING_MAX {
            return Err(error::invalid(format!(
                "a request may have {PENDING_MAX} queries under way at once"
            )));
        }
        let database = self.database(database)?;
        Ok(Pending::start(async move {
            let mut lease = database.lease().await?;
            lease.query(&statement, Scope::Outside).await
        }))
    }

    async fn pipeline_outside(
        &mut self,
        database: &str,
        statements: &[Statement],
    ) -> Result<Vec<Rows>, PipelineError> {
        let whole = |error| PipelineError {
            index: u32::try_from(statements.len()).unwrap_or(u32::MAX),
            error,
        };
        let database = self.database(database).map_err(whole)?;
        let begun = Transaction::begin(&database, &options::PLAIN).await;
        let mut transaction = begun.map_err(whole)?;
        let results = transaction.pipeline(statements).await?;
        transaction.lease.commit().await.map_err(whole)?;
        Ok(results)
    }

    async fn begin_on(
        &mut self,
        database: &str,
        options: &TransactionOptions,
    ) -> Outcome<Transaction> {
        if self.transactions >= TRANSACTIONS_MAX {
            return Err(error::invalid(format!(
                "a request may have {TRANSACTIONS_MAX} transactions open at once"
            )));
        }
        Transaction::begin(&*self.database(database)?, options).await
    }
}

// While the guest waits for Postgres, its clock stands still: `cpu.pause` before
// and `cpu.resume` after every wait.
impl Host for State {
    async fn query(
        &mut self,
        database: String,
        statement: Statement,
    ) -> wasmtime::Result<Outcome<Rows>> {
        self.cpu.pause();
        let outcome = self.query_outside(&database, &statement).await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn execute(
        &mut self,
        database: String,
        statement: Statement,
    ) -> wasmtime::Result<Outcome<u64>> {
        self.cpu.pause();
        let outcome = self.execute_outside(&database, &statement).await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn pipeline(
        &mut self,
        database: String,
        statements: Vec<Statement>,
    ) -> wasmtime::Result<Result<Vec<Rows>, PipelineError>> {
        self.cpu.pause();
        let outcome = self.pipeline_outside(&database, &statements).await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn statistics(&mut self, database: String) -> wasmtime::Result<Outcome<PoolStatistics>> {
        Ok(self
            .database(&database)
            .map(|database| database.statistics()))
    }
}

impl HostPending for State {
    async fn start(
        &mut self,
        database: String,
        statement: Statement,
    ) -> wasmtime::Result<Outcome<Resource<Pending>>> {
        match self.start_on(&database, statement) {
            Ok(pending) => {
                self.pending += 1;
                Ok(Ok(self.resources.push(pending)?))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    async fn wait(&mut self, handle: Resource<Pending>) -> wasmtime::Result<Outcome<Rows>> {
        self.pending -= 1;
        let pending = self.resources.delete(handle)?;
        self.cpu.pause();
        let outcome = pending.wait().await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn drop(&mut self, handle: Resource<Pending>) -> wasmtime::Result<()> {
        self.pending -= 1;
        self.resources.delete(handle)?;
        Ok(())
    }
}

impl HostTransaction for State {
    async fn begin(
        &mut self,
        database: String,
        options: TransactionOptions,
    ) -> wasmtime::Result<Outcome<Resource<Transaction>>> {
        self.cpu.pause();
        let outcome = self.begin_on(&database, &options).await;
        self.cpu.resume();
        match outcome {
            Ok(transaction) => {
                self.transactions += 1;
                Ok(Ok(self.resources.push(transaction)?))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    async fn query(
        &mut self,
        handle: Resource<Transaction>,
        statement: Statement,
    ) -> wasmtime::Result<Outcome<Rows>> {
        self.cpu.pause();
        let outcome = self
            .transaction(&handle)?
            .lease
            .query(&statement, Scope::Inside)
            .await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn execute(
        &mut self,
        handle: Resource<Transaction>,
        statement: Statement,
    ) -> wasmtime::Result<Outcome<u64>> {
        self.cpu.pause();
        let outcome = self
            .transaction(&handle)?
            .lease
            .execute(&statement, Scope::Inside)
            .await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn pipeline(
        &mut self,
        handle: Resource<Transaction>,
        statements: Vec<Statement>,
    ) -> wasmtime::Result<Result<Vec<Rows>, PipelineError>> {
        self.cpu.pause();
        let outcome = self.transaction(&handle)?.pipeline(&statements).await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn commit(&mut self, handle: Resource<Transaction>) -> wasmtime::Result<Outcome<()>> {
        self.cpu.pause();
        let mut transaction = self.end(handle)?;
        let outcome = transaction.lease.commit().await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn rollback(&mut self, handle: Resource<Transaction>) -> wasmtime::Result<Outcome<()>> {
        self.cpu.pause();
        let mut transaction = self.end(handle)?;
        let outcome = transaction.lease.rollback().await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn drop(&mut self, handle: Resource<Transaction>) -> wasmtime::Result<()> {
        self.end(handle)?;
        Ok(())
    }
}
