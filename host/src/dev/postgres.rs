//! A private Postgres, started from the server programs that are installed.
//!
//! It listens on a Unix socket in a folder of its own, so that any number of
//! them run side by side, and it ends with the program that started it, however
//! that ends.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::process::{Child, ChildStdin};
use tokio_postgres::NoTls;

use crate::progress::Progress;

mod account;
mod programs;

pub use account::Account;
pub use programs::Programs;

/// How long the server may take to answer its first connection.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How long it may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A socket's path has at most 107 bytes on Linux, and Postgres adds its own name.
const SOCKET_FOLDER_BYTES_MAX: usize = 85;

/// Runs the server until its standard input ends, which is when the program that
/// holds the other end of it does, then stops it and removes the folder in `$1`.
///
/// A shell, because only another process can outlive ours.
const GUARD: &str = r#"
remove=$1; shift
exec 3<&0
"$@" 3<&- </dev/null & server=$!
( read -r _ <&3; kill -INT $server ) & reader=$!
exec 3<&-
wait $server; status=$?
kill $reader 2>/dev/null
if [ -n "$remove" ]; then rm -rf "$remove"; fi
exit $status
"#;

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
    data: PathBuf,
    socket: PathBuf,
    user: String,
    /// Absent where another program started the server and will stop it.
    guard: Option<Guard>,
}

