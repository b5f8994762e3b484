//! A connection and the statements prepared on it.

use std::num::NonZeroUsize;
use std::sync::Arc;

use futures_util::{StreamExt, pin_mut};
use lru::LruCache;
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, NoTls};

use super::verb::Verb;
use super::{error, wire};
use crate::bindings::plinth::host::database::{Error, ErrorKind, Rows, Statement};

/// The longest text of a statement: the most parameters and what stands between
/// them.
const STATEMENT_BYTES_MAX: usize = 2 << 20;

/// A longer text is prepared for its one use: kept, a few hundred of them would
/// fill the memory of the host and of Postgres.
const KEPT_BYTES_MAX: usize = 32 << 10;

/// Postgres counts parameters in 16 bits.
const PARAMETERS_MAX: usize = 65_535;

/// Whether a statement runs within a transaction of the guest's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Inside,
    Outside,
}

/// A connection to Postgres with its prepared statements.
pub(super) struct Connection {
    client: Client,
    statements: LruCache<Box<str>, Arc<Prepared>>,
    result_bytes_max: usize,
    /// A statement may have left something in the session.
    pub(super) session_touched: bool,
}

/// A statement Postgres has parsed and planned.
struct Prepared {
    statement: tokio_postgres::Statement,
    /// What the guest said the parameters are; another call may say otherwise.
    parameter_types: Vec<u32>,
    column_types: Vec<u32>,
    column_names: String,
    verb: Verb,
}

