//! `wit/database.wit`: SQL on the databases an operator lets a plugin use.
//!
//! The host knows SQL text and Postgres' binary values, and nothing of models.
#![expect(
    clippy::result_large_err,
    reason = "the error is the contract's own record, made once and handed to the guest"
)]

use std::sync::Arc;

use wasmtime::component::Resource;

use crate::bindings::plinth::host::database::{Error, Host, HostTransaction, Rows, Statement};
use crate::state::State;

mod connection;
mod error;
mod pool;
mod verb;
mod wire;

pub use pool::Database;

use connection::Scope;
use pool::Lease;

type Outcome<T> = Result<T, Error>;

/// Transactions that one request may have open at once. Each holds a connection,
/// which others wait for.
const TRANSACTIONS_MAX: usize = 4;

/// A transaction a guest has open; dropping it rolls it back.
pub struct Transaction {
    lease: Lease,
}

impl Transaction {
    async fn begin(database: &Database) -> Outcome<Self> {
        let mut lease = database.lease().await?;
        lease.begin().await?;
        Ok(Self { lease })
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

    async fn begin_on(&mut self, database: &str) -> Outcome<Transaction> {
        if self.transactions >= TRANSACTIONS_MAX {
            return Err(error::invalid(format!(
                "a request may have {TRANSACTIONS_MAX} transactions open at once"
            )));
        }
        Transaction::begin(&*self.database(database)?).await
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
}

impl HostTransaction for State {
    async fn begin(
        &mut self,
        database: String,
    ) -> wasmtime::Result<Outcome<Resource<Transaction>>> {
        self.cpu.pause();
        let outcome = self.begin_on(&database).await;
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
