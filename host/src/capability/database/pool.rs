//! A plugin's pool of connections to one database: some that its requests
//! share, and the others lent to one at a time.
//!
//! `deadpool` pools; the connector is ours rather than `deadpool-postgres`',
//! whose cache of prepared statements has no bound.

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use deadpool::Runtime;
use deadpool::managed::{Pool, QueueMode, Timeouts};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connector::Connector;
use super::error;
use super::lane::{Boarding, Bumped, Lanes};
use super::lease::Lease;
use super::login::Login;
use super::pipeline;
use super::statements::{Known, Statements};
use super::verb::Verb;
use super::want::Want;
use crate::bindings::plinth::host::database::{
    Error, ErrorKind, PipelineError, PoolStatistics, Rows, Statement,
};
use crate::budget::Budget;
use crate::config::{DatabaseConfig, DatabaseLimits};
use crate::metrics::PoolMetrics;

/// How long cleaning a connection may take before it is closed instead.
pub(super) const CLEANUP_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a pool is looked after that has no lanes, in which nothing can be
/// held up.
const TENDED_EVERY: Duration = Duration::from_secs(1);

/// A plugin's bounded pool of connections to a database.
pub struct Database {
    name: String,
    pool: Pool<Connector>,
    lanes: Lanes,
    /// Places for queries that are streamed, each of which holds a connection for as
    /// long as its client reads.
    streams: Arc<Semaphore>,
    statements: Statements,
    limits: DatabaseLimits,
    metrics: Arc<PoolMetrics>,
}

