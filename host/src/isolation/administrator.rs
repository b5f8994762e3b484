//! Who creates roles, schemas and tables: a session of an administrator's, and
//! sessions of the roles that own plugins' tables.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use postgres_protocol::password::scram_sha_256;
use tokio_postgres::{Client, Config};

use super::lock::Turn;
use super::step::{Step, literal};
use super::{PluginSchema, possessions, steps};
use crate::capability::database::tls::{self, Tls};
use crate::capability::database::{
    Login, is_transaction_control, prepend_options, quote_identifier, setting,
};
use crate::config::{DatabaseConfig, Secret};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long all statements of a plugin may take: an index on a large table takes
/// its time, and a plugin that never ends has none.
const TABLES_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// How long to wait for a lock that somebody else holds, at each try.
const LOCK_TIMEOUT_MS: &str = "5000";

/// How often a plugin's statements are tried that somebody is in the way of.
const TRIES: usize = 3;

/// How long one of the host's own statements may take.
const STEP_TIMEOUT_MS: &str = "60000";

/// A session that may create roles and schemas in one database.
pub struct Administrator {
    config: Config,
    tls: Tls,
    client: Client,
    database: String,
}

/// What was done, or could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is, as something to do: `create role "plinth_shop"`.
    pub what: String,
    /// Whether the administrator may not do it. Everything works without it.
    pub refused: bool,
}

impl Administrator {
    /// Connects to the database where plugins shall have their schemas, as the
    /// URL says; to that of this name, where it does not say.
    ///
    /// # Errors
    ///
    /// When it can't connect; the message says why, and nothing of the URL.
    pub async fn connect(server: &DatabaseConfig, database: Option<&str>) -> Result<Self> {
        let (mut config, tls) = tls::server(server).context("the administrator's URL")?;
        if let (None, Some(database)) = (config.get_dbname(), database) {
            config.dbname(database);
        }
        prepend_options(&mut config, &setting("lock_timeout", LOCK_TIMEOUT_MS));
        // A database that hangs is told, too. What creates tables has a limit of its own.
        let mut own = config.clone();
        prepend_options(&mut own, &setting("statement_timeout", STEP_TIMEOUT_MS));
        let client = connect(&own, &tls)
            .await
            .context("cannot connect to Postgres as an administrator")?;
        let row = client
            .query_one("SELECT current_database()::text", &[])
            .await?;
        Ok(Self {
            config,
            tls,
            client,
            database: row.get(0),
        })
    }

    /// The name of the database it is connected to.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Whether the server is a copy of another, where nothing can be created:
    /// what is created there arrives here.
    ///
    /// # Errors
    ///
    /// When the connection breaks.
    pub async fn is_replica(&self) -> Result<bool> {
        holds(&self.client, "pg_is_in_recovery()").await
    }

    /// Creates the roles and schemas of plugins and gives them their rights,
    /// where something of it is missing.
    ///
    /// # Errors
    ///
    /// When Postgres refuses, or a role or a schema of that name is unfit.
    pub async fn prepare(&self, plugins: &[PluginSchema]) -> Result<Vec<Change>> {
        if plugins.is_empty() || self.is_replica().await? {
            return Ok(Vec::new());
        }
        let _turn = self.turn().await?;
        let mut steps = steps::of_database(&self.database);
        for plugin in plugins {
            steps.extend(steps::of_plugin(&self.database, plugin));
        }
        let mut changes = run(&self.client, &steps).await?;
        for plugin in plugins {
            changes.extend(self.set_password(plugin).await?);
        }
        Ok(changes)
    }

    /// Creates a plugin's tables, as the role that owns them.
    ///
    /// The statements are the plugin's, so they are not to be trusted: no role
    /// but the owner's runs them.
    ///
    /// # Errors
    ///
    /// When the owner can't connect, or Postgres refuses a statement.
    pub async fn create_tables(
        &self,
        plugin: &PluginSchema,
        ddl: &[String],
    ) -> Result<Vec<Change>> {
        if self.is_replica().await? {
            return Ok(Vec::new());
        }
        let _turn = self.turn().await?;
        let owner = self.connect_as_owner(plugin).await?;
        let mut changes = run(&owner, &steps::of_tables_to_come(plugin)).await?;
        let schema = literal(&plugin.schema);
        let mut tries_left = TRIES;
        loop {
            tries_left -= 1;
            match create_tables(&owner, &schema, ddl, Some(&plugin.owner)).await {
                Err(cause) if tries_left > 0 && is_in_the_way(&cause) => {
                    batch(&owner, "ROLLBACK").await?;
                    changes.extend(self.clear_the_way(plugin).await?);
                }
                created => {
                    changes.extend(created?);
                    return Ok(changes);
                }
            }
        }
    }

