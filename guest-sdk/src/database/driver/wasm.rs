use crate::bindings::plinth::host::database as host;

pub(in crate::database) use host::{execute, query};

/// A transaction in the host, which rolls it back when this is dropped.
pub(in crate::database) struct Transaction(host::Transaction);

impl Transaction {
    pub(in crate::database) fn begin(database: &str) -> Result<Self, host::Error> {
        host::Transaction::begin(database).map(Self)
    }

    pub(in crate::database) fn query(
        &self,
        statement: &host::Statement,
    ) -> Result<host::Rows, host::Error> {
        self.0.query(statement)
    }

    pub(in crate::database) fn execute(
        &self,
        statement: &host::Statement,
    ) -> Result<u64, host::Error> {
        self.0.execute(statement)
    }

    pub(in crate::database) fn commit(self) -> Result<(), host::Error> {
        host::Transaction::commit(self.0)
    }

    pub(in crate::database) fn rollback(self) -> Result<(), host::Error> {
        host::Transaction::rollback(self.0)
    }
}
