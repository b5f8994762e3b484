//! The host: its engine, its databases, and the plugins it serves now.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use crate::bindings::exports::plinth::host::handler::Table;
use crate::budget::Budget;
use crate::capability::config::settings;
use crate::capability::database::{Database, Login, tls};
use crate::capability::log::LogRate;
use crate::config::{Config, DEFAULT_DATABASE, DatabaseConfig, PluginConfig};
use crate::engine::Engine;
use crate::isolation::{Administrator, PluginSchema};
use crate::metrics::Metrics;
use crate::plugin::{Compiled, CompiledCache, Plugin};
use crate::recent::RecentRequests;
use crate::router::Router;
use crate::server::Rooms;
use crate::state::Granted;
use crate::tally::Tally;

/// The databases of each plugin, by the plugin's name and then the database's.
///
/// Each plugin has a pool of its own to each database it is given, so that it
/// connects as itself and can't take the connections of another. They belong to
/// the host, and outlive a plugin's versions.
type PluginDatabases = BTreeMap<String, HashMap<String, Arc<Database>>>;

/// What may be held for each plugin, whatever its version.
type Budgets = BTreeMap<String, Arc<Budget>>;

/// Everything a running host holds.
pub struct Host {
    config: Config,
    engine: Engine,
    cache: Arc<CompiledCache>,
    databases: PluginDatabases,
    budgets: Budgets,
    rooms: Rooms,
    metrics: Metrics,
    /// In `dev` alone.
    recent: Option<RecentRequests>,
    site: ArcSwap<Site>,
    /// Held while plugins are exchanged, so that two reloads can't undo each other.
    reloading: Mutex<()>,
    generations: AtomicU64,
}

/// The plugins served at one time, and the routes to them.
///
/// A request keeps the site it began on, so a reload never takes a plugin from
/// under it.
pub struct Site {
    /// Counts up with every change; in the header `x-plinth-generation`.
    pub generation: u64,
    /// The routes of all plugins.
    pub router: Router,
    plugins: BTreeMap<String, Arc<Plugin>>,
}

impl Site {
    /// The plugins, in the order of their names.
    pub fn plugins(&self) -> impl Iterator<Item = &Arc<Plugin>> {
        self.plugins.values()
    }

    /// A plugin by its name.
    pub fn plugin(&self, name: &str) -> Option<&Arc<Plugin>> {
        self.plugins.get(name)
    }
}

/// What became of bringing in a new version of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The new version serves, as this generation.
    Swapped(u64),
    /// The bytes are those that serve already.
    Unchanged,
}

