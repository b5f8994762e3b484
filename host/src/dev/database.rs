//! What `plinth dev` remembers of a plugin's tables, in the database itself.

use anyhow::{Context, Result};
use tokio_postgres::{Client, Config};

use crate::capability::database::tls::{self, Tls};
use crate::config::DatabaseConfig;
use crate::plugin::Plugin;

/// Where the host keeps what it knows of plugins.
const BOOKKEEPING: &str = "
    CREATE SCHEMA IF NOT EXISTS plinth;
    CREATE TABLE IF NOT EXISTS plinth.plugin (
        name text PRIMARY KEY,
        tables text NOT NULL,
        seeded boolean NOT NULL DEFAULT false
    )";

/// The host's notes about plugins in one database.
///
/// It connects anew for each note: a database that was restarted in between is
/// no reason to stop serving.
pub struct Bookkeeping {
    config: Config,
    tls: Tls,
}

impl Bookkeeping {
    /// Notes in the database of that name.
    ///
    /// # Errors
    ///
    /// When its URL is not one.
    pub fn new(name: &str, config: &DatabaseConfig) -> Result<Self> {
        let (config, tls) = tls::server(config).with_context(|| format!("databases.{name}"))?;
        Ok(Self { config, tls })
    }

    async fn connect(&self) -> Result<Client> {
        let connected = self.tls.connect(&self.config).await;
        let (client, driver) = connected.context("cannot connect to Postgres")?;
        tokio::spawn(driver);
        client
            .batch_execute(BOOKKEEPING)
            .await
            .context("cannot create the schema plinth")?;
        Ok(client)
    }

    /// Notes the tables a plugin's models need, and tells whether the database
    /// was made for others.
    ///
    /// # Errors
    ///
    /// When Postgres refuses.
    pub async fn tables_changed(&self, plugin: &Plugin) -> Result<bool> {
        let client = self.connect().await?;
        let tables = fingerprint(plugin);
        let insert = "INSERT INTO plinth.plugin (name, tables) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        client.execute(insert, &[&plugin.name(), &tables]).await?;
        let select = "SELECT tables FROM plinth.plugin WHERE name = $1";
        let noted: String = client.query_one(select, &[&plugin.name()]).await?.get(0);
        Ok(noted != tables)
    }

    /// Loads a plugin's demonstration data, unless that was done before. Tells
    /// whether it was done now.
    ///
    /// # Errors
    ///
    /// When the plugin or Postgres refuses.
    pub async fn seed(&self, plugin: &Plugin) -> Result<bool> {
        let client = self.connect().await?;
        let select = "SELECT seeded FROM plinth.plugin WHERE name = $1";
        let seeded = client.query_opt(select, &[&plugin.name()]).await?;
        if !plugin.description().has_seed || seeded.is_some_and(|row| row.get(0)) {
            return Ok(false);
        }
        plugin.seed().await?;
        let update = "UPDATE plinth.plugin SET seeded = true WHERE name = $1";
        client.execute(update, &[&plugin.name()]).await?;
        Ok(true)
    }
}

/// A hash of the statements that make a plugin's tables; blocks only look at what is
/// there before, and say nothing of the tables.
fn fingerprint(plugin: &Plugin) -> String {
    let mut hasher = blake3::Hasher::new();
    let tables = plugin.description().tables.iter();
    let statements = tables.flat_map(|table| &table.ddl);
    for statement in statements.filter(|sql| !sql.starts_with("DO ")) {
        hasher.update(statement.as_bytes()).update(b"\0");
    }
    hasher.finalize().to_hex().to_string()
}
