//! A connection and the statements prepared on it.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio_postgres::{Client, Column, Config, RowStream};

use super::dial::Server;
use super::failure::Failure;
use super::prepared::{KeptStatements, Prepared};
use super::projection::Plan;
use super::protocol::Backend;
use super::statements::Known;
use super::tls::Tls;
use super::types::Types;
use super::verb::Verb;
use super::want::{Collected, Form, Turn, Want};
use super::{error, protocol, wire};
use crate::bindings::exports::plinth::host::handler::Projection;
use crate::bindings::plinth::host::database::{Error, Rows, Statement};
use crate::budget::Budget;
use crate::config::DatabaseLimits;

/// The longest text of a statement: the most parameters and what stands between
/// them.
pub(super) const STATEMENT_BYTES_MAX: usize = 2 << 20;

/// Postgres counts parameters in 16 bits.
const PARAMETERS_MAX: usize = 65_535;

/// Whether a statement runs within a transaction of the guest's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Inside,
    Outside,
}

/// A connection to Postgres with its prepared statements. Several callers may
/// use it at once: their statements are sent one behind the other.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) reach: Reach,
    statements: KeptStatements,
    types: Arc<Types>,
    held: Arc<Budget>,
    result_bytes_max: usize,
    made: Instant,
    age_max: Duration,
    /// A statement may have left something in the session.
    session_touched: AtomicBool,
    /// What the server said when it ended the connection.
    last_words: Arc<OnceLock<Error>>,
}

/// How the server of a connection is reached beside it, and how the connection
/// is broken.
pub(super) struct Reach {
    pub(super) config: Arc<Config>,
    pub(super) tls: Tls,
    pub(super) server: Server,
    pub(super) backend: Backend,
    pub(super) driver: AbortHandle,
    /// Places for connections that end what this one does.
    pub(super) ending: Arc<Semaphore>,
}

/// What the connections of a pool have in common.
pub(super) struct Shared {
    pub(super) types: Arc<Types>,
    pub(super) held: Arc<Budget>,
    /// How many statements are prepared on all of them.
    pub(super) prepared_count: Arc<AtomicUsize>,
}

impl Connection {
    pub(super) fn new(
        client: Client,
        reach: Reach,
        shared: &Shared,
        statements_max: NonZeroUsize,
        limits: &DatabaseLimits,
        last_words: Arc<OnceLock<Error>>,
    ) -> Self {
        Self {
            client,
            reach,
            statements: KeptStatements::new(statements_max, Arc::clone(&shared.prepared_count)),
            types: Arc::clone(&shared.types),
            held: Arc::clone(&shared.held),
            result_bytes_max: limits.result_bytes_max,
            made: Instant::now(),
            age_max: Duration::from_millis(limits.connection_age_ms_max),
            session_touched: AtomicBool::new(false),
            last_words,
        }
    }

    /// The driver's side of it, for what is neither a query nor a command.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Whether it is to be closed when nobody uses it. So what a session has
    /// gathered, known or not, goes with it.
    pub(super) fn is_old(&self) -> bool {
        self.made.elapsed() > self.age_max
    }

    pub(super) fn is_session_touched(&self) -> bool {
        self.session_touched.load(Ordering::Relaxed)
    }

    /// Notes that the session is no longer as it was.
    pub(super) fn touch_session(&self) {
        self.session_touched.store(true, Ordering::Relaxed);
    }

    /// Runs a statement.
    pub(super) async fn run(
        &self,
        statement: &Statement,
        known: &Known,
        scope: Scope,
        want: &Want,
    ) -> Result<Rows, Failure> {
        match self.run_once(statement, known, scope, want).await {
            // Outside a transaction it is prepared anew; inside one Postgres has already given
            // the transaction up.
            Err(Failure::Stale(_)) if scope == Scope::Outside => {
                self.run_once(statement, known, scope, want).await
            }
            outcome => outcome,
        }
    }

    async fn run_once(
        &self,
        statement: &Statement,
        known: &Known,
        scope: Scope,
        want: &Want,
    ) -> Result<Rows, Failure> {
        let prepared = self.prepare(statement, known, scope).await?;
        let parameters = prepared.bind(statement)?;
        let collected = self.collect(&prepared, known, want).await?;
        self.run_prepared(&prepared, known, parameters, collected)
            .await
    }

    /// A place for what is wanted of a statement.
    pub(super) async fn collect(
        &self,
        prepared: &Arc<Prepared>,
        known: &Known,
        want: &Want,
    ) -> Result<Collected, Failure> {
        let form = match want {
            Want::Rows => Form::Rows,
            Want::Count => Form::Count,
            Want::Text(text) => {
                let plan = self.plan(prepared, known, &text.projection).await?;
                Form::Text(Arc::clone(text), plan)
            }
        };
        Ok(Collected::new(form, self.result_bytes_max, &self.held)?)
    }

    /// A place for rows.
    pub(super) fn collect_rows(&self) -> Result<Collected, Error> {
        Collected::new(Form::Rows, self.result_bytes_max, &self.held)
    }

