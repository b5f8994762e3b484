use std::sync::atomic::{AtomicU32, Ordering};

use plinth_host::dev::postgres::{PrivatePostgres, Storage};
use plinth_host::progress::Progress;
use tokio::sync::OnceCell;

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
