//! What keeps plugins from each other's data: a Postgres role and a schema for
//! each plugin, so that Postgres itself refuses what a plugin may not touch.
//!
//! A plugin has two roles. It connects as the one, which owns nothing and may
//! read and write the rows of its schema. The other owns its tables: the
//! statements that create them are the plugin's own text, so they run in a
//! session of that role, and never in an administrator's.
//!
//! - [`PluginSchema`]: the names of one plugin's roles and schema.
//! - [`Administrator`]: creates what is missing in a database; for `plinth dev`,
//!   the tests and `plinth migrate`, never for `plinth serve`.
//! - [`script`]: the same as text, for an administrator to run.
//! - [`check`]: whether a plugin has what it needs and no more.

use crate::capability::database::Login;
use crate::config::{Config, PluginConfig, Secret};

mod administrator;
mod check;
mod lock;
mod possessions;
mod script;
mod step;
mod steps;

pub(crate) use administrator::is_refused;
pub use administrator::{Administrator, Change};
pub use check::check;
pub use script::script;

/// The roles and the schema of one plugin.
#[derive(Clone, Debug)]
pub struct PluginSchema {
    /// The plugin's name in `plinth.toml`.
    pub plugin: String,
    /// The schema that holds its tables.
    pub schema: String,
    /// The role it connects as.
    pub role: String,
    /// The role that owns its tables.
    pub owner: String,
    /// What `role` proves itself with, where the server asks for it.
    pub password: Option<Secret>,
    /// How many connections Postgres lets `role` have in all its databases, or
    /// nothing where that is not for us to say.
    pub connections_max: Option<usize>,
}

impl PluginSchema {
    /// Those of a plugin, as its settings name them.
    pub fn new(name: &str, plugin: &PluginConfig) -> Self {
        Self {
            plugin: name.to_owned(),
            schema: name.to_owned(),
            role: plugin.role(name),
            owner: plugin.owner_role(name),
            password: plugin.database_password.clone(),
            connections_max: None,
        }
    }

    /// Those of every plugin that is given a database and has a role of its own
    /// there.
    pub fn all(config: &Config, database: &str) -> Vec<Self> {
        let shared = config
            .databases
            .get(database)
            .is_none_or(|settings| settings.shared_role);
        let given = |plugin: &PluginConfig| plugin.databases.iter().any(|name| name == database);
        let plugins = config.plugins.iter();
        plugins
            .filter(|(_, plugin)| !shared && given(plugin))
            .map(|(name, plugin)| Self::new(name, plugin))
            .collect()
    }

    /// As whom the plugin connects.
    pub fn login(&self) -> Login {
        Login::Own {
            role: self.role.clone(),
            password: self.password.clone(),
            schema: self.schema.clone(),
        }
    }
}
