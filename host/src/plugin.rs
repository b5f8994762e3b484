//! A plugin: a compiled component, what it says of itself, and its instances.

use std::sync::Arc;

use anyhow::{Context, Result, bail};

use crate::bindings::exports::plinth::host::handler::{Description, Reply};
use crate::capability::request::Request;
use crate::config::{PluginConfig, PluginLimits};
use crate::engine::Engine;
use crate::metrics::PluginMetrics;
use crate::state::Granted;

pub mod compiled;
mod instance;
pub(crate) mod limits;
mod outcome;
mod pool;

pub use compiled::{Compiled, CompiledCache};
pub use outcome::CallError;
pub use pool::InstanceCounts;

use pool::InstancePool;

/// A plugin that is ready to serve.
pub struct Plugin {
    name: String,
    hash: blake3::Hash,
    prefix: String,
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
        check(&description).with_context(|| format!("plugin {name}"))?;
        Ok(Self {
            name,
            hash: compiled.hash(),
            prefix: config.prefix.clone(),
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

    /// What it says of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The limits of each of its requests.
    pub fn limits(&self) -> &PluginLimits {
        self.instances.limits()
    }

    /// How many instances there are, and what they do.
    pub fn instances(&self) -> InstanceCounts {
        self.instances.counts()
    }

    pub(crate) fn metrics(&self) -> &PluginMetrics {
        &self.metrics
    }

    /// Answers a request.
    ///
    /// # Errors
    ///
    /// When it traps, meets a limit, or no instance came free in time. Other
    /// requests are not affected.
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

/// More routes than any plugin has, and few enough to hold.
const ROUTES_MAX: usize = 10_000;

fn check(description: &Description) -> Result<()> {
    if description.routes.len() > ROUTES_MAX {
        bail!("it has more than {ROUTES_MAX} routes");
    }
    Ok(())
}
