//! What a plugin is told when a statement fails.

use deadpool::managed::PoolError;
use tokio_postgres::error::{DbError, SqlState};

use super::dial::DialError;
use crate::bindings::plinth::host::database::{Error, ErrorKind, PipelineError, Statement};
use crate::budget::Exhausted;

/// An error of ours, with nothing from the server.
pub(super) fn error(kind: ErrorKind, message: impl Into<String>) -> Error {
    Error {
        kind,
        message: message.into(),
        sqlstate: None,
        detail: None,
        constraint: None,
        table: None,
        column: None,
        context: None,
    }
}

pub(super) fn denied(plugin: &str, database: &str) -> Error {
    error(
        ErrorKind::Denied,
        format!(
            "plugin {plugin} may not use a database named {database:?}; \
             add it to plugins.{plugin}.databases in plinth.toml"
        ),
    )
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    error(ErrorKind::Invalid, message)
}

/// There is more than the operator allows.
pub(super) fn too_large(limit: &str, value: impl std::fmt::Display) -> Error {
    error(
        ErrorKind::TooLarge,
        format!("the result is larger than {limit} = {value}; ask for fewer rows"),
    )
}

/// The plugin has the host hold so much that it has to wait.
pub(super) fn no_room(exhausted: Exhausted) -> Error {
    error(ErrorKind::Busy, exhausted.to_string())
}

/// Rows are not read to their end, for another reason than their size. It is of
/// the kind that has the server stop sending them.
pub(super) fn unfinished(message: impl Into<String>) -> Error {
    error(ErrorKind::TooLarge, message)
}

/// It broke when the statement had ended, so whether it took effect is unknown.
pub(super) fn connection_lost() -> Error {
    error(
        ErrorKind::Disconnected,
        "the connection broke at the end of the statement",
    )
}

/// A statement ran longer than the plugin itself allowed, and had no effect.
pub(super) fn timeout(timeout_ms: u32) -> Error {
    error(
        ErrorKind::Timeout,
        format!("the statement took longer than its timeout of {timeout_ms} ms"),
    )
}

/// The server did not even say that a statement took too long.
pub(super) fn no_answer_in_time(timeout_ms: u32) -> Error {
    error(
        ErrorKind::Disconnected,
        format!(
            "the server did not answer within the statement's timeout of {timeout_ms} ms, \
             so it is not known whether the statement took effect"
        ),
    )
}

/// Statements were sent behind a BEGIN that was refused, so each was on its own.
pub(super) fn not_begun(cause: Error) -> Error {
    if cause.kind == ErrorKind::Disconnected {
        return cause;
    }
    error(
        ErrorKind::Disconnected,
        format!(
            "the transaction around the statements did not begin, so it is not known which of \
             them took effect: {}",
            cause.message
        ),
    )
}

/// A migration has changed what a prepared statement returns. It is told as what
/// two transactions do to each other, because it is mended the same way.
pub(super) fn stale_plan(server: &DbError) -> Error {
    let message = "a migration changed what a statement returns; run the transaction again";
    Error {
        sqlstate: Some(SqlState::T_R_SERIALIZATION_FAILURE.code().to_owned()),
        detail: Some(server.message().to_owned()),
        ..error(ErrorKind::Server, message)
    }
}

/// A failure of a pipeline that is none of its statements'.
pub(super) fn of_pipeline(statements: &[Statement], error: Error) -> PipelineError {
    PipelineError {
        index: u32::try_from(statements.len()).unwrap_or(u32::MAX),
        error,
    }
}

/// A COPY that was read half-way: its rows stand between the transaction and
/// whatever it asks next.
pub(super) fn lost_in_copy() -> Error {
    failed("a COPY was given up before its end, and the transaction with it")
}

/// What Postgres is told when a load is given up.
pub(super) fn copy_aborted() -> Error {
    failed("the load was given up")
}

/// What COMMIT would have hidden.
pub(super) fn failed_transaction() -> Error {
    let message = "a statement of the transaction failed, so it was rolled back; \
                   wrap what may fail in a transaction of its own (a savepoint)";
    failed(message)
}

fn failed(message: &str) -> Error {
    let sqlstate = Some(SqlState::IN_FAILED_SQL_TRANSACTION.code().to_owned());
    Error {
        sqlstate,
        ..error(ErrorKind::Server, message)
    }
}

/// Why no connection was had.
pub(super) fn from_pool(database: &str, cause: &PoolError<DialError>) -> Error {
    match cause {
        PoolError::Timeout(deadpool::managed::TimeoutType::Wait) => error(
            ErrorKind::Busy,
            format!("no connection to database {database:?} came free within acquire_timeout_ms"),
        ),
        PoolError::Backend(cause) => error(
            ErrorKind::Disconnected,
            format!(
                "cannot connect to database {database:?}: {}{}",
                chain(cause),
                advice(cause)
            ),
        ),
        other => error(
            ErrorKind::Disconnected,
            format!("cannot connect to database {database:?}: {other}"),
        ),
    }
}

/// What to do where Postgres does not let the role in.
fn advice(cause: &DialError) -> &'static str {
    let is_refused = cause
        .code()
        .is_some_and(|state| state.code().starts_with("28"));
    if is_refused {
        "; run `plinth migrate`"
    } else {
        ""
    }
}

/// Why a statement failed.
pub(super) fn from_postgres(cause: &tokio_postgres::Error) -> Error {
    let Some(server) = cause.as_db_error() else {
        let kind = if cause.is_closed() || is_io(cause) {
            ErrorKind::Disconnected
        } else {
            ErrorKind::Invalid
        };
        return error(kind, chain(cause));
    };
    let text = |value: Option<&str>| value.map(str::to_owned);
    Error {
        kind: kind_of(server.code()),
        message: server.message().to_owned(),
        sqlstate: Some(server.code().code().to_owned()),
        detail: text(server.detail()),
        constraint: text(server.constraint()),
        table: text(server.table()),
        column: text(server.column()),
        context: text(server.where_()),
    }
}

fn kind_of(state: &SqlState) -> ErrorKind {
    match state.code() {
        // All of them roll back. The second: its plugin let a transaction wait for longer than it
        // may; the third: the transaction as a whole was too long for its server.
        "57014" | "25P03" | "25P04" => ErrorKind::Timeout,
        // The server shuts down, an operator ended this connection, or it was idle for too long.
        "57P01" | "57P02" | "57P03" | "57P05" => ErrorKind::Disconnected,
        _ => ErrorKind::Server,
    }
}

fn is_io(cause: &tokio_postgres::Error) -> bool {
    std::error::Error::source(cause).is_some_and(|source| source.is::<std::io::Error>())
}

/// A cause with all that is behind it, on one line.
fn chain(cause: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(cause), |cause| cause.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