impl Database {
    /// Makes the pool. Its first connections are made beside the caller, all
    /// others when they are needed.
    ///
    /// # Errors
    ///
    /// When the URL is not one, or TLS is wanted and there is nobody to trust.
    pub fn new(
        name: &str,
        config: &DatabaseConfig,
        login: &Login,
        held: Arc<Budget>,
    ) -> Result<Arc<Self>> {
        let connector = Connector::new(name, config, login, held);
        let connector = connector.with_context(|| format!("databases.{name}"))?;
        let limits = config.limits.clone();
        let pool = Pool::builder(connector)
            .max_size(limits.connections_max)
            // The one used last is the likeliest to have the statement prepared, and those used
            // least can be closed.
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts {
                wait: Some(Duration::from_millis(limits.acquire_timeout_ms)),
                create: Some(Duration::from_millis(limits.connect_timeout_ms)),
                recycle: Some(CLEANUP_TIMEOUT),
            })
            .runtime(Runtime::Tokio1)
            .build()
            .context("cannot make a connection pool")?;
        let (lanes_max, streams_max) = parts(limits.lanes_max, limits.connections_max);
        let hold_max = Duration::from_millis(limits.lane_hold_ms_max);
        let statements_max = NonZeroUsize::new(limits.statements_max)
            .context("statements_max must be at least 1")?;
        let database = Arc::new(Self {
            name: name.to_owned(),
            metrics: Arc::clone(&pool.manager().metrics),
            pool,
            lanes: Lanes::new(lanes_max, hold_max),
            streams: Arc::new(Semaphore::new(streams_max)),
            statements: Statements::new(statements_max),
            limits,
        });
        tokio::spawn(tend(Arc::downgrade(&database)));
        Ok(database)
    }

    /// Asks the server for an answer.
    ///
    /// That all connections are in use is no fault of the server's: they are
    /// taken for an answer.
    ///
    /// # Errors
    ///
    /// When no connection can be made, or the server does not answer on it.
    pub async fn check(&self) -> Result<()> {
        match self.lease().await {
            Ok(mut lease) => lease.command("SELECT 1").await.map_err(describe),
            Err(error) if error.kind == ErrorKind::Busy => Ok(()),
            Err(error) => Err(describe(error)),
        }
    }

    /// Closes every connection, now or when it comes back.
    pub fn close(&self) {
        self.pool.close();
        self.lanes.close();
    }

    pub(crate) fn metrics(&self) -> &PoolMetrics {
        &self.metrics
    }

    /// How the pool does.
    pub fn statistics(&self) -> PoolStatistics {
        let status = self.pool.status();
        let (lanes, idle_lanes) = self.lanes.count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        PoolStatistics {
            connections: count(status.size),
            connections_max: count(status.max_size),
            idle: count(status.available + idle_lanes),
            lanes: count(lanes),
            waiting: count(status.waiting),
            statements: count(self.pool.manager().prepared_count()),
        }
    }

    /// Runs a statement outside a transaction.
    pub(super) async fn run(
        self: &Arc<Self>,
        mut statement: Statement,
        want: Want,
    ) -> Result<Rows, Error> {
        let known = self.known(&statement);
        if self.may_ride(&statement, &known) {
            let lane = match self.lanes.board() {
                Boarding::Take(lane) => Some(lane),
                Boarding::TakeAndOpen(lane) => {
                    self.open_lane();
                    Some(lane)
                }
                Boarding::Open => {
                    self.open_lane();
                    None
                }
                Boarding::None => None,
            };
            if let Some(lane) = lane {
                match lane.ride(statement, Arc::clone(&known), want.clone()).await {
                    Ok(rows) => {
                        self.metrics.lane_statements.increment();
                        return Ok(rows);
                    }
                    Err(Bumped::Failed(error)) => return Err(error),
                    Err(Bumped::Elsewhere(again)) => {
                        self.metrics.lane_restarts.increment();
                        statement = again;
                    }
                }
            }
        }
        self.run_alone(&statement, &known, &want).await
    }

    /// Whether a statement may go behind others, and others behind it.
    fn may_ride(&self, statement: &Statement, known: &Known) -> bool {
        let usual_max = Duration::from_millis(self.limits.lane_statement_ms_max);
        known.verb == Verb::Plain && statement.timeout_ms == 0 && known.is_quick(usual_max)
    }

    async fn run_alone(
        &self,
        statement: &Statement,
        known: &Known,
        want: &Want,
    ) -> Result<Rows, Error> {
        let mut lease = self.lease().await?;
        let is_timed = (1..self.limits.statement_timeout_ms).contains(&statement.timeout_ms.into());
        match is_timed {
            true => lease.run_timed(statement, known, want).await,
            false => lease.run_outside(statement, known, want).await,
        }
    }

    /// Runs statements in one round trip, in a transaction of their own.
    pub(super) async fn pipeline(
        &self,
        statements: &[Statement],
    ) -> Result<Vec<Rows>, PipelineError> {
        pipeline::check_length(statements)?;
        let known = self.known_all(statements);
        let lease = self.lease().await;
        let mut lease = lease.map_err(|error| error::of_pipeline(statements, error))?;
        Ok(lease.atomic_pipeline(statements, &known).await?)
    }

    pub(super) fn known(&self, statement: &Statement) -> Arc<Known> {
        self.statements.known(&statement.sql)
    }

    pub(super) fn known_all(&self, statements: &[Statement]) -> Vec<Arc<Known>> {
        let known = statements.iter().map(|statement| self.known(statement));
        known.collect()
    }

    /// Takes a place for a query that is streamed.
    pub(super) fn stream_place(&self) -> Result<OwnedSemaphorePermit, Error> {
        let place = Arc::clone(&self.streams).try_acquire_owned();
        place.map_err(|_| {
            let message = "as many answers are streamed as there are connections for it";
            error::error(ErrorKind::Busy, message)
        })
    }

    /// How long a statement may run.
    pub(super) fn statement_timeout_ms(&self) -> u64 {
        self.limits.statement_timeout_ms
    }

    pub(super) fn limits(&self) -> &DatabaseLimits {
        &self.limits
    }

    /// Takes a connection from the pool.
    pub(super) async fn lease(&self) -> Result<Lease, Error> {
        match self.pool.get().await {
            Ok(connection) => Ok(Lease::new(connection)),
            Err(cause) => {
                let error = error::from_pool(&self.name, &cause);
                let missed = match error.kind {
                    ErrorKind::Busy => &self.metrics.acquire_timeouts,
                    _ => &self.metrics.connect_failures,
                };
                missed.increment();
                Err(error)
            }
        }
    }

    /// Makes a free connection a lane, beside the caller.
    fn open_lane(self: &Arc<Self>) {
        if self.lanes.opening.swap(true, Ordering::AcqRel) {
            return;
        }
        let database = Arc::clone(self);
        tokio::spawn(async move {
            if let Ok(connection) = database.pool.timeout_get(&database.at_once()).await {
                database.lanes.add(connection);
            }
            database.lanes.opening.store(false, Ordering::Release);
        });
    }

    /// Only those connections that nobody waits for.
    fn at_once(&self) -> Timeouts {
        Timeouts {
            wait: Some(Duration::ZERO),
            ..self.pool.timeouts()
        }
    }

    /// Closes what was idle for too long, and opens what should be there.
    async fn keep_size(&self) {
        let idle_max = Duration::from_millis(self.limits.idle_timeout_ms);
        let min = self.limits.connections_min;
        let mut spare = self.pool.status().size.saturating_sub(min);
        self.pool.retain(|connection, metrics| {
            if connection.is_closed() || connection.is_old() {
                return false;
            }
            let is_spare = spare > 0 && metrics.last_used() > idle_max;
            spare -= usize::from(is_spare);
            !is_spare
        });
        // Held together, so that none is counted twice.
        let mut opened = Vec::new();
        while self.pool.status().size < min {
            match self.pool.timeout_get(&self.at_once()).await {
                Ok(connection) => opened.push(connection),
                Err(_) => break,
            }
        }
    }
}

