use super::{Db, driver};
use crate::Result;

/// How the pool of connections behind a database does, as
/// [`Db::statistics`] tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// Connections that are open.
    pub connections: u32,
    /// The most there may be.
    pub connections_max: u32,
    /// Those of the open that nobody uses.
    pub idle: u32,
    /// Those that pipeline the single statements of several requests.
    pub lanes: u32,
    /// Requests that wait for a connection.
    pub waiting: u32,
    /// Prepared statements kept on all connections together.
    pub statements: u32,
}

impl Db {
    /// How the pool of connections does, for a page that shows it; an operator
    /// has `/metrics`. In a unit test, away from a host, all are 0.
    ///
    /// ```no_run
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let pool = db.statistics()?;
    /// let is_full = pool.idle == 0 && pool.connections == pool.connections_max;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`is_denied`](crate::Error::is_denied) when the plugin may not use the
    /// database.
    pub fn statistics(&self) -> Result<PoolStatistics> {
        let pool = driver::statistics(&self.name)?;
        Ok(PoolStatistics {
            connections: pool.connections,
            connections_max: pool.connections_max,
            idle: pool.idle,
            lanes: pool.lanes,
            waiting: pool.waiting,
            statements: pool.statements,
        })
    }
}
