use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use plinth_host::admin::Admin;
use plinth_host::bindings::plinth::host::database::PoolStatistics;
use plinth_host::config::{
    AdminConfig, Config, DatabaseConfig, DatabaseLimits, PluginConfig, ServerLimits,
};
use plinth_host::host::{Host, Reload};
use plinth_host::server;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Answer, Client, Metrics, TestDatabase, component};

/// What a test wants changed before the host starts.
pub struct Options {
    /// Limits of the server.
    pub server: ServerLimits,
    /// Limits of the database.
    pub database: DatabaseLimits,
    /// The databases by name, besides a new one called `default` unless it is
    /// among them; the plugin may use all of them.
    pub databases: BTreeMap<String, TestDatabase>,
    /// Whether plugins act as the role in the databases' URLs.
    pub shared_role: bool,
    /// The plugin; its component and databases are filled in.
    pub plugin: PluginConfig,
    /// Other plugins that are given the same database, each under its name:
    /// `/bookstore/…`.
    pub others: Vec<&'static str>,
    /// Whether problems show their cause, and the host keeps what requests sent
    /// to the database, for [`TestHost::assert_num_queries`].
    pub dev: bool,
    /// Whether `/metrics` and `/health` are served.
    pub admin: bool,
}

/// A host that serves one plugin on a port of its own, from a database of its
/// own. It stops when it is dropped.
pub struct TestHost {
    host: Arc<Host>,
    name: String,
    address: SocketAddr,
    postgres: TestDatabase,
    admin: Option<Admin>,
    _stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl TestHost {
    /// Starts with the defaults.
    ///
    /// # Panics
    ///
    /// When the plugin doesn't build or start.
    pub async fn start(plugin: &str) -> Self {
        Self::with(plugin, |_| {}).await
    }

    /// Starts with the defaults but for what `change` changes.
    ///
    /// # Panics
    ///
    /// When the plugin doesn't build or start.
    pub async fn with(plugin: &str, change: impl FnOnce(&mut Options)) -> Self {
        Self::try_with(plugin, change).await.expect("starts")
    }

    /// As [`with`](Self::with), or tells why the host does not start.
    ///
    /// # Errors
    ///
    /// When the plugin can't be used.
    ///
    /// # Panics
    ///
    /// When the plugin doesn't build.
    pub async fn try_with(plugin: &str, change: impl FnOnce(&mut Options)) -> anyhow::Result<Self> {
        let mut options = Options {
            server: ServerLimits::default(),
            database: DatabaseLimits {
                connections_max: 4,
                ..DatabaseLimits::default()
            },
            databases: BTreeMap::new(),
            shared_role: false,
            plugin: PluginConfig::new(""),
            others: Vec::new(),
            dev: false,
            admin: false,
        };
        change(&mut options);
        options.plugin.component = component(plugin).await;
        let mut databases = options.databases;
        if !databases.contains_key("default") {
            databases.insert("default".into(), TestDatabase::create().await);
        }
        options.plugin.databases = databases.keys().cloned().collect();
        let mut postgres = databases["default"].clone();
        postgres.look_in(plugin);
        let mut plugins = BTreeMap::from([(plugin.to_owned(), options.plugin)]);
        for other in options.others {
            let mut config = PluginConfig::new(component(other).await);
            config.databases = vec!["default".into()];
            config.prefix = format!("/{other}");
            plugins.insert(other.to_owned(), config);
        }
        let limits = options.database;
        let configured = databases.into_iter().map(|(name, database)| {
            let mut config = DatabaseConfig::new(database.url);
            config.limits = limits.clone();
            config.shared_role = options.shared_role;
            config.tls_ca_file = database.tls_ca_file;
            (name, config)
        });
        let config = Config {
            data_dir: Path::new(env!("CARGO_MANIFEST_DIR")).join("../.plinth/tests"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            create_tables: true,
            dev: options.dev,
            admin: AdminConfig {
                listen: options.admin.then(|| SocketAddr::from(([127, 0, 0, 1], 0))),
            },
            server: options.server,
            databases: configured.collect(),
            plugins,
            ..Config::default()
        };
        let listener = server::bind(config.listen).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let admin = Admin::bind(&config.admin).await.expect("a port");
        let host = Arc::new(Host::start(config).await?);
        let admin =
            admin.map(|listener| Admin::serve(Arc::clone(&host), listener).expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(server::serve(Arc::clone(&host), listener, async {
            let _ = stopped.await;
        }));
        Ok(Self {
            host,
            name: plugin.to_owned(),
            address,
            postgres,
            admin,
            _stop: stop,
            served,
        })
    }

    /// Starts and loads the plugin's demonstration data.
    ///
    /// # Panics
    ///
    /// When any of it fails.
    pub async fn seeded(plugin: &str) -> Self {
        let host = Self::start(plugin).await;
        host.seed().await;
        host
    }

    /// Loads the plugin's demonstration data.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub async fn seed(&self) {
        self.seed_plugin(&self.name).await;
    }

    /// Loads the demonstration data of one of several plugins.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub async fn seed_plugin(&self, name: &str) {
        let site = self.host.site();
        site.plugin(name)
            .expect("served")
            .seed()
            .await
            .expect("seeds");
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The host itself.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// A client with a connection of its own.
    ///
    /// # Panics
    ///
    /// When it can't connect.
    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Sends one GET request on a connection of its own.
    pub async fn get(&self, path: &str) -> Answer {
        self.client().await.get(path).await
    }

    /// A client of the admin listener.
    ///
    /// # Panics
    ///
    /// When the test did not ask for one.
    pub async fn admin(&self) -> Client {
        Client::connect(self.admin_address()).await
    }

    /// Where operators ask.
    ///
    /// # Panics
    ///
    /// When the test did not ask for the admin listener.
    pub fn admin_address(&self) -> SocketAddr {
        let admin = self.admin.as_ref().expect("options.admin = true");
        admin.address()
    }

    /// What is counted at this moment.
    ///
    /// # Panics
    ///
    /// When the test did not ask for the admin listener.
    pub async fn metrics(&self) -> Metrics {
        Metrics::of(&self.admin().await.get("/metrics").await)
    }

    /// How many statements an answer took, exactly: the host counts them. Needs
    /// `options.dev`.
    ///
    /// ```no_run
    /// # use plinth_tests::TestHost;
    /// # async fn example() {
    /// let host = TestHost::with("bookstore", |options| options.dev = true).await;
    /// let answer = host.get("/api/v1/books").await;
    /// host.assert_num_queries(1, &answer);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When they are more or fewer; the message lists them.
    #[track_caller]
    pub fn assert_num_queries(&self, expected: u32, answer: &Answer) {
        let tally = self.host.tally(answer.header("x-request-id"));
        let tally = tally.expect("options.dev = true, and one of the last answers");
        let sent = tally.statements();
        let list: String = tally
            .texts()
            .iter()
            .enumerate()
            .map(|(number, sql)| format!("\n{:>4}. {sql}", number + 1))
            .collect();
        assert_eq!(sent, expected, "{sent} statements, not {expected}:{list}");
    }

    /// Brings in another version of the plugin.
    ///
    /// # Panics
    ///
    /// When it can't be used.
    pub async fn reload(&self, wasm: Vec<u8>) -> Reload {
        self.host.reload(&self.name, wasm).await.expect("reloads")
    }

    /// A connection to the test's database, past the host: a superuser's, with
    /// the plugin's schema as its own.
    ///
    /// # Panics
    ///
    /// When it can't connect.
    pub async fn postgres(&self) -> tokio_postgres::Client {
        self.postgres.connect().await
    }

    /// How the plugin's pool of connections does.
    ///
    /// # Panics
    ///
    /// When it has none.
    pub fn statistics(&self) -> PoolStatistics {
        let database = self.host.database(&self.name, "default");
        database.expect("configured").statistics()
    }

    /// Waits until every connection of the pool is back, and gives their number.
    ///
    /// # Panics
    ///
    /// When one stays away for ten seconds.
    pub async fn connections_at_rest(&self) -> usize {
        for _ in 0..1000 {
            let now = self.statistics();
            if now.connections == now.idle {
                return now.connections as usize;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("connections did not come back: {:?}", self.statistics());
    }

    /// Stops it and waits for its end.
    ///
    /// # Panics
    ///
    /// When the server panicked.
    pub async fn stop(self) {
        let Self {
            served,
            _stop: stop,
            ..
        } = self;
        drop(stop);
        served.await.expect("no panic");
    }
}
