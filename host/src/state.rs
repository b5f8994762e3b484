//! What an instance's store holds: all that the host keeps for a guest.
//!
//! Everything a request leaves behind lives here, so that dropping the store
//! (after a trap, a timeout, a client that went away) undoes all of it.

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::component::ResourceTable;

use crate::budget::Budget;
use crate::capability::database::Database;
use crate::capability::log::LogRate;
use crate::capability::request::CurrentRequest;
use crate::metrics::PluginMetrics;
use crate::plugin::limits::{CpuClock, MemoryLimit};
use crate::wasi::Stderr;

/// What is the same for all instances of a plugin.
#[derive(Clone)]
pub struct Granted {
    /// The plugin's name in `plinth.toml`.
    pub plugin: String,
    /// The databases it may use.
    pub databases: HashMap<String, Arc<Database>>,
    /// What the host may hold for it.
    pub held: Arc<Budget>,
    /// What it may log.
    pub log_rate: Arc<LogRate>,
    /// Its settings.
    pub config: HashMap<String, String>,
    /// What clients must take of its answers.
    pub bytes_per_second_min: u64,
    /// What is counted of it.
    pub metrics: Arc<PluginMetrics>,
}

/// The data of an instance's store.
pub struct State {
    pub(crate) granted: Arc<Granted>,
    pub(crate) request: CurrentRequest,
    pub(crate) resources: ResourceTable,
    /// How many of the resources are open transactions.
    pub(crate) transactions: usize,
    /// How many of the resources are queries under way.
    pub(crate) pending: usize,
    pub(crate) memory: MemoryLimit,
    pub(crate) cpu: CpuClock,
    pub(crate) stderr: Stderr,
}

impl State {
    /// The state of an instance that serves no request yet.
    pub(crate) fn new(granted: Arc<Granted>, memory: MemoryLimit, cpu: CpuClock) -> Self {
        Self {
            granted,
            request: CurrentRequest::default(),
            resources: ResourceTable::new(),
            transactions: 0,
            pending: 0,
            memory,
            cpu,
            stderr: Stderr::default(),
        }
    }
}
