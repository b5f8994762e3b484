//! A connection and the statements prepared on it.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use lru::LruCache;
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, RowStream};

use super::failure::Failure;
use super::projection::Plan;
use super::statements::Known;
use super::tls::Tls;
use super::verb::Verb;
use super::want::{Collected, Want};
use super::{error, wire};
use crate::bindings::exports::plinth::host::handler::Projection;
use crate::bindings::plinth::host::database::{Error, Rows, Statement};
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
    client: Client,
    tls: Tls,
    prepared: Mutex<LruCache<u64, Arc<Prepared>>>,
    /// How many statements are prepared on all connections of the pool.
    prepared_count: Arc<AtomicUsize>,
    result_bytes_max: usize,
    made: Instant,
    age_max: Duration,
    /// A statement may have left something in the session.
    session_touched: AtomicBool,
    /// What the server said when it ended the connection.
    last_words: Arc<OnceLock<Error>>,
}

/// A statement Postgres has parsed and planned. When the last of its users has
/// gone, the driver has Postgres forget it.
pub(super) struct Prepared {
    statement: tokio_postgres::Statement,
    /// What the guest said the parameters are; another call may say otherwise.
    parameter_types: Vec<u32>,
    column_types: Vec<u32>,
    column_names: String,
    /// How its rows were last written.
    plan: Mutex<Option<Arc<Plan>>>,
}

impl Connection {
    pub(super) fn new(
        client: Client,
        tls: Tls,
        prepared_max: NonZeroUsize,
        prepared_count: Arc<AtomicUsize>,
        limits: &DatabaseLimits,
        last_words: Arc<OnceLock<Error>>,
    ) -> Self {
        Self {
            client,
            tls,
            prepared: Mutex::new(LruCache::new(prepared_max)),
            prepared_count,
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
        self.run_prepared(&prepared, known, parameters, want).await
    }

    /// Runs a statement that is prepared. It is sent when this is first polled.
    pub(super) async fn run_prepared(
        &self,
        prepared: &Prepared,
        known: &Known,
        parameters: Vec<wire::Raw<'_>>,
        want: &Want,
    ) -> Result<Rows, Failure> {
        let mut collected = Collected::new(want, prepared, self.result_bytes_max)?;
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
            collected.add(&row)?;
        }
        let (column_types, column_names) = match want {
            Want::Rows => (prepared.column_types.clone(), prepared.column_names.clone()),
            Want::Count | Want::Text(_) => (Vec::new(), String::new()),
        };
        Ok(Rows {
            column_types,
            column_names,
            affected: stream.rows_affected().unwrap_or_default(),
            count: collected.count,
            data: collected.data,
        })
    }

    /// Begins a query whose rows the caller reads.
    pub(super) async fn rows(
        &self,
        statement: &Statement,
        known: &Known,
        projection: &Projection,
    ) -> Result<(RowStream, Arc<Plan>), Failure> {
        let prepared = self.prepare(statement, known, Scope::Inside).await?;
        let plan = prepared.plan(projection)?;
        let parameters = prepared.bind(statement)?;
        let rows = self.client.query_raw(&prepared.statement, parameters).await;
        let rows = rows.map_err(|cause| self.failure(&cause, known))?;
        Ok((rows, plan))
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
        if let Some(prepared) = self.find(statement, known) {
            return Ok(prepared);
        }
        let prepared = prepare(&self.client, statement).await;
        let prepared = Arc::new(prepared.map_err(|cause| self.failure(&cause, known))?);
        if let Some(number) = known.number {
            let mut kept = self.kept();
            let before = kept.len();
            kept.push(number, Arc::clone(&prepared));
            let added = kept.len() - before;
            self.prepared_count.fetch_add(added, Ordering::Relaxed);
        }
        Ok(prepared)
    }

    /// Forgets a statement whose plan has gone stale: after a migration it can
    /// differ from what the table is now.
    pub(super) fn forget(&self, known: &Known) {
        let number = known.number;
        if number.is_some_and(|number| self.kept().pop(&number).is_some()) {
            self.prepared_count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Runs a statement of the host's own.
    pub(super) async fn command(&self, sql: &str) -> Result<(), Error> {
        let outcome = self.client.batch_execute(sql).await;
        outcome.map_err(|cause| self.error(&cause))
    }

    /// Asks the server to stop what this connection is doing.
    pub(super) async fn cancel(&self) -> Result<(), tokio_postgres::Error> {
        self.tls.cancel(&self.client).await
    }

    /// Whether the server answers.
    pub(super) async fn is_alive(&self) -> bool {
        self.client.batch_execute("").await.is_ok()
    }

    fn find(&self, statement: &Statement, known: &Known) -> Option<Arc<Prepared>> {
        let mut kept = self.kept();
        let prepared = kept.get(&known.number?)?;
        (prepared.parameter_types == statement.parameter_types).then(|| Arc::clone(prepared))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, LruCache<u64, Arc<Prepared>>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error, with what the server said before it ended the connection.
    pub(super) fn error(&self, cause: &tokio_postgres::Error) -> Error {
        match self.last_words.get() {
            Some(last_words) if cause.is_closed() => last_words.clone(),
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

impl Prepared {
    /// How its rows become text. The plan is kept, because it seldom differs.
    pub(super) fn plan(&self, projection: &Projection) -> Result<Arc<Plan>, Error> {
        let mut kept = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = kept.as_ref().filter(|plan| plan.is_of(projection)) {
            return Ok(Arc::clone(plan));
        }
        let columns = self.statement.columns().iter();
        let columns: Vec<_> = columns
            .map(|column| (column.name(), column.type_()))
            .collect();
        let plan = Arc::new(Plan::new(projection, &columns)?);
        *kept = Some(Arc::clone(&plan));
        Ok(plan)
    }

    /// The parameters of a call of it.
    pub(super) fn bind<'a>(&self, statement: &'a Statement) -> Result<Vec<wire::Raw<'a>>, Error> {
        let expected = self.statement.params().len();
        wire::parameters(&statement.parameters, expected).ok_or_else(|| {
            error::invalid(format!(
                "the buffer of parameters does not hold the {expected} values that the statement takes"
            ))
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let kept = self.kept().len();
        self.prepared_count.fetch_sub(kept, Ordering::Relaxed);
    }
}

async fn prepare(
    client: &Client,
    statement: &Statement,
) -> Result<Prepared, tokio_postgres::Error> {
    let types: Vec<Type> = statement
        .parameter_types
        .iter()
        .map(|oid| parameter_type(*oid))
        .collect();
    let prepared = client.prepare_typed(&statement.sql, &types).await?;
    let columns = prepared.columns();
    let names: Vec<&str> = columns.iter().map(tokio_postgres::Column::name).collect();
    Ok(Prepared {
        parameter_types: statement.parameter_types.clone(),
        column_types: columns.iter().map(|column| column.type_().oid()).collect(),
        column_names: names.join("\0"),
        plan: Mutex::default(),
        statement: prepared,
    })
}

/// The driver only sends the number on, so a type it doesn't know will do; the
/// number 0 lets Postgres infer the type.
fn parameter_type(oid: u32) -> Type {
    Type::from_oid(oid)
        .unwrap_or_else(|| Type::new(String::new(), oid, Kind::Simple, String::new()))
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