impl Connection {
    pub(super) fn new(
        client: Client,
        statements_max: NonZeroUsize,
        result_bytes_max: usize,
    ) -> Self {
        let statements = LruCache::new(statements_max);
        Self {
            client,
            statements,
            result_bytes_max,
            session_touched: false,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs a statement and collects its rows.
    pub(super) async fn query(
        &mut self,
        statement: &Statement,
        scope: Scope,
    ) -> Result<Rows, Error> {
        match self.try_query(statement, scope).await {
            Err(Failure::Stale) => self
                .try_query(statement, scope)
                .await
                .map_err(Failure::into_error),
            outcome => outcome.map_err(Failure::into_error),
        }
    }

    /// Runs a statement and counts the rows it affected.
    pub(super) async fn execute(
        &mut self,
        statement: &Statement,
        scope: Scope,
    ) -> Result<u64, Error> {
        match self.try_execute(statement, scope).await {
            Err(Failure::Stale) => self
                .try_execute(statement, scope)
                .await
                .map_err(Failure::into_error),
            outcome => outcome.map_err(Failure::into_error),
        }
    }

    /// Runs a statement of the host's own.
    pub(super) async fn command(&self, sql: &str) -> Result<(), Error> {
        self.client
            .batch_execute(sql)
            .await
            .map_err(|cause| error::from_postgres(&cause))
    }

    /// Asks the server to stop what this connection is doing.
    pub(super) async fn cancel(&self) -> Result<(), tokio_postgres::Error> {
        self.client.cancel_token().cancel_query(NoTls).await
    }

    /// Ends the transaction that may be open.
    pub(super) async fn rollback(&self) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute("ROLLBACK").await
    }

    async fn try_query(&mut self, statement: &Statement, scope: Scope) -> Result<Rows, Failure> {
        let prepared = self.prepare(statement, scope).await?;
        let parameters = parameters(statement, &prepared)?;
        let stream = self.client.query_raw(&prepared.statement, parameters).await;
        let stream = stream.map_err(|cause| self.failure(statement, scope, &cause))?;
        pin_mut!(stream);
        let mut data = Vec::new();
        let mut count = 0;
        while let Some(row) = stream.as_mut().next().await {
            let row = row.map_err(|cause| self.failure(statement, scope, &cause))?;
            if data.len() + row.raw_size_bytes() > self.result_bytes_max {
                return Err(Failure::Error(self.too_large()));
            }
            wire::append_row(&row, &mut data);
            count += 1;
        }
        Ok(Rows {
            column_types: prepared.column_types.clone(),
            column_names: prepared.column_names.clone(),
            affected: stream.rows_affected().unwrap_or_default(),
            count,
            data,
        })
    }

    async fn try_execute(&mut self, statement: &Statement, scope: Scope) -> Result<u64, Failure> {
        let prepared = self.prepare(statement, scope).await?;
        let parameters = parameters(statement, &prepared)?;
        let affected = self
            .client
            .execute_raw(&prepared.statement, parameters)
            .await;
        affected.map_err(|cause| self.failure(statement, scope, &cause))
    }

    async fn prepare(
        &mut self,
        statement: &Statement,
        scope: Scope,
    ) -> Result<Arc<Prepared>, Failure> {
        let known = self.statements.get(statement.sql.as_str());
        let prepared = match known {
            Some(prepared) if prepared.parameter_types == statement.parameter_types => {
                Arc::clone(prepared)
            }
            _ => {
                let verb = Verb::of(&statement.sql);
                check_scope(verb, scope)?;
                check_size(statement)?;
                let prepared = Arc::new(prepare(&self.client, statement, verb).await?);
                if statement.sql.len() <= KEPT_BYTES_MAX {
                    let text = statement.sql.as_str().into();
                    self.statements.put(text, Arc::clone(&prepared));
                }
                prepared
            }
        };
        check_scope(prepared.verb, scope)?;
        self.session_touched |= prepared.verb == Verb::Session;
        Ok(prepared)
    }

    /// Tells a plan gone stale from a failure.
    ///
    /// After a migration a cached plan can differ from what the table is now.
    /// Outside a transaction the statement is prepared anew; inside one Postgres
    /// has already given the transaction up.
    fn failure(
        &mut self,
        statement: &Statement,
        scope: Scope,
        cause: &tokio_postgres::Error,
    ) -> Failure {
        if !is_stale_plan(cause) {
            return Failure::Error(error::from_postgres(cause));
        }
        self.statements.pop(statement.sql.as_str());
        match scope {
            Scope::Outside => Failure::Stale,
            Scope::Inside => Failure::Error(error::from_postgres(cause)),
        }
    }

    fn too_large(&self) -> Error {
        let limit = self.result_bytes_max;
        error::error(
            ErrorKind::TooLarge,
            format!("the result is larger than result_bytes_max = {limit}; ask for fewer rows"),
        )
    }
}

enum Failure {
    /// The prepared statement no longer fits the tables.
    Stale,
    Error(Error),
}

impl Failure {
    fn into_error(self) -> Error {
        match self {
            Self::Stale => error::error(
                ErrorKind::Server,
                "the tables changed while the statement ran; try again",
            ),
            Self::Error(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

fn is_stale_plan(cause: &tokio_postgres::Error) -> bool {
    cause
        .as_db_error()
        .is_some_and(|server| match server.code().code() {
            // Feature not supported: "cached plan must not change result type".
            "0A000" => server.routine() == Some("RevalidateCachedQuery"),
            // Invalid statement name: it was deallocated behind our back.
            "26000" => true,
            _ => false,
        })
}

async fn prepare(client: &Client, statement: &Statement, verb: Verb) -> Result<Prepared, Error> {
    let types: Vec<Type> = statement
        .parameter_types
        .iter()
        .map(|oid| parameter_type(*oid))
        .collect();
    let prepared = client.prepare_typed(&statement.sql, &types).await;
    let prepared = prepared.map_err(|cause| error::from_postgres(&cause))?;
    let names: Vec<&str> = prepared
        .columns()
        .iter()
        .map(tokio_postgres::Column::name)
        .collect();
    Ok(Prepared {
        parameter_types: statement.parameter_types.clone(),
        column_types: prepared
            .columns()
            .iter()
            .map(|column| column.type_().oid())
            .collect(),
        column_names: names.join("\0"),
        verb,
        statement: prepared,
    })
}

/// The driver only sends the number on, so a type it doesn't know will do; the
/// number 0 lets Postgres infer the type.
fn parameter_type(oid: u32) -> Type {
    Type::from_oid(oid)
        .unwrap_or_else(|| Type::new(String::new(), oid, Kind::Simple, String::new()))
}

fn parameters<'a>(
    statement: &'a Statement,
    prepared: &Prepared,
) -> Result<Vec<wire::Raw<'a>>, Error> {
    let expected = prepared.statement.params().len();
    wire::parameters(&statement.parameters, expected).ok_or_else(|| {
        error::invalid(format!(
            "the buffer of parameters does not hold the {expected} values that the statement takes"
        ))
    })
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
        (Verb::Savepoint, Scope::Outside) => {
            Err(error::invalid("a savepoint needs a transaction around it"))
        }
        _ => Ok(()),
    }
}
