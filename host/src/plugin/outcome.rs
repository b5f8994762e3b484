//! How a call into a plugin can fail.

use std::fmt;

use wasmtime::{PoolConcurrencyLimitError, Store};

use super::limits::CpuExhausted;
use crate::bindings::plinth::host::database::{Error, ErrorKind};
use crate::metrics::CallFailure;
use crate::state::State;

/// Why a plugin gave no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError {
    /// All instances were taken for longer than a request may wait.
    Busy,
    /// The request took longer than `wall_ms_max`.
    WallTime,
    /// The request took more time on a core than `cpu_ms_max`.
    CpuTime,
    /// The instance wanted more memory than `memory_bytes_max`.
    Memory,
    /// The answer is larger than `reply_bytes_max`.
    ReplyTooLarge,
    /// The query that the plugin answered with failed.
    Query(Box<Error>),
    /// The query that the plugin answered with found no row, and there had to be
    /// one.
    NoRow,
    /// The plugin trapped; the text is for the log.
    Trap(String),
}

impl fmt::Display for CallError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => out.write_str("no instance came free in time"),
            Self::WallTime => out.write_str("the request took longer than wall_ms_max"),
            Self::CpuTime => out.write_str("the request took more time on a core than cpu_ms_max"),
            Self::Memory => out.write_str("the plugin wanted more memory than memory_bytes_max"),
            Self::ReplyTooLarge => out.write_str("the answer is larger than reply_bytes_max"),
            Self::Query(error) => write!(out, "the query of the answer failed: {}", error.message),
            Self::NoRow => out.write_str("the query of the answer found no row"),
            Self::Trap(cause) => write!(out, "the plugin trapped: {cause}"),
        }
    }
}

impl std::error::Error for CallError {}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self::Query(Box::new(error))
    }
}

impl CallError {
    /// What it counts as. A query that fails counts among the statements.
    pub(super) fn kind(&self) -> Option<CallFailure> {
        Some(match self {
            Self::Busy => CallFailure::Busy,
            Self::WallTime => CallFailure::WallTime,
            Self::CpuTime => CallFailure::CpuTime,
            Self::Memory => CallFailure::Memory,
            Self::ReplyTooLarge => CallFailure::BadReply,
            Self::Query(error) if error.kind == ErrorKind::TooLarge => CallFailure::BadReply,
            Self::Query(_) | Self::NoRow => return None,
            Self::Trap(_) => CallFailure::Trap,
        })
    }

    /// Tells why a call failed from wasmtime's error and what the store knows.
    pub(super) fn of(error: &wasmtime::Error, store: &Store<State>) -> Self {
        if error.downcast_ref::<CpuExhausted>().is_some() {
            return Self::CpuTime;
        }
        if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
            return Self::Busy;
        }
        // A guest whose allocation fails aborts, so the trap alone says little.
        if store.data().memory.was_refused() {
            return Self::Memory;
        }
        let panic = store.data().stderr.last_line();
        Self::Trap(if panic.is_empty() {
            format!("{error:?}")
        } else {
            format!("{panic}\n{error:?}")
        })
    }
}
