use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use plinth_host::dev::postgres::{Account, PrivatePostgres, Programs, Storage};
use plinth_host::progress::Progress;
use tokio::process::Command;
use tokio_postgres::Client;

use crate::TestDatabase;
use crate::server::{self, POLL, Server, TIMEOUT};

/// Two servers on this machine: a primary, and a standby that replays what is
/// written to it, as in production. Both end when this is dropped.
pub struct ReplicatedPostgres {
    // Ends before the primary that it follows.
    standby: Server,
    primary: Option<PrivatePostgres>,
}

impl ReplicatedPostgres {
    /// Starts both.
    ///
    /// # Panics
    ///
    /// When one of them does not start.
    pub async fn start() -> Self {
        let primary = PrivatePostgres::start(Storage::Temporary, &Progress::hidden())
            .await
            .expect("a private Postgres");
        let standby = start_standby(&primary).await;
        let servers = Self {
            standby,
            primary: Some(primary),
        };
        servers.caught_up().await;
        servers
    }

    /// A new, empty database, as it is on the primary and on the standby.
    ///
    /// # Panics
    ///
    /// When Postgres refuses.
    pub async fn create_database(&self) -> (TestDatabase, TestDatabase) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("replicated_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let created = self.primary().create_database_if_missing(&name).await;
        created.expect("a database");
        self.caught_up().await;
        let primary = TestDatabase {
            url: self.primary().url(&name),
            config: self.primary().config(&name),
            tls_ca_file: None,
        };
        (primary, self.standby.database(&name))
    }

    /// Holds the standby where it is: what is written to the primary from now on
    /// does not show there.
    ///
    /// # Panics
    ///
    /// When it does not stand still in time.
    pub async fn pause_replay(&self) {
        let standby = self.standby.connect().await;
        let pause = standby.batch_execute("SELECT pg_wal_replay_pause()").await;
        pause.expect("paused");
        let state = "SELECT pg_get_wal_replay_pause_state() = 'paused'";
        wait_until(&standby, state).await;
    }

    /// Lets the standby go on, and waits until it has all that was written.
    ///
    /// # Panics
    ///
    /// When it does not catch up in time.
    pub async fn resume_replay(&self) {
        let standby = self.standby.connect().await;
        let resume = standby.batch_execute("SELECT pg_wal_replay_resume()").await;
        resume.expect("resumed");
        self.caught_up().await;
    }

    /// Waits until the standby has all that was written to the primary.
    ///
    /// # Panics
    ///
    /// When it does not catch up in time.
    pub async fn caught_up(&self) {
        let primary = server::connect(&self.primary().config("postgres")).await;
        // Written out now: without a commit that would wait for the log writer.
        let flush = primary.batch_execute("CHECKPOINT").await;
        flush.expect("a checkpoint");
        let written = primary
            .query_one("SELECT pg_current_wal_lsn()::text", &[])
            .await;
        let written: String = written.expect("a position").get(0);
        let standby = self.standby.connect().await;
        let replayed = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn");
        wait_until(&standby, &replayed).await;
    }

    /// Stops the primary and waits for its end.
    ///
    /// # Panics
    ///
    /// When it does not stop in time.
    pub async fn stop_primary(&mut self) {
        let primary = self.primary.take().expect("it runs");
        primary.stop().await.expect("stops in time");
    }

    /// Stops the standby and waits for its end.
    ///
    /// # Panics
    ///
    /// When it does not stop in time.
    pub async fn stop_standby(&mut self) {
        self.standby.stop().await;
    }

    fn primary(&self) -> &PrivatePostgres {
        self.primary.as_ref().expect("it was not stopped")
    }
}

/// A copy of the primary, made while that runs.
async fn start_standby(primary: &PrivatePostgres) -> Server {
    let folder = tempfile::Builder::new()
        .prefix("plinth-standby-")
        .tempdir_in(primary_folder(primary))
        .expect("a folder");
    let folder = folder.keep();
    let owner = fs::metadata(primary.data_folder()).expect("the primary's folder");
    let (uid, gid) = (owner.uid(), owner.gid());
    // Postgres does not run as root.
    let is_other = fs::metadata(&folder).expect("a folder").uid() != uid;
    if is_other {
        chown(&folder, Some(uid), Some(gid)).expect("given to the server's user");
    }
    let account = Account::choose().expect("an account");
    let programs = Programs::find(&account).await.expect("installed");
    let as_server = |program: &Path| {
        let mut command = Command::new(program);
        command.current_dir("/").env("LC_ALL", "C");
        if is_other {
            command.uid(uid).gid(gid);
        }
        command
    };
    let mut copy = as_server(&programs.postgres.with_file_name("pg_basebackup"));
    copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
        .arg("--pgdata")
        .arg(Server::data_of(&folder))
        .arg("--host")
        .arg(primary.socket_folder())
        .args(["--username", "postgres"]);
    let copied = copy.output().await.expect("pg_basebackup runs");
    assert!(copied.status.success(), "{copied:?}");
    let settings = [
        "listen_addresses=",
        "cluster_name=plinth-standby",
        // No less than the primary's, or it refuses to start.
        "max_connections=300",
    ];
    let shell = as_server(Path::new("/bin/sh"));
    Server::start(shell, &programs, folder, 5432, &settings).await
}

/// Where the primary's own temporary folder is: its user can enter it.
fn primary_folder(primary: &PrivatePostgres) -> PathBuf {
    let data = primary.data_folder();
    let around = data.ancestors().nth(2).expect("a folder around its own");
    around.to_owned()
}

async fn wait_until(client: &Client, condition: &str) {
    let holds = async {
        loop {
            let row = client.query_one(condition, &[]).await.expect("answers");
            if row.get(0) {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
    };
    let in_time = tokio::time::timeout(TIMEOUT, holds).await;
    in_time.unwrap_or_else(|_| panic!("never true: {condition}"));
}
