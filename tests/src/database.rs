use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use plinth_host::dev::postgres::{PrivatePostgres, Storage};
use plinth_host::progress::Progress;
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;
use tokio_postgres::config::Host;

/// The server that all tests of this process share. It ends with the process.
async fn server() -> &'static PrivatePostgres {
    static SERVER: OnceCell<PrivatePostgres> = OnceCell::const_new();
    SERVER
        .get_or_init(|| async {
            let started = PrivatePostgres::start(Storage::Temporary, &Progress::hidden()).await;
            started.expect("a private Postgres")
        })
        .await
}

/// A new, empty database: how to connect to it, as a URL and for the driver.
pub(crate) async fn create() -> (String, tokio_postgres::Config) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let server = server().await;
    server
        .create_database_if_missing(&name)
        .await
        .expect("a database");
    (server.url(&name), server.config(&name))
}

/// A database that a test makes before its host starts.
#[derive(Clone, Debug)]
pub struct TestDatabase {
    pub(crate) url: String,
    pub(crate) config: tokio_postgres::Config,
    pub(crate) tls_ca_file: Option<PathBuf>,
}

impl TestDatabase {
    /// A new, empty database.
    ///
    /// # Panics
    ///
    /// When Postgres does not start, or refuses.
    pub async fn create() -> Self {
        let (url, config) = create().await;
        Self {
            url,
            config,
            tls_ca_file: None,
        }
    }

    /// How hosts reach it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same, which hosts reach by another URL, without TLS.
    #[must_use]
    pub fn reached_by(&self, url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            tls_ca_file: None,
            ..self.clone()
        }
    }

    /// The same, whose server must be certified by one of a file.
    #[must_use]
    pub fn certified_by(mut self, ca_file: PathBuf) -> Self {
        self.tls_ca_file = Some(ca_file);
        self
    }

    /// Where its server listens and what it is called there, as part of a
    /// key-value text that names several.
    ///
    /// # Panics
    ///
    /// When it is not on a Unix socket.
    pub fn socket(&self) -> (String, u16, String) {
        let [Host::Unix(folder)] = self.config.get_hosts() else {
            panic!("it is not on one socket");
        };
        let name = self.config.get_dbname().expect("a name");
        let port = self.config.get_ports()[0];
        (folder.display().to_string(), port, name.to_owned())
    }

    /// The role that hosts reach it as.
    ///
    /// # Panics
    ///
    /// When its URL names none.
    pub fn config_user(&self) -> &str {
        self.config.get_user().expect("a role")
    }

    /// Lets connections past any host find the tables of a plugin by their names
    /// alone.
    pub fn look_in(&mut self, plugin: &str) {
        let path = format!("-c search_path={plugin},public");
        self.config.options(path);
    }

    /// A connection to it, past any host.
    ///
    /// # Panics
    ///
    /// When it can't connect.
    pub async fn connect(&self) -> tokio_postgres::Client {
        let (client, connection) = self.config.connect(NoTls).await.expect("connects");
        tokio::spawn(connection);
        client
    }
}