    /// Creates a plugin's tables where all plugins are one role: that of this
    /// session, and wherever its names lead.
    ///
    /// # Errors
    ///
    /// When Postgres refuses a statement.
    pub async fn create_shared_tables(&self, ddl: &[String]) -> Result<Vec<Change>> {
        if self.is_replica().await? {
            return Ok(Vec::new());
        }
        // Without turns: whoever holds this role's tables up may do so anyhow.
        create_tables(&self.client, "current_schema()", ddl, None).await
    }

    /// Whether this session's role is a superuser.
    ///
    /// # Errors
    ///
    /// When the connection breaks.
    pub async fn is_superuser(&self) -> Result<bool> {
        holds(&self.client, "current_setting('is_superuser') = 'on'").await
    }

    /// Waits for this one's turn to prepare the database.
    async fn turn(&self) -> Result<Turn> {
        let mut config = self.config.clone();
        config.dbname(&self.database);
        let client = connect(&config, &self.tls).await?;
        Turn::take(client)
            .await
            .context("cannot take a turn at preparing the database")
    }

    /// Ends the sessions of a plugin that hold locks on its tables: a plugin must
    /// not prevent its own replacement.
    async fn clear_the_way(&self, plugin: &PluginSchema) -> Result<Option<Change>> {
        let role = quote_identifier(&plugin.role);
        let sql = format!(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(a.pid)) FROM pg_stat_activity a \
             WHERE a.usename = {} AND EXISTS (SELECT FROM pg_locks l \
               JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE l.pid = a.pid AND l.granted AND n.nspname = {} AND l.database = (SELECT oid \
               FROM pg_database WHERE datname = current_database()))",
            literal(&plugin.role),
            literal(&plugin.schema)
        );
        let ended: i64 = self.client.query_one(&sql, &[]).await?.get(0);
        Ok((ended > 0).then(|| Change {
            what: format!("end {ended} sessions of role {role}, which held locks on its tables"),
            refused: false,
        }))
    }

    /// Whether a plugin can connect as the role it has been given.
    ///
    /// # Errors
    ///
    /// When it can't.
    pub async fn try_login(&self, plugin: &PluginSchema) -> Result<()> {
        let mut config = self.config.clone();
        plugin.login().apply(&mut config);
        let connected = connect(&config, &self.tls).await;
        connected.with_context(|| format!("cannot connect as role {:?}", plugin.role))?;
        Ok(())
    }

    /// Sets the password that is configured for a plugin, as something it can't
    /// be read from.
    async fn set_password(&self, plugin: &PluginSchema) -> Result<Option<Change>> {
        let Some(password) = &plugin.password else {
            return Ok(None);
        };
        let role = quote_identifier(&plugin.role);
        let verifier = scram_sha_256(password.expose().as_bytes());
        let sql = format!("ALTER ROLE {role} PASSWORD {}", literal(&verifier));
        let what = format!("set the password of role {role}");
        let set = batch(&self.client, &sql).await;
        set.with_context(|| format!("cannot {what}"))?;
        Ok(Some(Change {
            what,
            refused: false,
        }))
    }

    /// Connects as the role that owns a plugin's tables. A server that wants a
    /// password gets one that is good for this connection only.
    async fn connect_as_owner(&self, plugin: &PluginSchema) -> Result<Client> {
        match connect(&self.owner_config(plugin, None), &self.tls).await {
            Err(cause) if is_refused(&cause) => {}
            connected => return connected,
        }
        let role = quote_identifier(&plugin.owner);
        let password = Secret::new(random_text()?);
        let verifier = literal(&scram_sha_256(password.expose().as_bytes()));
        let soon = "SELECT (now() + interval '1 minute')::text";
        let soon: String = self.client.query_one(soon, &[]).await?.get(0);
        let set = format!(
            "ALTER ROLE {role} PASSWORD {verifier} VALID UNTIL {}",
            literal(&soon)
        );
        batch(&self.client, &set).await?;
        let connected = connect(&self.owner_config(plugin, Some(password)), &self.tls).await;
        let unset = format!("ALTER ROLE {role} PASSWORD NULL VALID UNTIL 'infinity'");
        batch(&self.client, &unset).await?;
        connected.with_context(|| {
            format!(
                "cannot connect as {role}, who owns the tables of plugin {}: let it in by password in pg_hba.conf, \
                 or run what `plinth migrate --sql` prints",
                plugin.plugin
            )
        })
    }

    fn owner_config(&self, plugin: &PluginSchema, password: Option<Secret>) -> Config {
        let login = Login::Own {
            role: plugin.owner.clone(),
            password,
            schema: plugin.schema.clone(),
        };
        let mut config = self.config.clone();
        config.dbname(&self.database);
        login.apply(&mut config);
        config
    }
}