impl Host {
    /// Sets up the engine and the databases and loads every plugin.
    ///
    /// # Errors
    ///
    /// When a setting, a component or a route can't be used; the message names
    /// it.
    pub async fn start(config: Config) -> Result<Self> {
        config.check()?;
        let engine = Engine::new(&config.engine)?;
        let folder = config.data_dir.join("compiled");
        let cache = match config.keeps_compiled {
            true => CompiledCache::open(&folder)?,
            false => CompiledCache::existing(&folder),
        };
        let cache = Arc::new(cache);
        // Before there are pools, which connect as the roles.
        if config.create_tables {
            prepare(&config).await?;
        }
        let budgets = budgets(&config);
        let databases = databases(&config, &budgets)?;
        let host = Self {
            engine,
            cache,
            databases,
            budgets,
            site: ArcSwap::from_pointee(Site {
                generation: 0,
                router: Router::default(),
                plugins: BTreeMap::new(),
            }),
            rooms: Rooms::new(&config.server),
            metrics: Metrics::new(config.plugins.keys()),
            recent: config.dev.then(RecentRequests::default),
            reloading: Mutex::new(()),
            generations: AtomicU64::new(0),
            config,
        };
        let mut plugins = BTreeMap::new();
        for (name, plugin) in &host.config.plugins {
            let wasm = read(&plugin.component)
                .await
                .with_context(|| format!("plugin {name}"))?;
            plugins.insert(name.clone(), host.load(name, plugin, wasm).await?);
        }
        host.publish(plugins)?;
        Ok(host)
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What is held for each plugin.
    pub(crate) fn budgets(&self) -> impl Iterator<Item = (&str, &Budget)> {
        self.budgets.iter().map(|(name, held)| (&**name, &**held))
    }

    /// Keeps what a request asked of the host, in `dev`.
    pub(crate) fn remember(&self, request_id: &Arc<str>, tally: &Arc<Tally>) {
        if let Some(recent) = &self.recent {
            recent.push(Arc::clone(request_id), Arc::clone(tally));
        }
    }

    /// What one of the last requests asked of the host, by its `x-request-id`;
    /// in `dev` alone.
    pub fn tally(&self, request_id: &str) -> Option<Arc<Tally>> {
        self.recent.as_ref()?.tally(request_id)
    }

    pub(crate) fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// The settings it was started with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What is served now.
    pub fn site(&self) -> Arc<Site> {
        self.site.load_full()
    }

    /// A plugin's pool of connections to one of the databases it is given.
    pub fn database(&self, plugin: &str, name: &str) -> Option<&Arc<Database>> {
        self.databases.get(plugin)?.get(name)
    }

    /// Every pool of connections: the plugin it is for, the name of the
    /// database, and the pool.
    pub fn databases(&self) -> impl Iterator<Item = (&str, &str, &Arc<Database>)> {
        self.databases.iter().flat_map(|(plugin, databases)| {
            let pool = move |(name, pool)| (plugin.as_str(), String::as_str(name), pool);
            databases.iter().map(pool)
        })
    }

    /// Closes the connections to all databases. What asks for one afterwards is
    /// told that there is none.
    pub fn close_databases(&self) {
        for (_, _, database) in self.databases() {
            database.close();
        }
    }

    /// Replaces a plugin by the version with these bytes. Requests in flight
    /// finish on the old version.
    ///
    /// # Errors
    ///
    /// When the new version can't be used. The old one goes on serving.
    pub async fn reload(&self, name: &str, wasm: Vec<u8>) -> Result<Reload> {
        let _one_at_a_time = self.reloading.lock().await;
        let config = self
            .config
            .plugins
            .get(name)
            .with_context(|| format!("no plugin is named {name}"))?;
        let site = self.site();
        let hash = blake3::hash(&wasm);
        if site
            .plugins
            .get(name)
            .is_some_and(|plugin| plugin.hash() == hash)
        {
            return Ok(Reload::Unchanged);
        }
        let mut plugins = site.plugins.clone();
        plugins.insert(name.to_owned(), self.load(name, config, wasm).await?);
        self.publish(plugins).map(Reload::Swapped)
    }

    async fn load(&self, name: &str, config: &PluginConfig, wasm: Vec<u8>) -> Result<Arc<Plugin>> {
        let (engine, cache) = (self.engine.clone(), Arc::clone(&self.cache));
        // Compiling takes as long as a core gives it: never on a thread that serves.
        let compiled: Result<Compiled> =
            tokio::task::spawn_blocking(move || cache.compile(&engine, &wasm))
                .await
                .context("the compiler panicked")?;
        let compiled =
            compiled.with_context(|| format!("plugin {name} is not a component for this host"))?;
        let granted = Arc::new(self.granted(name, config));
        let databases = granted.databases.clone();
        let plugin = Plugin::load(&self.engine, &compiled, config, granted).await?;
        // A plugin without databases can still be asked for its routes.
        if !databases.is_empty() {
            check_databases(&plugin, &databases)?;
        }
        if self.config.create_tables {
            let created = create_tables(&self.config, &plugin).await;
            created.with_context(|| format!("cannot create the tables of plugin {name}"))?;
        }
        Ok(Arc::new(plugin))
    }

    fn granted(&self, name: &str, config: &PluginConfig) -> Granted {
        let mut databases = self.databases.get(name).cloned().unwrap_or_default();
        let first = config.databases.first();
        if let Some(first) = first.and_then(|first| databases.get(first).cloned()) {
            databases
                .entry(DEFAULT_DATABASE.to_owned())
                .or_insert(first);
        }
        Granted {
            plugin: name.to_owned(),
            databases,
            held: Arc::clone(&self.budgets[name]),
            log_rate: Arc::new(LogRate::new(config.limits.log_bytes_per_second_max)),
            config: settings(config),
            bytes_per_second_min: self.config.server.bytes_per_second_min,
            metrics: self.metrics.plugin(name),
        }
    }

    fn publish(&self, plugins: BTreeMap<String, Arc<Plugin>>) -> Result<u64> {
        let router = Router::new(plugins.values())?;
        let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
        self.site.store(Arc::new(Site {
            generation,
            router,
            plugins,
        }));
        Ok(generation)
    }
}

/// # Errors
///
/// When models are in a database that the plugin may not use.
fn check_databases(plugin: &Plugin, databases: &HashMap<String, Arc<Database>>) -> Result<()> {
    let tables = &plugin.description().tables;
    tables
        .iter()
        .try_for_each(|table| database_of(plugin, table, databases).map(drop))
}

/// Creates the roles and the schemas of all plugins, where they are missing.
async fn prepare(config: &Config) -> Result<()> {
    for (name, database) in &config.databases {
        let plugins = PluginSchema::all(config, name);
        if plugins.is_empty() {
            continue;
        }
        let context = || format!("databases.{name}");
        let administrator = Administrator::connect(database, None).await;
        let administrator = administrator.with_context(context)?;
        administrator
            .prepare(&plugins)
            .await
            .with_context(context)?;
    }
    Ok(())
}

/// Creates the tables that a plugin's models need, where they are missing: those
/// of each database in one transaction.
async fn create_tables(config: &Config, plugin: &Plugin) -> Result<()> {
    let name = plugin.name();
    let settings = config.plugins.get(name).context("it is not configured")?;
    for database_name in &settings.databases {
        let database = config.databases.get(database_name);
        let database = database.context("its database is not configured")?;
        let statements = plugin.statements(settings, database_name);
        if statements.is_empty() {
            continue;
        }
        let administrator = Administrator::connect(database, None).await?;
        if database.shared_role {
            administrator.create_shared_tables(&statements).await?;
        } else {
            let schema = PluginSchema::new(name, settings);
            administrator.create_tables(&schema, &statements).await?;
        }
    }
    Ok(())
}

/// The database that a table is in.
fn database_of<'a>(
    plugin: &Plugin,
    table: &Table,
    databases: &'a HashMap<String, Arc<Database>>,
) -> Result<&'a Database> {
    let (name, wanted) = (plugin.name(), &table.database);
    let found = databases.get(wanted).map(Arc::as_ref);
    found.with_context(|| match wanted.as_str() {
        DEFAULT_DATABASE => format!(
            "plugin {name} has models, but no database: set plugins.{name}.databases in plinth.toml"
        ),
        _ => format!(
            "plugin {name} has its table {} in the database {wanted}, which it may not use: \
             add {wanted} to plugins.{name}.databases in plinth.toml",
            table.name
        ),
    })
}

