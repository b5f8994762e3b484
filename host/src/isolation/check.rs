//! Whether a plugin has what it needs in a database, and no more.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tokio_postgres::Client;

use super::administrator::{connect, holds};
use super::step::literal;
use super::{PluginSchema, possessions, steps};
use crate::capability::database::{prepend_options, quote_identifier, setting, tls};
use crate::config::Config;
use crate::plugin::Plugin;

/// How long a question may take.
const TIMEOUT_MS: &str = "10000";

/// What to do about it.
const ADVICE: &str = "run `plinth migrate`";

/// Connects to every database as each plugin that is given it, and checks that
/// its role is fit and its schema and tables are there. A server that does not
/// answer is left for later, with a line in the log.
///
/// # Errors
///
/// When a role can't log in, may do more than a plugin's should, or misses
/// something; the message says what to do.
pub async fn check(config: &Config, plugins: &[Arc<Plugin>]) -> Result<()> {
    for (name, database) in &config.databases {
        for plugin in PluginSchema::all(config, name) {
            let context = || format!("plugin {} on databases.{name}", plugin.plugin);
            let (mut login, tls) = tls::server(database).with_context(context)?;
            plugin.login().apply(&mut login);
            // A database that hangs must not hold up the start.
            prepend_options(&mut login, &setting("statement_timeout", TIMEOUT_MS));
            let client = match connect(&login, &tls).await {
                Ok(client) => client,
                Err(cause) if is_database_error(&cause) => {
                    let role = quote_identifier(&plugin.role);
                    let refused = format!("cannot connect as role {role}: {ADVICE}");
                    return Err(cause.context(refused)).with_context(context);
                }
                Err(cause) => {
                    tracing::warn!(
                        target: "plinth::database",
                        database = name, plugin = plugin.plugin, cause = format!("{cause:#}"),
                        "not checked: the database does not answer"
                    );
                    continue;
                }
            };
            check_role(&client, &plugin).await.with_context(context)?;
            possessions::check(&client, &plugin.owner)
                .await
                .with_context(context)?;
            check_tables(config, plugins, &client, &plugin, name)
                .await
                .with_context(context)?;
        }
    }
    Ok(())
}

async fn check_role(client: &Client, schema: &PluginSchema) -> Result<()> {
    let (role, name) = (
        quote_identifier(&schema.role),
        quote_identifier(&schema.schema),
    );
    if !holds(client, &steps::is_powerless(&schema.role)).await? {
        bail!(
            "role {role} may do more than a plugin should; give the plugin another database_role and {ADVICE}"
        );
    }
    if !holds(client, &steps::owns_nothing(&schema.role)).await? {
        bail!(
            "role {role} owns something in the database; give the plugin another database_role and {ADVICE}"
        );
    }
    let usable = format!(
        "coalesce((SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = {}), false)",
        literal(&schema.schema)
    );
    if !holds(client, &usable).await? {
        bail!("role {role} has no schema {name}: {ADVICE}");
    }
    Ok(())
}

async fn check_tables(
    config: &Config,
    plugins: &[Arc<Plugin>],
    client: &Client,
    schema: &PluginSchema,
    database: &str,
) -> Result<()> {
    let mut plugins = plugins.iter();
    let (Some(plugin), Some(settings)) = (
        plugins.find(|plugin| plugin.name() == schema.plugin),
        config.plugins.get(&schema.plugin),
    ) else {
        return Ok(());
    };
    for table in plugin.tables(settings, database) {
        let full = format!(
            "{}.{}",
            quote_identifier(&schema.schema),
            quote_identifier(&table.name)
        );
        if !holds(
            client,
            &format!("to_regclass({}) IS NOT NULL", literal(&full)),
        )
        .await?
        {
            bail!("table {full} is missing: {ADVICE}");
        }
    }
    Ok(())
}

fn is_database_error(error: &anyhow::Error) -> bool {
    let mut causes = error.chain();
    let postgres = causes.find_map(|cause| cause.downcast_ref::<tokio_postgres::Error>());
    // A server that starts or stops, or has no connection left, says so too.
    postgres
        .and_then(tokio_postgres::Error::code)
        .is_some_and(|state| !state.code().starts_with("57P") && !state.code().starts_with("53"))
}
