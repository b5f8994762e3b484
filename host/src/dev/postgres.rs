//! A private Postgres, started from the server programs that are installed.
//!
//! It listens on a Unix socket in a folder of its own and on no port, so that
//! any number of them run side by side, and it ends with the program that
//! started it, however that ends.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use crate::progress::Progress;

mod account;
mod cluster;
mod guard;
mod place;
mod programs;

pub use account::Account;
pub use place::{SOCKET_FOLDER_BYTES_MAX, fits_socket};
pub use programs::Programs;

use guard::Guard;
use place::Place;

/// How long the server may take to answer its first connection, and an earlier
/// one to stop.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection over a Unix socket may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often to look whether the server answers.
const POLL: Duration = Duration::from_millis(20);

/// The superuser of the server, whoever runs it.
const SUPERUSER: &str = "postgres";

/// Names the socket only, but the environment may hold another.
const PORT: u16 = 5432;

/// Where the server keeps its data.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In a folder that is there the next time.
    Kept(PathBuf),
    /// In a folder that goes with the server, which then need not be durable.
    Temporary,
}

/// A running server. It stops when this is dropped, or the program ends.
#[derive(Debug)]
pub struct PrivatePostgres {
    place: Place,
    version: String,
    /// Absent where another program started the server and will stop it.
    guard: Option<Guard>,
}

impl PrivatePostgres {
    /// Starts the server, creating its data folder where it is missing. Where
    /// another program runs it already, uses that one.
    ///
    /// # Errors
    ///
    /// When the server programs are missing or don't start; the message says
    /// what to do.
    pub async fn start(storage: Storage, progress: &Progress) -> Result<Self> {
        let step = progress.step("Private Postgres");
        match Self::try_start(storage).await {
            Ok(postgres) => {
                step.done(&postgres.summary());
                Ok(postgres)
            }
            Err(error) => {
                step.fail("does not start");
                Err(error)
            }
        }
    }

    async fn try_start(storage: Storage) -> Result<Self> {
        let place = Place::prepare(storage).await?;
        let started = Self::start_in(&place).await;
        if started.is_err() {
            place.remove_if_temporary();
        }
        let (guard, version) = started?;
        Ok(Self {
            place,
            version,
            guard,
        })
    }

    async fn start_in(place: &Place) -> Result<(Option<Guard>, String)> {
        let deadline = Instant::now() + START_TIMEOUT;
        let _lock = place.lock(deadline).await?;
        if let Some(version) = cluster::running(place, deadline).await? {
            return Ok((None, version));
        }
        let programs = cluster::initialize(place).await?;
        let (guard, version) = cluster::start(place, &programs, deadline).await?;
        Ok((Some(guard), version))
    }

    /// How to connect to one of its databases.
    pub fn config(&self, database: &str) -> Config {
        self.place.config(database)
    }

    /// The same as a key-value string, as libpq takes it.
    ///
    /// ```text
    /// host='/project/.plinth/postgres' port=5432 user='postgres' dbname='blog'
    /// ```
    pub fn url(&self, database: &str) -> String {
        let host = quote_value(&self.place.socket().display().to_string());
        format!(
            "host={host} port={PORT} user={} dbname={}",
            quote_value(SUPERUSER),
            quote_value(database)
        )
    }

    /// Where it keeps its data.
    pub fn data_folder(&self) -> PathBuf {
        self.place.data()
    }

    /// Where its Unix socket is.
    pub fn socket_folder(&self) -> &Path {
        self.place.socket()
    }

    /// Its full version, for example 15.3.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The id of the server's process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.place.postmaster()
    }

    /// Whether another program started it and will stop it.
    pub fn is_shared(&self) -> bool {
        self.guard.is_none()
    }

    /// Creates a database, and tells whether it was missing.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub async fn create_database_if_missing(&self, name: &str) -> Result<bool> {
        let client = connect(&self.config("postgres")).await?;
        let found = client
            .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
            .await?;
        if found.is_some() {
            return Ok(false);
        }
        match client
            .batch_execute(&format!("CREATE DATABASE {}", quote_identifier(name)))
            .await
        {
            Ok(()) => Ok(true),
            // Somebody else was faster.
            Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot create database {name}")),
        }
    }

    /// Drops a database with all that is in it.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub async fn drop_database(&self, name: &str) -> Result<()> {
        let client = connect(&self.config("postgres")).await?;
        let sql = format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            quote_identifier(name)
        );
        client
            .batch_execute(&sql)
            .await
            .with_context(|| format!("cannot drop database {name}"))
    }

    /// Stops the server and waits for its end. One that another program started
    /// is left alone.
    ///
    /// # Errors
    ///
    /// When it does not stop in time.
    pub async fn stop(mut self) -> Result<()> {
        let Some(guard) = self.guard.take() else {
            return Ok(());
        };
        guard.stop().await?;
        self.place.remove_if_temporary();
        Ok(())
    }

    fn summary(&self) -> String {
        let shared = if self.is_shared() {
            "already running, "
        } else {
            ""
        };
        format!("{shared}version {} {}", self.version, self.place)
    }
}

