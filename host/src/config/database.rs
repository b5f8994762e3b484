//! `[databases.<name>]`: where a database is, and the limits of its pools.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::Deserialize;

/// A database that plugins can be given.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// A URL or key-value string as libpq takes it. `${NAME}` stands for an
    /// environment variable, so that the password need not be in the file.
    pub url: String,
    /// Whether every plugin acts as the role in the URL, instead of as one of
    /// its own: no plugin is then kept from what another has there.
    #[serde(default)]
    pub shared_role: bool,
    /// Whom to trust where the URL has `sslmode=require`: certificates in PEM,
    /// instead of the system's. Relative to `plinth.toml`.
    #[serde(default)]
    pub tls_ca_file: Option<PathBuf>,
    /// Limits of the pools and of statements.
    #[serde(default)]
    pub limits: DatabaseLimits,
}

impl DatabaseConfig {
    /// A database with the defaults for everything but its URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            shared_role: false,
            tls_ca_file: None,
            limits: DatabaseLimits::default(),
        }
    }
}

// By hand, because the URL may hold a password.
impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            url: _,
            shared_role,
            tls_ca_file,
            limits,
        } = self;
        f.debug_struct("DatabaseConfig")
            .field("url", &"hidden")
            .field("shared_role", shared_role)
            .field("tls_ca_file", tls_ca_file)
            .field("limits", limits)
            .finish()
    }
}

/// Limits of a database's pool and of statements.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseLimits {
    /// Connections of this host open at once, those of all plugins together.
    pub connections_max: usize,
    /// Connections a plugin keeps open, even when it does nothing.
    pub connections_min: usize,
    /// How long one beyond those may be idle before it is closed.
    pub idle_timeout_ms: u64,
    /// How old one may be before it is closed, when nobody uses it.
    pub connection_age_ms_max: u64,
    /// How long a request may wait for one.
    pub acquire_timeout_ms: u64,
    /// How long making one may take.
    pub connect_timeout_ms: u64,
    /// How long a statement may run.
    pub statement_timeout_ms: u64,
    /// How long a transaction may wait for its plugin to go on; past it, it is
    /// rolled back.
    pub transaction_idle_ms_max: u64,
    /// Connections on which a plugin's single statements share their round trips;
    /// never more than half of those it may have. With 0 each statement has a
    /// connection to itself.
    pub lanes_max: usize,
    /// How long a statement may usually take to go on a shared connection.
    pub lane_statement_ms_max: u64,
    /// How long one that turns out slow may hold a shared connection up before
    /// it is begun anew on one of its own.
    pub lane_hold_ms_max: u64,
    /// Prepared statements kept on each connection.
    pub statements_max: usize,
    /// The rows of one result, as they cross into the plugin; and one row of a
    /// COPY.
    pub result_bytes_max: usize,
    /// The bytes of a COPY that cross at once, either way.
    pub copy_chunk_bytes_max: usize,
}

/// What a plugin may always send of a COPY at once: the contract says so.
const COPY_CHUNK_BYTES: usize = 64 << 10;

impl Default for DatabaseLimits {
    fn default() -> Self {
        Self {
            connections_max: 16,
            connections_min: 0,
            idle_timeout_ms: 300_000,
            connection_age_ms_max: 1_800_000,
            acquire_timeout_ms: 2_000,
            connect_timeout_ms: 5_000,
            statement_timeout_ms: 10_000,
            transaction_idle_ms_max: 10_000,
            lanes_max: 4,
            lane_statement_ms_max: 5,
            lane_hold_ms_max: 100,
            statements_max: 256,
            result_bytes_max: 16 << 20,
            copy_chunk_bytes_max: COPY_CHUNK_BYTES,
        }
    }
}

impl DatabaseLimits {
    /// Checks what one key alone can't tell.
    pub(super) fn check(&self) -> Result<()> {
        let at_least_one = [
            ("connections_max", self.connections_max as u64),
            ("statements_max", self.statements_max as u64),
            ("connection_age_ms_max", self.connection_age_ms_max),
            // Postgres takes 0 for no limit.
            ("statement_timeout_ms", self.statement_timeout_ms),
            ("transaction_idle_ms_max", self.transaction_idle_ms_max),
            ("lane_hold_ms_max", self.lane_hold_ms_max),
        ];
        for (key, value) in &at_least_one {
            if i32::try_from(*value).is_err() {
                bail!("{key} must be at most {}", i32::MAX);
            }
        }
        if self.connections_min > self.connections_max {
            bail!(
                "connections_min = {} is more than connections_max = {}",
                self.connections_min,
                self.connections_max
            );
        }
        if self.copy_chunk_bytes_max < COPY_CHUNK_BYTES {
            bail!("copy_chunk_bytes_max must be at least {COPY_CHUNK_BYTES}");
        }
        match at_least_one.iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => bail!("{key} must be at least 1"),
            None => Ok(()),
        }
    }
}
