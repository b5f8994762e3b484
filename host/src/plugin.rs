//! A plugin: a compiled component, what it says of itself, and its instances.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use crate::bindings::exports::plinth::host::handler::{Description, Route, Table};
use crate::capability::request::Request;
use crate::config::{PluginConfig, PluginLimits, RouteLimits};
use crate::engine::Engine;
use crate::metrics::PluginMetrics;
use crate::state::Granted;

pub mod compiled;
mod contract;
pub(crate) mod host_time;
mod instance;
pub(crate) mod limits;
mod names;
mod outcome;
mod pool;
mod reply;

pub use compiled::{Compiled, CompiledCache};
pub use outcome::CallError;
pub use pool::InstanceCounts;
pub use reply::{Body, Reply};

use pool::InstancePool;

/// A plugin that is ready to serve.
pub struct Plugin {
    name: String,
    hash: blake3::Hash,
    prefix: String,
    host: Option<String>,
    routes: BTreeMap<String, RouteLimits>,
    description: Description,
    metrics: Arc<PluginMetrics>,
    instances: InstancePool,
}

impl Plugin {
    /// Links a compiled component to what the operator grants it, makes its
    /// first instance and asks what it is.
    ///
    /// # Errors
    ///
    /// When it imports what the host does not offer, doesn't start, or
    /// describes something impossible.
    pub async fn load(
        engine: &Engine,
        compiled: &Compiled,
        config: &PluginConfig,
        granted: Arc<Granted>,
    ) -> Result<Self> {
        let name = granted.plugin.clone();
        let metrics = Arc::clone(&granted.metrics);
        let instances = InstancePool::new(engine, compiled, config, granted)
            .with_context(|| format!("plugin {name} does not fit this host"))?;
        let description = instances
            .describe()
            .await
            .with_context(|| format!("plugin {name} cannot say what it is"))?;
        names::check(&description).with_context(|| format!("plugin {name}"))?;
        check_routes(&description.routes, config).with_context(|| format!("plugin {name}"))?;
        Ok(Self {
            name,
            hash: compiled.hash(),
            prefix: config.prefix.clone(),
            host: config.host.clone(),
            routes: config.routes.clone(),
            description,
            metrics,
            instances,
        })
    }

    /// Its name in `plinth.toml`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hash of the component's bytes.
    pub fn hash(&self) -> blake3::Hash {
        self.hash
    }

    /// What its paths begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The host name that it answers for; without one, for all that no other does.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// What it says of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The limits of each of its requests.
    pub fn limits(&self) -> &PluginLimits {
        self.instances.limits()
    }

    /// Statements that one request to a route may send, by the handler's name.
    pub fn statements_max(&self, route: &str) -> u32 {
        let own = self
            .routes
            .get(route)
            .and_then(|limits| limits.statements_max);
        own.unwrap_or(self.limits().statements_max)
    }

    /// How many instances there are, and what they do.
    pub fn instances(&self) -> InstanceCounts {
        self.instances.counts()
    }

    pub(crate) fn metrics(&self) -> &PluginMetrics {
        &self.metrics
    }

    /// The tables of its models in a database, which is named as in `settings`.
    pub fn tables<'a>(
        &'a self,
        settings: &'a PluginConfig,
        database: &'a str,
    ) -> impl Iterator<Item = &'a Table> {
        let tables = self.description.tables.iter();
        tables.filter(move |table| settings.database_called(&table.database) == Some(database))
    }

    /// The statements that create those tables.
    pub fn statements(&self, settings: &PluginConfig, database: &str) -> Vec<String> {
        let tables = self.tables(settings, database);
        tables.flat_map(|table| table.ddl.clone()).collect()
    }

    /// Answers a request.
    ///
    /// # Errors
    ///
    /// When it traps, meets a limit, no instance came free in time, or the query
    /// that it answers with fails. Other requests are not affected.
    pub async fn handle(
        &self,
        route: u32,
        parameters: &[String],
        query: &str,
        request: Request,
    ) -> Result<Reply, CallError> {
        self.instances
            .handle(route, parameters, query, request)
            .await
    }

    /// Loads the plugin's demonstration data.
    ///
    /// # Errors
    ///
    /// When the plugin says so or fails.
    pub async fn seed(&self) -> Result<()> {
        match self.instances.seed().await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(message)) => bail!("plugin {} cannot load its demo data: {message}", self.name),
            Err(error) => Err(error)
                .with_context(|| format!("plugin {} cannot load its demo data", self.name)),
        }
    }
}

fn check_routes(routes: &[Route], config: &PluginConfig) -> Result<()> {
    for name in config.routes.keys() {
        if !routes.iter().any(|route| route.name == *name) {
            bail!(
                "its `routes` in plinth.toml name {name:?}, which is none of its routes; \
                 `plinth routes` lists them"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::plinth::host::types::Method;

    #[test]
    fn limits_are_of_routes_that_are_there() {
        let route = Route {
            method: Method::Get,
            path: "/books".into(),
            parameters: Vec::new(),
            name: "list_books".into(),
            summary: String::new(),
        };
        let routes = vec![route];
        let mut config = PluginConfig::new("");
        config
            .routes
            .insert("list_books".into(), RouteLimits::default());
        assert!(check_routes(&routes, &config).is_ok());
        config
            .routes
            .insert("list_book".into(), RouteLimits::default());
        let refused = check_routes(&routes, &config).expect_err("misspelt");
        assert!(refused.to_string().contains(r#""list_book""#), "{refused}");
    }
}