    /// Runs a statement that is prepared. It is sent when this is first polled.
    pub(super) async fn run_prepared(
        &self,
        prepared: &Prepared,
        known: &Known,
        parameters: Vec<wire::Raw<'_>>,
        mut collected: Collected,
    ) -> Result<Rows, Failure> {
        let stream = self.client.query_raw(&prepared.statement, parameters).await;
        let mut stream = pin!(stream.map_err(|cause| self.failure(&cause, known))?);
        while let Some(row) = stream.as_mut().next().await {
            let row = match row {
                Ok(row) => row,
                // It has ended well, and then the connection broke. What Postgres says then is
                // why it did not commit.
                Err(cause) if stream.rows_affected().is_some() && cause.as_db_error().is_none() => {
                    return Err(Failure::Error(error::connection_lost()));
                }
                Err(cause) => return Err(self.failure(&cause, known)),
            };
            if collected.add(&row)? == Turn::Over {
                tokio::task::yield_now().await;
            }
        }
        let affected = stream.rows_affected().unwrap_or_default();
        Ok(collected.end(prepared, affected)?)
    }

    /// Begins a query whose rows the caller reads.
    pub(super) async fn rows(
        &self,
        statement: &Statement,
        known: &Known,
        projection: &Projection,
    ) -> Result<(RowStream, Arc<Plan>), Failure> {
        let prepared = self.prepare(statement, known, Scope::Inside).await?;
        let parameters = prepared.bind(statement)?;
        let plan = self.plan(&prepared, known, projection).await?;
        let rows = self.client.query_raw(&prepared.statement, parameters).await;
        let rows = rows.map_err(|cause| self.failure(&cause, known))?;
        Ok((rows, plan))
    }

    /// How the rows of a statement become text.
    async fn plan(
        &self,
        prepared: &Arc<Prepared>,
        known: &Known,
        projection: &Projection,
    ) -> Result<Arc<Plan>, Failure> {
        if let Some(plan) = prepared.plan(projection) {
            return Ok(plan);
        }
        let forms = self.types.forms(&self.client, &prepared.column_types).await;
        let forms = forms.map_err(|cause| self.failure(&cause, known))?;
        let names = prepared.statement.columns().iter().map(Column::name);
        let columns: Vec<_> = names.zip(&forms).collect();
        let plan = Arc::new(Plan::new(projection, &columns)?);
        self.statements
            .keep_plan(known, prepared, Arc::clone(&plan));
        Ok(plan)
    }

    /// Has Postgres parse and plan a statement, unless it has before.
    pub(super) async fn prepare(
        &self,
        statement: &Statement,
        known: &Known,
        scope: Scope,
    ) -> Result<Arc<Prepared>, Failure> {
        check_size(statement)?;
        check_scope(known.verb, scope)?;
        if known.verb == Verb::Session {
            self.touch_session();
        }
        if let Some(prepared) = self.statements.find(statement, known) {
            return Ok(prepared);
        }
        let prepared = Prepared::new(&self.client, statement).await;
        let prepared = Arc::new(prepared.map_err(|cause| self.failure(&cause, known))?);
        self.statements.keep(known, &prepared);
        Ok(prepared)
    }

    /// Forgets a statement whose plan has gone stale.
    pub(super) fn forget(&self, known: &Known) {
        self.statements.forget(known);
    }

    /// Runs a statement of the host's own.
    pub(super) async fn command(&self, sql: &str) -> Result<(), Error> {
        let outcome = self.client.batch_execute(sql).await;
        outcome.map_err(|cause| self.error(&cause))
    }

    /// Whether the server answers.
    pub(super) async fn is_alive(&self) -> bool {
        self.client.batch_execute("").await.is_ok()
    }

    /// An error, with what the server said before it ended the connection.
    pub(super) fn error(&self, cause: &tokio_postgres::Error) -> Error {
        match self.last_words.get() {
            Some(last_words) if cause.is_closed() => last_words.clone(),
            _ if protocol::is_too_large(cause) => self.too_large(),
            _ => error::from_postgres(cause),
        }
    }

    pub(super) fn result_bytes_max(&self) -> usize {
        self.result_bytes_max
    }

    pub(super) fn too_large(&self) -> Error {
        error::too_large("result_bytes_max", self.result_bytes_max)
    }
}

/// Refuses what no honest plugin sends, before it costs anything.
fn check_size(statement: &Statement) -> Result<(), Error> {
    if statement.sql.len() > STATEMENT_BYTES_MAX {
        return Err(error::invalid(format!(
            "a statement may have {STATEMENT_BYTES_MAX} bytes, and this one has {}",
            statement.sql.len()
        )));
    }
    if statement.parameter_types.len() > PARAMETERS_MAX {
        return Err(error::invalid(format!(
            "a statement may have {PARAMETERS_MAX} parameters"
        )));
    }
    Ok(())
}

fn check_scope(verb: Verb, scope: Scope) -> Result<(), Error> {
    match (verb, scope) {
        (Verb::Transaction, _) => Err(error::invalid(
            "a transaction is begun and ended by the transaction functions, not by SQL text",
        )),
        // As a query it would leave the connection waiting for rows, or for a reader.
        (Verb::Copy, _) => Err(error::invalid(
            "COPY goes through the copy functions of a transaction, from STDIN or to STDOUT",
        )),
        (Verb::Savepoint, Scope::Outside) => {
            Err(error::invalid("a savepoint needs a transaction around it"))
        }
        _ => Ok(()),
    }
}
