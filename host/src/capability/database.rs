//! `wit/database.wit`: SQL on the databases an operator lets a plugin use.
//!
//! The host knows SQL text and Postgres' binary values, and nothing of models.
#![expect(
    clippy::result_large_err,
    reason = "the error is the contract's own record, made once and handed to the guest"
)]

use std::slice;
use std::sync::Arc;

use wasmtime::component::Resource;

use crate::bindings::plinth::host::database::{
    Error, Host, HostPending, HostTransaction, PipelineError, PoolStatistics, Rows, Statement,
    TransactionOptions,
};
use crate::state::State;

mod connection;
mod connector;
mod copy;
mod dial;
mod ending;
mod error;
mod failure;
mod json;
mod lane;
mod lease;
mod login;
mod meter;
mod options;
pub(crate) mod parsers;
mod pending;
mod pipeline;
mod pool;
mod prepared;
mod projection;
mod protocol;
mod reply;
mod row_stream;
mod statements;
mod timed;
pub(crate) mod tls;
mod tokens;
mod transaction;
mod types;
mod url;
mod verb;
mod want;
mod wire;

pub use login::{EXTENSIONS_SCHEMA, Login};
pub(crate) use login::{prepend_options, quote_identifier, search_path, setting};
pub use pending::Pending;
pub use pool::Database;
pub(crate) use reply::QueryBody;
pub use row_stream::RowStream;
pub(crate) use row_stream::StreamLimits;
pub use transaction::Transaction;
pub(crate) use verb::is_transaction_control;

use copy::Direction;
use meter::{charged, metered, metered_pipeline};
use want::Want;

type Outcome<T> = Result<T, Error>;

/// Transactions that one request may have open at once. Each holds a connection,
/// which others wait for.
const TRANSACTIONS_MAX: usize = 4;

/// Queries that one request may have under way at once.
const PENDING_MAX: usize = 32;

