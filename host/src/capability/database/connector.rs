//! How a pool makes its connections and tells whether one may be lent again.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};

use tokio::sync::Semaphore;

use super::connection::{Connection, Reach, Shared};
use super::dial::{DialError, Dialed, dial};
use super::error;
use super::login::{Login, prepend_options, setting};
use super::tls::{self, Tls};
use crate::budget::Budget;
use crate::config::{DatabaseConfig, DatabaseLimits};
use crate::metrics::PoolMetrics;

/// A connection that was not used for so long is asked whether it is alive
/// before it is lent: a firewall may have forgotten it without a word.
const TRUSTED_FOR: Duration = Duration::from_secs(30);

/// Connections that a pool may have, beside its own, to end what others do.
const ENDING_MAX: usize = 2;

/// How long a server may say nothing at all, not even that bytes have arrived.
const SILENT_FOR: Duration = Duration::from_secs(30);

/// Makes connections for a pool.
pub(super) struct Connector {
    database: String,
    config: Arc<tokio_postgres::Config>,
    tls: Tls,
    /// The first thing a new session is asked to do.
    first_words: Option<&'static str>,
    statements_max: NonZeroUsize,
    limits: DatabaseLimits,
    made: AtomicUsize,
    ending: Arc<Semaphore>,
    shared: Shared,
    pub(super) metrics: Arc<PoolMetrics>,
}

impl Connector {
    pub(super) fn new(
        name: &str,
        config: &DatabaseConfig,
        login: &Login,
        held: Arc<Budget>,
    ) -> Result<Self> {
        let DatabaseLimits {
            statements_max,
            statement_timeout_ms,
            transaction_idle_ms_max,
            ..
        } = config.limits;
        let (mut postgres, tls) = tls::server(config)?;
        let settings = [
            setting("statement_timeout", &statement_timeout_ms.to_string()),
            setting(
                "idle_in_transaction_session_timeout",
                &transaction_idle_ms_max.to_string(),
            ),
            setting("TimeZone", "UTC"),
        ];
        for setting in &settings {
            prepend_options(&mut postgres, setting);
        }
        let first_words = login.first_words(&postgres);
        login.apply(&mut postgres);
        give_up_on_the_silent(&mut postgres);
        if postgres.get_application_name().is_none() {
            postgres.application_name("plinth");
        }
        Ok(Self {
            database: name.to_owned(),
            config: Arc::new(postgres),
            tls,
            first_words,
            statements_max: NonZeroUsize::new(statements_max)
                .context("statements_max must be at least 1")?,
            limits: config.limits.clone(),
            made: AtomicUsize::new(0),
            ending: Arc::new(Semaphore::new(ENDING_MAX)),
            shared: Shared {
                types: Arc::default(),
                held,
                prepared_count: Arc::default(),
            },
            metrics: Arc::default(),
        })
    }

    /// How many statements are prepared on all connections together.
    pub(super) fn prepared_count(&self) -> usize {
        self.shared.prepared_count.load(Ordering::Relaxed)
    }
}

impl managed::Manager for Connector {
    type Type = Connection;
    type Error = DialError;

    async fn create(&self) -> Result<Connection, DialError> {
        // On the heap, because guests' fibers have small stacks.
        let dialing = dial(&self.config, &self.tls, self.limits.result_bytes_max);
        let dialed = Box::pin(dialing).await?;
        let Dialed {
            client,
            driver,
            server,
            backend,
        } = dialed;
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        let database = self.database.clone();
        let last_words = Arc::new(OnceLock::new());
        let heard = Arc::clone(&last_words);
        self.metrics.opened.increment();
        let metrics = Arc::clone(&self.metrics);
        let closed = Closed(Arc::clone(&metrics));
        let driver = tokio::spawn(async move {
            let _closed = closed;
            let ended = driver.await;
            if let Err(cause) = ended {
                metrics.lost.increment();
                tracing::warn!(
                    target: "plinth::database", database, connection = number, %cause, "connection lost"
                );
                if cause.as_db_error().is_some() {
                    let _ = heard.set(error::from_postgres(&cause));
                }
            }
        });
        if let Some(first_words) = self.first_words {
            client.batch_execute(first_words).await?;
        }
        let reach = Reach {
            config: Arc::clone(&self.config),
            tls: self.tls.clone(),
            server,
            backend,
            driver: driver.abort_handle(),
            ending: Arc::clone(&self.ending),
        };
        Ok(Connection::new(
            client,
            reach,
            &self.shared,
            self.statements_max,
            &self.limits,
            last_words,
        ))
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        metrics: &Metrics,
    ) -> RecycleResult<DialError> {
        if connection.is_closed() {
            return Err(RecycleError::message("the connection is closed"));
        }
        if connection.is_old() {
            return Err(RecycleError::message("the connection is old"));
        }
        if metrics.last_used() > TRUSTED_FOR && !connection.is_alive().await {
            return Err(RecycleError::message("the server does not answer"));
        }
        Ok(())
    }
}

/// Counts the end of a connection, also of one that is broken.
struct Closed(Arc<PoolMetrics>);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.closed.increment();
    }
}

/// Notices a server that went away without a word, unless the URL says how:
/// the driver's own defaults take two hours.
fn give_up_on_the_silent(config: &mut tokio_postgres::Config) {
    let drivers = tokio_postgres::Config::new().get_keepalives_idle();
    if config.get_keepalives_idle() == drivers {
        config.keepalives_idle(SILENT_FOR);
        config.keepalives_interval(SILENT_FOR / 3);
        config.keepalives_retries(3);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENT_FOR);
    }
}
