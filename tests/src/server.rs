use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use plinth_host::dev::postgres::Programs;
use tokio::process::{Child, Command};
use tokio_postgres::{Client, Config, NoTls};

use crate::TestDatabase;

/// How long a server may take to start, and to do what a test waits for.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// How often to look whether it has.
pub(crate) const POLL: Duration = Duration::from_millis(20);

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

/// A server with settings of a test's choice, in a folder of its own. It ends
/// when this is dropped.
pub(crate) struct Server {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Server {
    /// Where a server has its data in its folder.
    pub(crate) fn data_of(folder: &Path) -> PathBuf {
        folder.join("data")
    }

    /// Starts the server whose data are in the folder, by a shell that runs as
    /// its user, and waits until it answers.
    pub(crate) async fn start(
        mut shell: Command,
        programs: &Programs,
        folder: PathBuf,
        port: u16,
        settings: &[&str],
    ) -> Self {
        shell.args(["-c", SCRIPT, "plinth-test-server"]);
        shell.arg(&folder).arg(&programs.postgres);
        shell.arg("-D").arg(Self::data_of(&folder));
        let socket = format!("unix_socket_directories={}", folder.display());
        let port_setting = format!("port={port}");
        for setting in [&*socket, &port_setting, "fsync=off"]
            .iter()
            .chain(settings)
        {
            shell.args(["-c", setting]);
        }
        shell.stdin(Stdio::piped());
        let process = shell.spawn().expect("a shell");
        let server = Self {
            process,
            folder,
            port,
        };
        server.is_ready().await;
        server
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
            panic!("the server does not start: {log:?}");
        }
    }

    /// Stops it and waits for its end.
    pub(crate) async fn stop(&mut self) {
        self.process.stdin = None;
        let ended = tokio::time::timeout(TIMEOUT, self.process.wait()).await;
        ended.expect("stops in time").expect("a status");
    }

    pub(crate) async fn connect(&self) -> Client {
        connect(&self.database("postgres").config).await
    }

    /// One of its databases, by its socket.
    pub(crate) fn database(&self, name: &str) -> TestDatabase {
        let (host, port) = (self.folder.display(), self.port);
        let url = format!("host={host} port={port} user=postgres dbname={name}");
        let config = url.parse().expect("a URL");
        TestDatabase {
            url,
            config,
            tls_ca_file: None,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

pub(crate) async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("connects");
    tokio::spawn(connection);
    client
}
