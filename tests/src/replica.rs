use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use plinth_host::dev::postgres::{Account, PrivatePostgres, Programs, Storage};
use plinth_host::progress::Progress;
use tokio::process::{Child, Command};
use tokio_postgres::{Client, Config, NoTls};

use crate::TestDatabase;

/// How long the standby may take to start, and to replay what there is.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How often to look whether it has.
const POLL: Duration = Duration::from_millis(20);

/// Runs a server until standard input ends, which is also when this process
/// does, however it ends; then removes its folder.
const SCRIPT: &str = r#"
folder=$1; shift
exec 3<&0
"$@" 3<&- </dev/null >"$folder/log" 2>&1 & server=$!
read -r _ <&3
kill -TERM $server; kill -INT $server
wait $server
rm -rf "$folder"
"#;

/// Two servers on this machine: a primary, and a standby that replays what is
/// written to it, as in production. Both end when this is dropped.
pub struct ReplicatedPostgres {
    // Ends before the primary that it follows.
    standby: Standby,
    primary: Option<PrivatePostgres>,
}

struct Standby {
    process: Child,
    folder: PathBuf,
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
        let standby = Standby::start(&primary).await;
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
        let primary = connect(&self.primary().config("postgres")).await;
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
        self.standby.process.stdin = None;
        let ended = tokio::time::timeout(TIMEOUT, self.standby.process.wait()).await;
        ended.expect("stops in time").expect("a status");
    }

    fn primary(&self) -> &PrivatePostgres {
        self.primary.as_ref().expect("it was not stopped")
    }
}

impl Standby {
    /// A copy of the primary, made while that runs.
    async fn start(primary: &PrivatePostgres) -> Self {
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
        let as_server = |command: &mut Command| {
            command.current_dir("/").env("LC_ALL", "C");
            if is_other {
                command.uid(uid).gid(gid);
            }
        };
        let data = folder.join("data");
        let mut copy = Command::new(programs.postgres.with_file_name("pg_basebackup"));
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
            .arg("--pgdata")
            .arg(&data)
            .arg("--host")
            .arg(primary.socket_folder())
            .args(["--username", "postgres"]);
        as_server(&mut copy);
        let copied = copy.output().await.expect("pg_basebackup runs");
        assert!(copied.status.success(), "{copied:?}");
        let mut serve = Command::new("/bin/sh");
        serve.args(["-c", SCRIPT, "plinth-standby"]);
        serve.arg(&folder).arg(programs.postgres);
        serve.arg("-D").arg(&data);
        let socket = format!("unix_socket_directories={}", folder.display());
        for setting in [
            &socket,
            "listen_addresses=",
            "port=5432",
            "cluster_name=plinth-standby",
            // No less than the primary's, or it refuses to start.
            "max_connections=300",
            "fsync=off",
        ] {
            serve.args(["-c", setting]);
        }
        as_server(&mut serve);
        serve.stdin(Stdio::piped());
        let process = serve.spawn().expect("a shell");
        let standby = Self { process, folder };
        standby.is_ready().await;
        standby
    }

    async fn is_ready(&self) {
        let config = self.database("postgres").config;
        let answers = async {
            while config.connect(NoTls).await.is_err() {
                tokio::time::sleep(POLL).await;
            }
        };
        if tokio::time::timeout(TIMEOUT, answers).await.is_err() {
            let log = fs::read_to_string(self.folder.join("log"));
            panic!("the standby does not start: {log:?}");
        }
    }

    async fn connect(&self) -> Client {
        connect(&self.database("postgres").config).await
    }

    fn database(&self, name: &str) -> TestDatabase {
        let host = self.folder.display();
        let url = format!("host={host} port=5432 user=postgres dbname={name}");
        let config = url.parse().expect("a URL");
        TestDatabase { url, config }
    }
}

/// Where the primary's own temporary folder is: its user can enter it.
fn primary_folder(primary: &PrivatePostgres) -> PathBuf {
    let data = primary.data_folder();
    let around = data.ancestors().nth(2).expect("a folder around its own");
    around.to_owned()
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("connects");
    tokio::spawn(connection);
    client
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
