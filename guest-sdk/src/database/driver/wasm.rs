use crate::bindings::plinth::host::database as host;
use crate::{Error, Result};

pub(in crate::database) fn query(
    database: &str,
    statement: &host::Statement,
) -> Result<host::Rows> {
    host::query(database, statement).map_err(|e| Error::database(e, &statement.sql))
}

pub(in crate::database) fn execute(database: &str, statement: &host::Statement) -> Result<u64> {
    host::execute(database, statement).map_err(|e| Error::database(e, &statement.sql))
}

pub(in crate::database) fn pipeline(
    database: &str,
    statements: &[host::Statement],
) -> Result<Vec<host::Rows>> {
    host::pipeline(database, statements).map_err(|e| failure(e, statements))
}

pub(in crate::database) fn statistics(database: &str) -> Result<host::PoolStatistics> {
    host::statistics(database).map_err(|e| Error::database(e, ""))
}

/// The error of a pipeline, with the index of the statement if it was one of
/// them that failed.
fn failure(failed: host::PipelineError, statements: &[host::Statement]) -> Error {
    let index = failed.index as usize;
    match statements.get(index) {
        Some(statement) => Error::database(failed.error, &statement.sql).in_pipeline(index),
        None => Error::database(failed.error, "COMMIT"),
    }
}

/// A query that runs in the host, which gives it up when this is dropped.
pub(in crate::database) struct Started {
    handle: host::Pending,
    sql: String,
}

pub(in crate::database) fn start(database: &str, statement: host::Statement) -> Result<Started> {
    match host::Pending::start(database, &statement) {
        Ok(handle) => Ok(Started {
            handle,
            sql: statement.sql,
        }),
        Err(error) => Err(Error::database(error, &statement.sql)),
    }
}

impl Started {
    pub(in crate::database) fn wait(self) -> Result<host::Rows> {
        host::Pending::wait(self.handle).map_err(|e| Error::database(e, &self.sql))
    }
}

/// A transaction in the host, which rolls it back when this is dropped.
pub(in crate::database) struct Transaction(host::Transaction);

impl Transaction {
    pub(in crate::database) fn begin(
        database: &str,
        options: host::TransactionOptions,
    ) -> Result<Self> {
        let begun = host::Transaction::begin(database, options);
        begun.map(Self).map_err(|e| Error::database(e, "BEGIN"))
    }

    pub(in crate::database) fn query(&self, statement: &host::Statement) -> Result<host::Rows> {
        self.0
            .query(statement)
            .map_err(|e| Error::database(e, &statement.sql))
    }

    pub(in crate::database) fn execute(&self, statement: &host::Statement) -> Result<u64> {
        self.0
            .execute(statement)
            .map_err(|e| Error::database(e, &statement.sql))
    }

    pub(in crate::database) fn pipeline(
        &self,
        statements: &[host::Statement],
    ) -> Result<Vec<host::Rows>> {
        self.0
            .pipeline(statements)
            .map_err(|e| failure(e, statements))
    }

    pub(in crate::database) fn copy_in(&self, sql: &str) -> Result<()> {
        self.0.copy_in(sql).map_err(|e| Error::database(e, sql))
    }

    pub(in crate::database) fn copy_write(&self, data: &[u8], sql: &str) -> Result<()> {
        self.0.copy_write(data).map_err(|e| Error::database(e, sql))
    }

    pub(in crate::database) fn copy_finish(&self, sql: &str) -> Result<u64> {
        self.0.copy_finish().map_err(|e| Error::database(e, sql))
    }

    pub(in crate::database) fn copy_out(&self, sql: &str) -> Result<()> {
        self.0.copy_out(sql).map_err(|e| Error::database(e, sql))
    }

    pub(in crate::database) fn copy_read(&self, sql: &str) -> Result<Vec<u8>> {
        self.0.copy_read().map_err(|e| Error::database(e, sql))
    }

    pub(in crate::database) fn copy_abort(&self) {
        self.0.copy_abort();
    }

    pub(in crate::database) fn commit(self) -> Result<()> {
        host::Transaction::commit(self.0).map_err(|e| Error::database(e, "COMMIT"))
    }

    pub(in crate::database) fn rollback(self) -> Result<()> {
        host::Transaction::rollback(self.0).map_err(|e| Error::database(e, "ROLLBACK"))
    }
}
