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

    pub(in crate::database) fn commit(self) -> Result<()> {
        host::Transaction::commit(self.0).map_err(|e| Error::database(e, "COMMIT"))
    }

    pub(in crate::database) fn rollback(self) -> Result<()> {
        host::Transaction::rollback(self.0).map_err(|e| Error::database(e, "ROLLBACK"))
    }
}
