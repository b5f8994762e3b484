//! A host that serves in this process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use plinth_host::config::{Config, DatabaseConfig, InstancePolicy, PluginConfig};
use plinth_host::host::Host;
use plinth_host::server;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The name of the database that the plugins are given.
const DATABASE: &str = "default";

/// How a host is set up for a benchmark; all else is the defaults.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The plugins, by name.
    pub plugins: Vec<(&'static str, PathBuf)>,
    /// How to reach the database.
    pub database_url: String,
    /// Where compiled code is kept.
    pub data_dir: PathBuf,
    /// Whether an instance serves one request or many.
    pub instances: InstancePolicy,
    /// Whether it compiles as `plinth dev` does: soon, and remembering what it compiled.
    pub fast_compilation: bool,
    /// Whether the plugins' tables are created, as in `plinth dev`.
    pub create_tables: bool,
}

impl Setup {
    /// The settings of the host.
    pub(crate) fn config(&self) -> Config {
        let plugin = |(name, component): &(&str, PathBuf)| {
            let mut plugin = PluginConfig::new(component);
            plugin.databases = vec![DATABASE.into()];
            plugin.instances = self.instances;
            ((*name).to_owned(), plugin)
        };
        let mut database = DatabaseConfig::new(&self.database_url);
        // The native server beside it asks the same tables as the same role.
        database.shared_role = true;
        let mut config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: self.data_dir.clone(),
            create_tables: self.create_tables,
            databases: [(DATABASE.into(), database)].into(),
            plugins: self.plugins.iter().map(plugin).collect(),
            ..Config::default()
        };
        config.engine.fast_compilation = self.fast_compilation;
        config
    }
}

/// A host on a port of its own, served by tasks of this runtime.
pub(crate) struct RunningHost {
    host: Arc<Host>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl RunningHost {
    /// Starts it.
    pub(crate) async fn start(setup: &Setup) -> Result<Self> {
        Self::start_with(setup.config()).await
    }

    /// Starts it with settings that were changed.
    pub(crate) async fn start_with(config: Config) -> Result<Self> {
        let listener = server::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let host = Arc::new(Host::start(config).await?);
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server::serve(Arc::clone(&host), listener, async {
            let _ = stopped.await;
        }));
        Ok(Self {
            host,
            address,
            stop,
            served,
        })
    }

    /// The host itself.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it and waits for its end.
    pub(crate) async fn stop(self) -> Result<()> {
        drop(self.stop);
        self.served.await?;
        self.host.close_databases();
        Ok(())
    }
}
