use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use clap::Parser;
use plinth_host::cli::{self, Cli};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::{Answer, Client, TestDatabase, component};

/// Where a host of its own process finds its configuration.
const CONFIG: &str = "PLINTH_TEST_CONFIG";

/// How long such a host may take to start.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

type Log = Lines<BufReader<ChildStderr>>;

/// `plinth serve` in a process of its own. It is killed when this is dropped.
///
/// The program is the test's own, run for one ignored test: what Cargo builds of
/// a package's tests has no other package's programs.
pub struct ServeProcess {
    child: Child,
    /// What it logs from now on, unless somebody reads it.
    log: Option<Log>,
    address: SocketAddr,
    database: TestDatabase,
    _folder: TempDir,
}

impl ServeProcess {
    /// Serves plugins, each under its own name, from a new database in which each
    /// has its own role; `settings` are lines of `plinth.toml` behind theirs, and
    /// `test` is the ignored test that calls [`serve`].
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start(test: &str, plugins: &[&str], settings: &str) -> Self {
        let mut process = Self::start_unread(test, plugins, settings).await;
        if let Some(mut log) = process.log.take() {
            tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        }
        process
    }

    /// The same, and nobody reads what it logs.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_unread(test: &str, plugins: &[&str], settings: &str) -> Self {
        let database = TestDatabase::create().await;
        let folder = TempDir::new().expect("a folder");
        let config = folder.path().join("plinth.toml");
        let text = configuration(&database, plugins, settings).await;
        std::fs::write(&config, text).expect("writes");
        let path = config.to_str().expect("UTF-8");
        let migrate = [
            "plinth",
            "migrate",
            "--config",
            path,
            "--admin-url",
            &database.url,
        ];
        cli::run(Cli::parse_from(migrate)).await.expect("migrates");
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env(CONFIG, &config)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("starts");
        let log = child.stderr.take().expect("piped");
        let started = tokio::time::timeout(STARTS_WITHIN, address(log)).await;
        let (address, log) = started.expect("starts in time");
        Self {
            child,
            log: Some(log),
            address,
            database,
            _folder: folder,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client of its own connection.
    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Asks for a path on a connection of its own.
    pub async fn get(&self, path: &str) -> Answer {
        self.client().await.get(path).await
    }

    /// A connection to its database, past any host, as an administrator.
    pub async fn postgres(&self) -> tokio_postgres::Client {
        self.database.connect().await
    }

    /// Whether it still runs.
    ///
    /// # Panics
    ///
    /// When the system does not say.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// What it logs from now on.
    ///
    /// # Panics
    ///
    /// When somebody else reads it.
    pub async fn next_log_line(&mut self) -> Option<String> {
        let log = self.log.as_mut().expect("nobody reads it");
        log.next_line().await.ok().flatten()
    }

    /// Closes the reading end of what it logs.
    pub fn close_log(&mut self) {
        self.log = None;
    }

    /// Sends it a signal by its name.
    ///
    /// # Panics
    ///
    /// When it is gone.
    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().await;
        assert!(sent.expect("kill is installed").success());
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When it does not end in time.
    pub async fn ended_within(&mut self, limit: Duration) {
        let ended = tokio::time::timeout(limit, self.child.wait()).await;
        ended.expect("ends in time").expect("a status");
    }

    /// Forgets how much memory it has used at most.
    ///
    /// # Panics
    ///
    /// When it is gone, or this is not Linux.
    pub fn reset_peak(&self) {
        std::fs::write(self.proc("clear_refs"), "5").expect("Linux");
    }

    /// How much memory it has used at most, in bytes, since it began or the peak
    /// was reset.
    ///
    /// # Panics
    ///
    /// When it is gone, or this is not Linux.
    pub fn peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(self.proc("status")).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().split(' ').next());
        kilobytes.expect("there").parse::<u64>().expect("a number") * 1024
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.child.id().expect("it runs"))
    }
}

/// Serves in a process that [`ServeProcess`] has started; the body of the ignored
/// test that it names.
///
/// # Panics
///
/// When the host does not start, or the test was not started so.
pub async fn serve() {
    let config = std::env::var(CONFIG).expect("started by a test");
    let command = Cli::parse_from(["plinth", "serve", "--config", &config]);
    cli::run(command).await.expect("serves");
}

async fn configuration(database: &TestDatabase, plugins: &[&str], settings: &str) -> String {
    // Compiled once for all of them.
    let program = std::env::current_exe().expect("this program");
    let data = program.with_file_name("serve-processes");
    // Roles are the server's, and not the database's.
    let suffix = database.config.get_dbname().expect("a name");
    let mut text = format!(
        "listen = \"127.0.0.1:0\"\ndata_dir = {data:?}\n\n[databases.default]\nurl = {:?}\n",
        database.url
    );
    for name in plugins {
        let wasm = component(name).await;
        text += &format!(
            "\n[plugins.{name}]\ncomponent = {wasm:?}\nprefix = \"/{name}\"\n\
             databases = [\"default\"]\ndatabase_role = \"{name}_{suffix}\"\n"
        );
    }
    text + "\n" + settings
}

/// The address that a log names, and the rest of the log.
async fn address(log: ChildStderr) -> (SocketAddr, Log) {
    let mut lines = BufReader::new(log).lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.expect("a log") {
        if let Some((_, rest)) = line.split_once("serving on http://") {
            let address = rest.trim_end_matches('/').parse();
            return (address.expect("an address"), lines);
        }
        said.push(line);
    }
    panic!("it ended:\n{}", said.join("\n"));
}