/// How many connections lanes and streams may take: half of them together, so that
/// the others stay for transactions; of very few, one each where one is left.
fn parts(lanes_max: usize, connections_max: usize) -> (usize, usize) {
    let half = connections_max / 2;
    let lanes = match connections_max {
        0..=2 => 0,
        3 => lanes_max.min(1),
        _ => lanes_max.min(half - 1),
    };
    (lanes, (half.saturating_sub(lanes)).max(1))
}

/// Looks after a pool until it is gone.
async fn tend(database: Weak<Database>) {
    let mut kept = Instant::now();
    let mut has_lanes = false;
    if let Some(database) = database.upgrade() {
        database.keep_size().await;
    }
    loop {
        let Some(hold_max) = database
            .upgrade()
            .map(|database| database.limits.lane_hold_ms_max)
        else {
            return;
        };
        let pause = match has_lanes {
            true => Duration::from_millis(hold_max.div_ceil(2)).min(TENDED_EVERY),
            false => TENDED_EVERY,
        };
        tokio::time::sleep(pause).await;
        let Some(database) = database.upgrade() else {
            return;
        };
        let idle_max = Duration::from_millis(database.limits.idle_timeout_ms);
        has_lanes = database.lanes.tend(idle_max);
        if kept.elapsed() >= TENDED_EVERY {
            kept = Instant::now();
            database.keep_size().await;
        }
    }
}

fn describe(error: Error) -> anyhow::Error {
    let state = error
        .sqlstate
        .map(|state| format!(" (SQLSTATE {state})"))
        .unwrap_or_default();
    anyhow::anyhow!("{}{state}", error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_have_half_of_the_connections() {
        for connections in 4..200 {
            for wanted in [0, 1, 4, 100] {
                let (lanes, streams) = parts(wanted, connections);
                assert!(lanes <= wanted && streams >= 1);
                assert!(lanes + streams <= connections / 2, "{connections}");
            }
        }
        for (connections, expected) in [(1, (0, 1)), (2, (0, 1)), (3, (1, 1)), (16, (4, 4))] {
            assert_eq!(parts(4, connections), expected);
        }
    }
}
