//! `plinth dev`: build, serve, and serve each save.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use anyhow::{Context, Result};

use super::stop;
use crate::admin::Admin;
use crate::config::{Config, DatabaseConfig, PluginConfig};
use crate::dev::build::{PluginCrate, Profile};
use crate::dev::database::Bookkeeping;
use crate::dev::postgres::{PrivatePostgres, Storage};
use crate::dev::watch::SourceWatcher;
use crate::host::{Host, Reload};
use crate::isolation::{self, Administrator, PluginSchema};
use crate::plugin::Plugin;
use crate::progress::Progress;
use crate::{logging, server};

/// The name of the database that plugins are given in `dev`.
const DATABASE: &str = "default";

/// The name of the database that `PrimaryReplica` reads from. Where none is
/// configured it is the other itself, in which every row is.
const REPLICA: &str = "replica";

/// Builds a plugin, serves it, and serves each save.
///
/// Does everything a fresh machine needs: installs the wasm target, starts a
/// private Postgres, creates the tables, loads the demo data. Ctrl-C ends all of
/// it. A `plinth.toml` beside the plugin's Cargo.toml is used where there is one.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the plugin.
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
    /// The port to listen on, at 127.0.0.1.
    #[arg(long, short, value_name = "PORT")]
    port: Option<u16>,
    /// Use this database instead of a private Postgres.
    #[arg(
        long,
        value_name = "URL",
        env = "PLINTH_DATABASE_URL",
        hide_env_values = true
    )]
    database: Option<String>,
    /// Begin with an empty database: drops what the private Postgres holds for
    /// this plugin.
    #[arg(long, conflicts_with = "database")]
    fresh: bool,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let mut postgres = None;
    let outcome = serve(&args, &mut postgres).await;
    // However it ended, nothing is left running.
    if let Some(postgres) = postgres {
        postgres.stop().await?;
    }
    outcome
}

async fn serve(args: &Args, postgres: &mut Option<PrivatePostgres>) -> Result<()> {
    let stop = stop::requested(ENDS_WITHIN);
    tokio::pin!(stop);
    let progress = Progress::stderr();
    let session = tokio::select! {
        session = Session::start(args, postgres, &progress) => session?,
        () = &mut stop => return Ok(()),
    };
    session.run(stop, &progress).await
}

/// What the end may take: requests in flight, and Postgres' own.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// A running `plinth dev`.
struct Session {
    source: PluginCrate,
    host: Arc<Host>,
    listener: tokio::net::TcpListener,
    admin: Option<tokio::net::TcpListener>,
    bookkeeping: Bookkeeping,
    watcher: SourceWatcher,
    _flush: logging::Flush,
}

impl Session {
    async fn start(
        args: &Args,
        postgres: &mut Option<PrivatePostgres>,
        progress: &Progress,
    ) -> Result<Self> {
        let source = PluginCrate::open(&args.folder).await?;
        let mut config = source.config()?;
        let flush = logging::start(config.log_format);
        config.dev = true;
        config.create_tables = true;
        config.engine.fast_compilation = true;
        if let Some(port) = args.port {
            config.listen = SocketAddr::from(([127, 0, 0, 1], port));
        }
        // First of all, because it is the likeliest to fail and the soonest tried.
        let listener = server::bind(config.listen).await?;
        let admin = Admin::bind(&config.admin).await?;
        databases(&mut config, args, &source, postgres, progress).await?;
        mount(&mut config, &source, PathBuf::new());
        give_roles(&mut config, progress).await?;
        let bookkeeping = Bookkeeping::new(DATABASE, &config.databases[DATABASE])?;
        let mut watcher = SourceWatcher::new(&source)?;
        let host = loop {
            match first_build(&source, &config, progress).await {
                Ok(host) => break Arc::new(host),
                Err(error) => progress.line(&format!("{error:#}\nWaiting for a change.")),
            }
            watcher.changed().await;
        };
        watcher.follow(&host.config().plugins[source.name()].component);
        let session = Self {
            source,
            host,
            listener,
            admin,
            bookkeeping,
            _flush: flush,
            watcher,
        };
        session.prepare(progress).await?;
        Ok(session)
    }