#[derive(Debug)]
struct Guard {
    process: Child,
    stdin: ChildStdin,
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
        let step = progress.step("Starting a private Postgres");
        match Self::try_start(&storage).await {
            Ok(postgres) => {
                let how = if postgres.guard.is_some() {
                    "in"
                } else {
                    "already running in"
                };
                step.done(&format!(
                    "as user {}, {how} {}",
                    postgres.user,
                    postgres.data.display()
                ));
                Ok(postgres)
            }
            Err(error) => {
                step.fail("failed");
                Err(error)
            }
        }
    }

    async fn try_start(storage: &Storage) -> Result<Self> {
        let programs = Programs::find().await?;
        let account = Account::choose()?;
        let (data, temporary) = match storage {
            Storage::Kept(folder) => (account.folder(folder)?, false),
            Storage::Temporary => (account.temporary_folder()?, true),
        };
        let socket = account.socket_folder(&data, SOCKET_FOLDER_BYTES_MAX)?;
        let user = account.name().to_owned();
        let mut postgres = Self {
            data,
            socket,
            user,
            guard: None,
        };
        if !temporary && postgres.connect("postgres").await.is_ok() {
            return Ok(postgres);
        }
        postgres.initialize(&programs, &account, temporary).await?;
        postgres.guard = Some(postgres.run(&programs, &account, temporary)?);
        postgres.wait_until_ready().await?;
        Ok(postgres)
    }

    /// How to connect to one of its databases.
    pub fn config(&self, database: &str) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .host_path(&self.socket)
            .user(&self.user)
            .dbname(database);
        config
    }

    /// The same as a key-value string, as libpq takes it.
    pub fn url(&self, database: &str) -> String {
        let quote = |value: &str| format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"));
        let host = quote(&self.socket.display().to_string());
        format!(
            "host={host} user={} dbname={}",
            quote(&self.user),
            quote(database)
        )
    }

    /// Where it keeps its data.
    pub fn data_folder(&self) -> &Path {
        &self.data
    }

    /// Creates a database, and tells whether it was missing.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub async fn create_database_if_missing(&self, name: &str) -> Result<bool> {
        let client = self.connect("postgres").await?;
        let found = client
            .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
            .await?;
        if found.is_none() {
            client
                .batch_execute(&format!("CREATE DATABASE {}", quote_identifier(name)))
                .await?;
        }
        Ok(found.is_none())
    }

    /// Drops a database with all that is in it.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub async fn drop_database(&self, name: &str) -> Result<()> {
        let client = self.connect("postgres").await?;
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
        let Some(Guard { mut process, stdin }) = self.guard.take() else {
            return Ok(());
        };
        drop(stdin);
        let ended = tokio::time::timeout(STOP_TIMEOUT, process.wait()).await;
        ended.context("the private Postgres does not stop")??;
        Ok(())
    }

    async fn connect(&self, database: &str) -> Result<tokio_postgres::Client> {
        let (client, connection) = self.config(database).connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Makes the data folder beside its place and renames it, so that half of
    /// one is never used.
    async fn initialize(
        &self,
        programs: &Programs,
        account: &Account,
        temporary: bool,
    ) -> Result<()> {
        if let Ok(version) = std::fs::read_to_string(self.data.join("PG_VERSION")) {
            return programs.check_version(version.trim(), &self.data);
        }
        let staging = self.data.with_extension("new");
        let _ = std::fs::remove_dir_all(&staging);
        let mut command = account.command(&programs.initdb);
        command.args([
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--username",
            account.name(),
        ]);
        if temporary {
            command.arg("--no-sync");
        }
        let output = command
            .arg("--pgdata")
            .arg(&staging)
            .output()
            .await
            .context("cannot run initdb")?;
        if !output.status.success() {
            bail!(
                "initdb failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        // An empty folder may stand at the place; one with something in it stays.
        let _ = std::fs::remove_dir(&self.data);
        std::fs::rename(&staging, &self.data).with_context(|| {
            format!(
                "{} is in the way: it holds no Postgres data",
                self.data.display()
            )
        })
    }

    fn run(&self, programs: &Programs, account: &Account, temporary: bool) -> Result<Guard> {
        let remove = if temporary {
            self.data.parent().unwrap_or(&self.data).as_os_str()
        } else {
            "".as_ref()
        };
        let log = std::fs::File::create(self.log()).context("cannot write the server's log")?;
        let mut command = account.command(Path::new("/bin/sh"));
        command
            .arg("-c")
            .arg(GUARD)
            .arg("plinth-postgres")
            .arg(remove);
        command
            .arg(&programs.postgres)
            .arg("-D")
            .arg(&self.data)
            .arg("-k")
            .arg(&self.socket);
        for setting in [
            "listen_addresses=",
            "timezone=UTC",
            "log_timezone=UTC",
            "lc_messages=C",
            "max_connections=300",
        ] {
            command.args(["-c", setting]);
        }
        if temporary {
            for setting in [
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
            ] {
                command.args(["-c", setting]);
            }
        }
        command
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log);
        // Ctrl-C in the terminal is for the program, which stops the server itself.
        command.process_group(0);
        let mut process = command.spawn().context("cannot start Postgres")?;
        let stdin = process.stdin.take().expect("piped");
        Ok(Guard { process, stdin })
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let began = Instant::now();
        loop {
            let error = match self.connect("postgres").await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let guard = self.guard.as_mut().context("the server was started")?;
            if guard.process.try_wait()?.is_some() {
                bail!("Postgres does not start: {}", last_lines(&self.log()));
            }
            if began.elapsed() > START_TIMEOUT {
                bail!(
                    "Postgres does not answer ({error:#}): {}",
                    last_lines(&self.log())
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn log(&self) -> PathBuf {
        self.data.join("server.log")
    }
}

fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(3).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_temporary_server_starts_and_leaves_nothing() {
        let postgres = PrivatePostgres::start(Storage::Temporary, &Progress::hidden())
            .await
            .expect("starts");
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
        let config: tokio_postgres::Config = postgres.url("a \"b\"").parse().expect("a URL");
        let (client, connection) = config.connect(NoTls).await.expect("connects");
        tokio::spawn(connection);
        let zone: String = client
            .query_one("SHOW timezone", &[])
            .await
            .expect("answers")
            .get(0);
        assert_eq!(zone, "UTC");
        let data = postgres.data_folder().to_owned();
        postgres.stop().await.expect("stops");
        assert!(!data.exists());
    }

    #[tokio::test]
    async fn a_kept_server_keeps_its_data_and_is_shared() {
        let folder = tempfile::tempdir().expect("a folder");
        let storage = Storage::Kept(folder.path().join("postgres"));
        let first = PrivatePostgres::start(storage.clone(), &Progress::hidden())
            .await
            .expect("starts");
        first
            .create_database_if_missing("kept")
            .await
            .expect("creates");
        let second = PrivatePostgres::start(storage.clone(), &Progress::hidden())
            .await
            .expect("shares");
        assert!(
            !second
                .create_database_if_missing("kept")
                .await
                .expect("is there")
        );
        second.stop().await.expect("leaves the first alone");
        first.connect("kept").await.expect("still runs");
        first.stop().await.expect("stops");
        let again = PrivatePostgres::start(storage, &Progress::hidden())
            .await
            .expect("starts again");
        again.connect("kept").await.expect("kept");
        let data = again.data_folder().to_owned();
        again.stop().await.expect("stops");
        std::fs::remove_dir_all(data).expect("removes");
    }
}