/// Whether Postgres refused for want of rights or of a way to log in, which
/// another role or another setting of the server would change.
pub(crate) fn is_refused(error: &anyhow::Error) -> bool {
    let state = error.chain().find_map(|cause| {
        let cause = cause.downcast_ref::<tokio_postgres::Error>()?;
        Some(cause.code()?.code().to_owned())
    });
    state.is_some_and(|state| state == "42501" || state.starts_with("28"))
}

pub(super) async fn connect(config: &Config, tls: &Tls) -> Result<Client> {
    let Ok(connected) = tokio::time::timeout(CONNECT_TIMEOUT, tls.connect(config)).await else {
        bail!("no answer within {} s", CONNECT_TIMEOUT.as_secs());
    };
    let (client, driver) = connected?;
    tokio::spawn(driver);
    Ok(client)
}

/// Whether a condition holds.
pub(super) async fn holds(client: &Client, condition: &str) -> Result<bool> {
    let row = client
        .query_one(&format!("SELECT ({condition})"), &[])
        .await?;
    Ok(row.get(0))
}

/// Brings about what is not there yet.
async fn run(client: &Client, steps: &[Step]) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for step in steps {
        let what = &step.what;
        if holds(client, &step.done).await? {
            continue;
        }
        let outcome = batch(client, &step.sql).await;
        // Postgres only warns where it grants nothing, and somebody else may have been faster.
        let refused = !holds(client, &step.done).await?;
        if refused && step.necessary {
            outcome.with_context(|| format!("cannot {what}"))?;
            bail!(
                "cannot {what}: Postgres did not say why; the administrator's role may lack the right"
            );
        }
        let what = what.clone();
        changes.push(Change { what, refused });
    }
    Ok(changes)
}

/// Whether a statement waited for a lock that somebody held for too long.
fn is_in_the_way(error: &anyhow::Error) -> bool {
    let mut causes = error.chain();
    causes.any(|cause| {
        let cause = cause.downcast_ref::<tokio_postgres::Error>();
        let state = cause.and_then(tokio_postgres::Error::code);
        state.is_some_and(|state| state.code() == "55P03")
    })
}

/// Runs a plugin's statements in one transaction, and tells what is new in its
/// schema, which is given as an expression. Of an owner whose they are it is
/// checked what else it has become the owner of.
async fn create_tables(
    client: &Client,
    schema: &str,
    ddl: &[String],
    owner: Option<&str>,
) -> Result<Vec<Change>> {
    let before = relations(client, schema).await?;
    let created = async {
        batch(client, "BEGIN").await?;
        for sql in ddl {
            if is_transaction_control(sql) {
                bail!("{sql:.100?} would end the transaction around the plugin's statements");
            }
            // Prepared, because then it is one statement and not several.
            let ran = client.execute(sql, &[]).await;
            ran.with_context(|| shown(sql).to_owned())?;
        }
        if let Some(owner) = owner {
            possessions::check(client, owner).await?;
        }
        batch(client, "COMMIT").await
    };
    let Ok(created) = tokio::time::timeout(TABLES_TIMEOUT, created).await else {
        bail!(
            "its statements take longer than {} s",
            TABLES_TIMEOUT.as_secs()
        );
    };
    created?;
    let after = relations(client, schema).await?;
    let new = after.difference(&before);
    let change = |what: &String| Change {
        what: format!("create {what}"),
        refused: false,
    };
    Ok(new.map(change).collect())
}

/// What of a statement is shown where it fails: of a block its error says enough,
/// and would be far below.
fn shown(sql: &str) -> &str {
    match sql.starts_with("DO ") {
        true => "a block of its statements",
        false => sql,
    }
}

/// The tables and indexes of a schema. The constraints' indexes come with their
/// tables.
async fn relations(client: &Client, schema: &str) -> Result<BTreeSet<String>> {
    let sql = format!(
        "SELECT CASE WHEN c.relkind = 'i' THEN 'index ' ELSE 'table ' END || c.oid::regclass::text \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {schema} AND c.relkind IN ('r', 'p', 'i') \
         AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)"
    );
    let rows = client.query(&sql, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn batch(client: &Client, sql: &str) -> Result<()> {
    client.batch_execute(sql).await?;
    Ok(())
}

fn random_text() -> Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|cause| anyhow::anyhow!("no random bytes: {cause}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