    async fn run(mut self, stop: impl Future<Output = ()>, progress: &Progress) -> Result<()> {
        let address = self.listener.local_addr()?;
        progress.line(&format!(
            "Serving {} on http://{address}/ (Ctrl-C stops)",
            self.source.name()
        ));
        let host = Arc::clone(&self.host);
        let admin = self
            .admin
            .map(|listener| Admin::serve(Arc::clone(&host), listener));
        let _admin = admin.transpose()?;
        let (ended, end) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(server::serve(host, self.listener, async { _ = end.await }));
        let rebuilding = async {
            loop {
                self.watcher.changed().await;
                let built = rebuild(&self.source, &self.host, &self.bookkeeping, progress).await;
                if let Some(component) = built {
                    self.watcher.follow(&component);
                }
            }
        };
        tokio::select! {
            () = rebuilding => {}
            () = stop => {}
        }
        drop(ended);
        serving.await.context("the server failed")?;
        // Its connections end before the server that they lead to.
        self.host.close_databases();
        Ok(())
    }

    async fn prepare(&self, progress: &Progress) -> Result<()> {
        for plugin in self.host.site().plugins() {
            warn_of_old_tables(&self.bookkeeping, plugin, progress).await?;
            let step = progress.step("Loading demo data");
            match self.bookkeeping.seed(plugin).await {
                Ok(true) => step.done("loaded"),
                Ok(false) => step.done("nothing to load"),
                Err(error) => {
                    step.fail("failed");
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

/// The databases that no URL is given for, on the private Postgres; their URLs go
/// into `config`.
async fn databases(
    config: &mut Config,
    args: &Args,
    source: &PluginCrate,
    private: &mut Option<PrivatePostgres>,
    progress: &Progress,
) -> Result<()> {
    if let Some(url) = &args.database {
        let database = DatabaseConfig::new(url);
        config.databases.insert(DATABASE.into(), database);
    }
    let mut missing = unconfigured(config);
    let has_replica = missing.remove(REPLICA);
    if !missing.is_empty() {
        let storage = Storage::Kept(config.data_dir.join("postgres"));
        let postgres = private.insert(PrivatePostgres::start(storage, progress).await?);
        for name in missing {
            let own = private_name(source.name(), &name);
            if args.fresh {
                postgres.drop_database(&own).await?;
            }
            postgres.create_database_if_missing(&own).await?;
            let database = DatabaseConfig::new(postgres.url(&own));
            config.databases.insert(name, database);
        }
    }
    if has_replica {
        let database = config.databases[DATABASE].clone();
        config.databases.insert(REPLICA.into(), database);
    }
    config.check()
}

/// The names of databases that are used and not configured.
fn unconfigured(config: &Config) -> BTreeSet<String> {
    let named = config.plugins.values().flat_map(|plugin| &plugin.databases);
    let mut names: BTreeSet<String> = named.cloned().collect();
    names.insert(DATABASE.into());
    names.retain(|name| !config.databases.contains_key(name));
    names
}

/// What a plugin's database is called on the private Postgres.
fn private_name(plugin: &str, database: &str) -> String {
    match database {
        DATABASE => plugin.to_owned(),
        _ => format!("{plugin}_{database}"),
    }
}

/// Gives each plugin its role, or falls back to the URL's own where that one
/// may not create roles, or where they could not connect.
async fn give_roles(config: &mut Config, progress: &Progress) -> Result<()> {
    let names: Vec<String> = config.databases.keys().cloned().collect();
    for name in names {
        let plugins = PluginSchema::all(config, &name);
        let Some(database) = config.databases.get_mut(&name) else {
            continue;
        };
        let context = || format!("databases.{name}");
        match try_roles(database, &plugins).await {
            Ok(()) => {}
            Err(cause) if isolation::is_refused(&cause) => {
                database.shared_role = true;
                progress.line(&format!(
                    "! {cause:#}: on databases.{name} all plugins act as the role in its URL, which \
                     keeps none from what another has there. `shared_role = true` says that it is meant."
                ));
            }
            Err(cause) => return Err(cause).with_context(context),
        }
    }
    Ok(())
}

async fn try_roles(database: &DatabaseConfig, plugins: &[PluginSchema]) -> Result<()> {
    if plugins.is_empty() {
        return Ok(());
    }
    let administrator = Administrator::connect(database, None).await?;
    administrator.prepare(plugins).await?;
    for plugin in plugins {
        administrator.try_login(plugin).await?;
    }
    Ok(())
}

/// Builds the plugin and starts a host with it.
async fn first_build(source: &PluginCrate, config: &Config, progress: &Progress) -> Result<Host> {
    let built = source.build(Profile::Dev, progress).await?;
    let mut config = config.clone();
    mount(&mut config, source, built.component);
    let step = progress.step("Compiling and linking");
    match Host::start(config).await {
        Ok(host) => {
            step.done("ready");
            Ok(host)
        }
        Err(error) => {
            step.fail("does not start");
            Err(error)
        }
    }
}

/// Puts the built component into the settings.
fn mount(config: &mut Config, source: &PluginCrate, component: PathBuf) {
    let plugin = config
        .plugins
        .entry(source.name().to_owned())
        .or_insert_with(|| PluginConfig::new(""));
    plugin.component = component;
    if plugin.databases.is_empty() {
        plugin.databases.push(DATABASE.into());
    }
}

/// Builds after a change and brings the new version in. Whatever goes wrong is
/// shown, and the old version goes on serving. Gives the component that was built.
async fn rebuild(
    source: &PluginCrate,
    host: &Host,
    bookkeeping: &Bookkeeping,
    progress: &Progress,
) -> Option<PathBuf> {
    let built = match source.build(Profile::Dev, progress).await {
        Ok(built) => built,
        Err(error) => {
            progress.line(&format!("{error:#}"));
            return None;
        }
    };
    let built_at = Instant::now();
    let step = progress.step("Bringing it in");
    match bring_in(source, host, bookkeeping, progress, &built.component).await {
        Ok(Reload::Swapped(generation)) => {
            let millis = built_at.elapsed().as_millis();
            step.done(&format!(
                "generation {generation} serves, {millis} ms after cargo finished"
            ));
        }
        Ok(Reload::Unchanged) => step.done("the same bytes, nothing to do"),
        Err(error) => step.fail(&format!("the old version goes on serving: {error:#}")),
    }
    Some(built.component)
}

async fn bring_in(
    source: &PluginCrate,
    host: &Host,
    bookkeeping: &Bookkeeping,
    progress: &Progress,
    component: &Path,
) -> Result<Reload> {
    let wasm = tokio::fs::read(component).await?;
    let reload = host.reload(source.name(), wasm).await?;
    if let Some(plugin) = host
        .site()
        .plugin(source.name())
        .filter(|_| reload != Reload::Unchanged)
    {
        warn_of_old_tables(bookkeeping, plugin, progress).await?;
    }
    Ok(reload)
}

async fn warn_of_old_tables(
    bookkeeping: &Bookkeeping,
    plugin: &Plugin,
    progress: &Progress,
) -> Result<()> {
    if bookkeeping.tables_changed(plugin).await? {
        progress.line(
            "! The models are not those this database was made for. New tables are created, existing ones are \
             left as they are; `plinth dev --fresh` begins with an empty database.",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_without_a_url_are_made() {
        let mut config = Config::default();
        assert_eq!(unconfigured(&config), ["default".to_owned()].into());
        let mut plugin = PluginConfig::new("");
        plugin.databases = ["archive", "logs", "replica"].map(Into::into).into();
        config.plugins.insert("shop".into(), plugin);
        let url = DatabaseConfig::new("postgres://h/logs");
        config.databases.insert("logs".into(), url);
        let names: Vec<String> = unconfigured(&config).into_iter().collect();
        assert_eq!(names, ["archive", "default", "replica"]);
    }

    #[test]
    fn a_private_database_is_called_after_its_plugin() {
        assert_eq!(private_name("shop", "default"), "shop");
        assert_eq!(private_name("shop", "archive"), "shop_archive");
    }
}