impl State {
    fn database(&self, name: &str) -> Outcome<Arc<Database>> {
        self.granted.database(name)
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

    async fn run_outside(
        &mut self,
        database: &str,
        statement: Statement,
        want: Want,
    ) -> Outcome<Rows> {
        self.database(database)?.run(statement, want).await
    }

    async fn pipeline_outside(
        &mut self,
        database: &str,
        statements: &[Statement],
    ) -> Result<Vec<Rows>, PipelineError> {
        let database = self.database(database);
        let database = database.map_err(|error| error::of_pipeline(statements, error))?;
        database.pipeline(statements).await
    }

    fn start_on(&self, database: &str, statement: Statement) -> Outcome<Pending> {
        if self.pending >= PENDING_MAX {
            return Err(error::invalid(format!(
                "a request may have {PENDING_MAX} queries under way at once"
            )));
        }
        let database = self.database(database)?;
        let meter = self.meter(slice::from_ref(&statement));
        let held = Arc::clone(&self.granted.held);
        Ok(Pending::start(metered(meter, async move {
            let rows = database.run(statement, Want::Rows).await?;
            let held = held.hold(rows.data.len()).map_err(error::no_room)?;
            Ok((rows, held))
        })))
    }

    async fn begin_copy(
        &mut self,
        handle: &Resource<Transaction>,
        sql: String,
        direction: Direction,
    ) -> wasmtime::Result<Outcome<()>> {
        self.cpu.pause();
        let statement = copy::statement(sql);
        let meter = self.meter(slice::from_ref(&statement));
        let begin = self
            .transaction(handle)?
            .begin_copy(&statement.sql, direction);
        let outcome = metered(meter, begin).await;
        self.cpu.resume();
        Ok(outcome)
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
        self.count_transaction()?;
        Transaction::begin(self.database(database)?, options).await
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
        let meter = self.meter(slice::from_ref(&statement));
        let run = self.run_outside(&database, statement, Want::Rows);
        let outcome = metered(meter, run).await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn execute(
        &mut self,
        database: String,
        statement: Statement,
    ) -> wasmtime::Result<Outcome<u64>> {
        self.cpu.pause();
        let meter = self.meter(slice::from_ref(&statement));
        let run = self.run_outside(&database, statement, Want::Count);
        let outcome = metered(meter, run).await;
        self.cpu.resume();
        Ok(outcome.map(|rows| rows.affected))
    }

    async fn pipeline(
        &mut self,
        database: String,
        statements: Vec<Statement>,
    ) -> wasmtime::Result<Result<Vec<Rows>, PipelineError>> {
        self.cpu.pause();
        let meter = self.meter(&statements);
        let run = self.pipeline_outside(&database, &statements);
        let outcome = metered_pipeline(meter, statements.len(), run).await;
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
        let time = Arc::clone(self.cpu.host_time());
        let outcome = charged(&time, self.begin_on(&database, &options)).await;
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
        let meter = self.meter(slice::from_ref(&statement));
        let run = self.transaction(&handle)?.run(&statement, &Want::Rows);
        let outcome = metered(meter, run).await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn execute(
        &mut self,
        handle: Resource<Transaction>,
        statement: Statement,
    ) -> wasmtime::Result<Outcome<u64>> {
        self.cpu.pause();
        let meter = self.meter(slice::from_ref(&statement));
        let run = self.transaction(&handle)?.run(&statement, &Want::Count);
        let outcome = metered(meter, run).await;
        self.cpu.resume();
        Ok(outcome.map(|rows| rows.affected))
    }

    async fn pipeline(
        &mut self,
        handle: Resource<Transaction>,
        statements: Vec<Statement>,
    ) -> wasmtime::Result<Result<Vec<Rows>, PipelineError>> {
        self.cpu.pause();
        let meter = self.meter(&statements);
        let run = self.transaction(&handle)?.pipeline(&statements);
        let outcome = metered_pipeline(meter, statements.len(), run).await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn copy_in(
        &mut self,
        handle: Resource<Transaction>,
        sql: String,
    ) -> wasmtime::Result<Outcome<()>> {
        self.begin_copy(&handle, sql, Direction::In).await
    }

    async fn copy_write(
        &mut self,
        handle: Resource<Transaction>,
        data: Vec<u8>,
    ) -> wasmtime::Result<Outcome<()>> {
        self.cpu.pause();
        let time = Arc::clone(self.cpu.host_time());
        let outcome = charged(&time, self.transaction(&handle)?.copy_write(data)).await;
        self.count_failure(&outcome);
        self.cpu.resume();
        Ok(outcome)
    }

    async fn copy_finish(
        &mut self,
        handle: Resource<Transaction>,
    ) -> wasmtime::Result<Outcome<u64>> {
        self.cpu.pause();
        let time = Arc::clone(self.cpu.host_time());
        let outcome = charged(&time, self.transaction(&handle)?.copy_finish()).await;
        self.count_failure(&outcome);
        self.cpu.resume();
        Ok(outcome)
    }

    async fn copy_out(
        &mut self,
        handle: Resource<Transaction>,
        sql: String,
    ) -> wasmtime::Result<Outcome<()>> {
        self.begin_copy(&handle, sql, Direction::Out).await
    }

    async fn copy_read(
        &mut self,
        handle: Resource<Transaction>,
    ) -> wasmtime::Result<Outcome<Vec<u8>>> {
        self.cpu.pause();
        let time = Arc::clone(self.cpu.host_time());
        let outcome = charged(&time, self.transaction(&handle)?.copy_read()).await;
        self.count_failure(&outcome);
        self.cpu.resume();
        Ok(outcome)
    }

    async fn copy_abort(&mut self, handle: Resource<Transaction>) -> wasmtime::Result<()> {
        self.cpu.pause();
        self.transaction(&handle)?.copy_abort().await;
        self.cpu.resume();
        Ok(())
    }

    async fn commit(&mut self, handle: Resource<Transaction>) -> wasmtime::Result<Outcome<()>> {
        self.cpu.pause();
        let outcome = self.end(handle)?.commit().await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn rollback(&mut self, handle: Resource<Transaction>) -> wasmtime::Result<Outcome<()>> {
        self.cpu.pause();
        let outcome = self.end(handle)?.rollback().await;
        self.cpu.resume();
        Ok(outcome)
    }

    async fn drop(&mut self, handle: Resource<Transaction>) -> wasmtime::Result<()> {
        self.end(handle)?;
        Ok(())
    }
}