async fn connect(config: &Config) -> Result<Client> {
    let connecting = tokio::time::timeout(CONNECT_TIMEOUT, config.connect(NoTls)).await;
    let Ok(connected) = connecting else {
        bail!("no answer within {} s", CONNECT_TIMEOUT.as_secs())
    };
    let (client, connection) = connected?;
    tokio::spawn(connection);
    Ok(client)
}

/// A value of a connection string.
fn quote_value(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}

fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn start(storage: Storage) -> PrivatePostgres {
        PrivatePostgres::start(storage, &Progress::hidden())
            .await
            .expect("starts")
    }

    #[tokio::test]
    async fn a_temporary_server_starts_and_leaves_nothing() {
        let postgres = start(Storage::Temporary).await;
        assert!(
            postgres
                .create_database_if_missing("a \"b\"")
                .await
                .expect("creates")
        );
        assert!(
            !postgres
                .create_database_if_missing("a \"b\"")
                .await
                .expect("is there")
        );
        let client = connect(&postgres.url("a \"b\"").parse().expect("a URL"))
            .await
            .expect("connects");
        let zone: String = client
            .query_one("SHOW timezone", &[])
            .await
            .expect("answers")
            .get(0);
        assert_eq!(zone, "UTC");
        let (data, pid) = (postgres.data_folder(), postgres.pid().expect("runs"));
        postgres.stop().await.expect("stops");
        assert!(!data.parent().expect("a folder around it").exists());
        assert!(!cluster::is_postgres(pid).await);
    }

    #[tokio::test]
    async fn a_dropped_server_stops_by_itself() {
        let postgres = start(Storage::Temporary).await;
        let home = postgres
            .data_folder()
            .parent()
            .expect("a folder around it")
            .to_owned();
        drop(postgres);
        let gone = async {
            while home.exists() {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(START_TIMEOUT, gone)
            .await
            .expect("stops in time");
    }

    #[tokio::test]
    async fn a_kept_server_keeps_its_data_and_is_shared() {
        let folder = tempfile::tempdir().expect("a folder");
        let storage = Storage::Kept(folder.path().join("postgres"));
        let (first, second) = tokio::join!(start(storage.clone()), start(storage.clone()));
        let (owner, guest) = if first.is_shared() {
            (second, first)
        } else {
            (first, second)
        };
        assert!(guest.is_shared() && !owner.is_shared());
        owner
            .create_database_if_missing("kept")
            .await
            .expect("creates");
        guest.stop().await.expect("leaves the other alone");
        connect(&owner.config("kept")).await.expect("still runs");
        owner.stop().await.expect("stops");
        let again = start(storage).await;
        connect(&again.config("kept")).await.expect("kept");
        let home = again
            .data_folder()
            .parent()
            .expect("a folder around it")
            .to_owned();
        again.stop().await.expect("stops");
        std::fs::remove_dir_all(home).expect("removes");
    }

    #[tokio::test]
    async fn data_of_another_version_are_refused() {
        let folder = tempfile::tempdir_in("/var/tmp").expect("a folder");
        let home = folder.path().join("postgres");
        let data = home.join("data");
        std::fs::create_dir_all(&data).expect("a folder");
        std::fs::write(data.join("PG_VERSION"), "7\n").expect("a file");
        let account = Account::choose().expect("an account");
        account.give(&home).expect("given");
        std::fs::set_permissions(
            folder.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .expect("opened");
        let error = PrivatePostgres::start(Storage::Kept(home), &Progress::hidden())
            .await
            .expect_err("another version");
        assert!(
            error.to_string().contains("made by Postgres 7"),
            "{error:#}"
        );
    }
}