fn budgets(config: &Config) -> Budgets {
    let budget = |plugin: &PluginConfig| {
        Arc::new(Budget::new("held_bytes_max", plugin.limits.held_bytes_max))
    };
    let plugins = config.plugins.iter();
    plugins
        .map(|(name, plugin)| (name.clone(), budget(plugin)))
        .collect()
}

/// A pool for each plugin and each database it is given.
fn databases(config: &Config, budgets: &Budgets) -> Result<PluginDatabases> {
    let mut databases = PluginDatabases::new();
    for (name, settings) in &config.databases {
        tls::check(name, settings)?;
        for (plugin, share) in config.connection_shares(name)? {
            let mut settings = settings.clone();
            settings.limits.connections_max = share;
            let login = login(plugin, &config.plugins[plugin], &settings);
            let held = Arc::clone(&budgets[plugin]);
            let pool = Database::new(name, &settings, &login, held)?;
            let pools = databases.entry(plugin.to_owned()).or_default();
            pools.insert(name.clone(), pool);
        }
    }
    Ok(databases)
}

/// As whom a plugin connects to a database.
fn login(name: &str, plugin: &PluginConfig, database: &DatabaseConfig) -> Login {
    if database.shared_role {
        Login::Shared
    } else {
        PluginSchema::new(name, plugin).login()
    }
}

/// The largest component that is read.
const COMPONENT_BYTES_MAX: u64 = 256 << 20;

async fn read(path: &Path) -> Result<Vec<u8>> {
    let place = path.display();
    let read = || format!("cannot read {place}; build it with `plinth build`");
    let metadata = tokio::fs::metadata(path).await.with_context(read)?;
    // What else can be opened may never end.
    if !metadata.is_file() {
        bail!("{place} is no file, so it is no component");
    }
    if metadata.len() > COMPONENT_BYTES_MAX {
        bail!("{place} is larger than {COMPONENT_BYTES_MAX} bytes, so it is no component");
    }
    tokio::fs::read(path).await.with_context(read)
}
