//! Why a statement failed, as far as the host may do something about it.

use super::connection::Connection;
use super::error;
use super::statements::Known;
use crate::bindings::plinth::host::database::Error;

/// Why a statement failed.
pub(super) enum Failure {
    /// The prepared statement no longer fits the tables, and is forgotten: it can
    /// be run again where nothing is lost with its transaction.
    Stale(Error),
    /// The server stopped it before it had any effect: it took too long, or
    /// somebody asked for it.
    Canceled(Error),
    Error(Error),
}

impl Failure {
    pub(super) fn is_stale(&self) -> bool {
        matches!(self, Self::Stale(_))
    }
}

impl AsRef<Error> for Failure {
    fn as_ref(&self) -> &Error {
        match self {
            Self::Stale(error) | Self::Canceled(error) | Self::Error(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Stale(error) | Failure::Canceled(error) | Failure::Error(error) => error,
        }
    }
}

impl Connection {
    /// Why a statement failed. One whose plan has gone stale is forgotten, from
    /// wherever it was sent.
    pub(super) fn failure(&self, cause: &tokio_postgres::Error, known: &Known) -> Failure {
        let Some(server) = cause.as_db_error() else {
            return Failure::Error(self.error(cause));
        };
        match server.code().code() {
            // Feature not supported: "cached plan must not change result type".
            "0A000" if server.routine() == Some("RevalidateCachedQuery") => {
                self.forget(known);
                Failure::Stale(error::stale_plan(server))
            }
            // Invalid statement name: it was deallocated behind our back.
            "26000" => {
                self.forget(known);
                Failure::Stale(error::from_postgres(cause))
            }
            "57014" => Failure::Canceled(error::from_postgres(cause)),
            _ => Failure::Error(self.error(cause)),
        }
    }
}
