//! `plinth migrate`: what plugins need in their databases.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::config::{Config, DatabaseConfig};
use crate::host::Host;
use crate::isolation::{Administrator, Change, PluginSchema, script};

/// Creates what the plugins of a plinth.toml need in a database.
///
/// Each plugin gets a role to connect as, a schema, and the tables of its
/// models, all where they are missing. Tables are created and never altered or
/// dropped: changing a model is not a migration yet. Nothing is done twice, so
/// run it after each deployment of a new version and before `plinth serve`.
///
/// PUBLIC loses its rights on the database, so grant CONNECT to other programs
/// that use it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration that `plinth serve` uses.
    #[arg(long, default_value = "plinth.toml", value_name = "FILE")]
    config: PathBuf,
    /// The database to prepare, where the configuration names several.
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// How an administrator connects to that database. Better in the variable
    /// than on the command line, which others on the machine can read.
    #[arg(
        long,
        value_name = "URL",
        env = "PLINTH_ADMIN_URL",
        hide_env_values = true
    )]
    admin_url: Option<String>,
    /// How many hosts may serve from the database at once, one that is being
    /// replaced included: each role gets connections for so many.
    #[arg(long, default_value_t = 4, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    hosts: u16,
    /// Print the statements for an administrator to run, and connect to nothing.
    #[arg(long)]
    sql: bool,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let config = Config::read(&args.config)?;
    let (name, database) = chosen(&config, args.database.as_deref())?;
    let target = database_name(database).with_context(|| format!("databases.{name}.url"))?;
    let tables = tables(&config, name).await?;
    let plugins = plugins(&config, name, args.hosts)?;
    if args.sql {
        if database.shared_role {
            bail!(
                "databases.{name} has a shared role, so there is nothing for an administrator to run"
            );
        }
        let plugins: Vec<_> = plugins
            .into_iter()
            .map(|plugin| {
                (
                    plugin.clone(),
                    tables.get(&plugin.plugin).cloned().unwrap_or_default(),
                )
            })
            .collect();
        print!("{}", script(&target, &plugins));
        return Ok(());
    }
    let mut server = database.clone();
    admin_url(&args, name, database)?.clone_into(&mut server.url);
    let administrator = Administrator::connect(&server, Some(&target)).await?;
    if administrator.database() != target {
        bail!(
            "the administrator's URL leads to database {:?}, and databases.{name} is {target:?}",
            administrator.database()
        );
    }
    if administrator.is_replica().await? {
        println!(
            "databases.{name} is a replica: prepare its primary, and it arrives here by itself."
        );
        return Ok(());
    }
    if database.shared_role && administrator.is_superuser().await? {
        println!(
            "! databases.{name}.url is a superuser's, and shared_role gives it to every plugin: each of them \
             can do anything with this server"
        );
    }
    let mut changes = administrator.prepare(&plugins).await?;
    if database.shared_role {
        for (plugin, ddl) in &tables {
            let created = administrator.create_shared_tables(ddl).await;
            changes.extend(created.with_context(|| format!("plugin {plugin}"))?);
        }
    }
    for plugin in &plugins {
        let ddl = tables.get(&plugin.plugin).map_or(&[][..], Vec::as_slice);
        let created = administrator.create_tables(plugin, ddl).await;
        changes.extend(created.with_context(|| format!("plugin {}", plugin.plugin))?);
    }
    report(&changes);
    Ok(())
}

/// The database that is asked for, or the only one.
fn chosen<'a>(config: &'a Config, asked: Option<&str>) -> Result<(&'a str, &'a DatabaseConfig)> {
    let mut databases = config.databases.iter();
    let found = match asked {
        Some(asked) => databases.find(|(name, _)| *name == asked),
        None if databases.len() == 1 => databases.next(),
        None => None,
    };
    let names: Vec<&str> = config.databases.keys().map(String::as_str).collect();
    let (name, database) = found.with_context(|| {
        format!(
            "name one of the configured databases with --database: {}",
            names.join(", ")
        )
    })?;
    Ok((name, database))
}

/// The name that Postgres knows a database by.
fn database_name(database: &DatabaseConfig) -> Result<String> {
    let config: tokio_postgres::Config =
        database.url.parse().ok().context("it is no Postgres URL")?;
    let name = config.get_dbname().or(config.get_user());
    name.map(str::to_owned).context("it names no database")
}

fn admin_url<'a>(args: &'a Args, name: &str, database: &'a DatabaseConfig) -> Result<&'a str> {
    match &args.admin_url {
        // The tables are the shared role's, and the statements the plugins': no administrator's
        // session runs them.
        _ if database.shared_role => Ok(&database.url),
        Some(url) => Ok(url),
        None => bail!(
            "set PLINTH_ADMIN_URL to the URL of a role that may create roles and schemas in databases.{name}, \
             or print the statements with --sql"
        ),
    }
}

/// The plugins with roles of their own, each with the connections that all
/// hosts may have.
fn plugins(config: &Config, database: &str, hosts: u16) -> Result<Vec<PluginSchema>> {
    // A role is the server's, so its limit is for all databases that may be on it.
    let mut connections: BTreeMap<&str, usize> = BTreeMap::new();
    for name in config.databases.keys() {
        for (plugin, share) in config.connection_shares(name)? {
            *connections.entry(plugin).or_default() += share;
        }
    }
    let mut plugins = PluginSchema::all(config, database);
    for plugin in &mut plugins {
        let share = connections.get(plugin.plugin.as_str()).copied();
        plugin.connections_max = share.map(|share| share.saturating_mul(hosts.into()));
    }
    Ok(plugins)
}

/// The statements that create the tables of each plugin that has them in a
/// database.
async fn tables(config: &Config, database: &str) -> Result<BTreeMap<String, Vec<String>>> {
    let mut offline = config.clone();
    for database in offline.databases.values_mut() {
        database.limits.connections_min = 0;
    }
    offline.keeps_compiled = false;
    let host = Host::start(offline).await?;
    let mut tables = BTreeMap::new();
    for plugin in host.site().plugins() {
        let settings = config.plugins.get(plugin.name());
        let settings = settings.context("the plugin is not configured")?;
        let statements = plugin.statements(settings, database);
        if !statements.is_empty() {
            tables.insert(plugin.name().to_owned(), statements);
        }
    }
    host.close_databases();
    Ok(tables)
}

fn report(changes: &[Change]) {
    for Change { what, refused } in changes {
        if *refused {
            println!("! not done, since this administrator may not: {what}");
        } else {
            println!("{what}");
        }
    }
    if changes.iter().all(|change| change.refused) {
        println!("nothing else to do");
    }
}
