//! All that is measured at once: Postgres, the native server, the hosts.

use anyhow::{Context, Result};
use plinth_host::config::InstancePolicy;
use plinth_host::dev::build::Profile;
use plinth_host::dev::postgres::{PrivatePostgres, Storage};
use plinth_host::progress::Progress;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

use super::guest::{self, Data};
use super::native;
use super::server_thread::ServerThread;
use crate::cpu::Cores;
use crate::plugins::{self, BOOKSTORE, HELLO};
use crate::running_host::Setup;

const DATABASE: &str = "bookstore";

/// Servers on one database.
pub(super) struct Site {
    postgres: PrivatePostgres,
    servers: Vec<ServerThread>,
}

impl Site {
    /// Builds the plugins, starts Postgres, loads the data, starts the servers.
    pub(super) fn start(runtime: &Runtime, cores: Cores, progress: &Progress) -> Result<Self> {
        let plugins = runtime.block_on(build(progress))?;
        // Postgres inherits the core of the thread that starts it.
        cores.enter_others();
        let postgres = runtime.block_on(start_postgres(progress))?;
        let compiled = tempfile::tempdir()?;
        let setup = |instances, data| Setup {
            plugins: plugins.clone(),
            database_url: postgres.url(DATABASE),
            data_dir: compiled.path().to_owned(),
            instances,
            fast_compilation: false,
            create_tables: data == Data::Load,
        };
        let host = |name, instances, data| {
            let setup = setup(instances, data);
            ServerThread::start(name, cores, async move |stage| {
                guest::serve(stage, setup, data).await
            })
        };
        let step = progress.step("Starting the servers");
        let reused = host("plinth, reused", InstancePolicy::Reuse, Data::Load)?;
        let fresh = host("plinth, fresh", InstancePolicy::Fresh, Data::Loaded)?;
        let database = postgres.config(DATABASE);
        let serve = async move |stage| native::serve(stage, database).await;
        let native = ServerThread::start("native", cores, serve)?;
        let site = Self {
            postgres,
            servers: vec![native, reused, fresh],
        };
        runtime.block_on(site.settle())?;
        step.done("data loaded");
        Ok(site)
    }

    /// The servers; the first is the native one.
    pub(super) fn servers(&self) -> &[ServerThread] {
        &self.servers
    }

    /// A connection past the servers.
    pub(super) async fn postgres(&self) -> Result<tokio_postgres::Client> {
        let connected = self.postgres.config(DATABASE).connect(NoTls).await;
        let (client, connection) = connected.context("cannot connect to Postgres")?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Stops all of it.
    pub(super) fn stop(self, runtime: &Runtime) -> Result<()> {
        for server in self.servers {
            server.stop()?;
        }
        runtime.block_on(self.postgres.stop())
    }

    /// Does what autovacuum would otherwise do in the middle of a run.
    async fn settle(&self) -> Result<()> {
        let settled = self
            .postgres()
            .await?
            .batch_execute("VACUUM (FREEZE, ANALYZE)")
            .await;
        settled.context("cannot vacuum the loaded tables")
    }
}

async fn build(progress: &Progress) -> Result<Vec<(&'static str, std::path::PathBuf)>> {
    let mut built = Vec::new();
    for name in [HELLO, BOOKSTORE] {
        built.push((
            name,
            plugins::build(name, Profile::Release, progress).await?,
        ));
    }
    Ok(built)
}

async fn start_postgres(progress: &Progress) -> Result<PrivatePostgres> {
    let postgres = PrivatePostgres::start(Storage::Temporary, progress).await?;
    postgres.create_database_if_missing(DATABASE).await?;
    Ok(postgres)
}
