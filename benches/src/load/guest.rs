//! A host with both plugins, as one of the servers.

use std::sync::Arc;

use anyhow::{Context, Result};
use plinth_host::host::Host;
use plinth_host::server;

use super::server_thread::Stage;
use crate::plugins::BOOKSTORE;
use crate::running_host::Setup;

/// Whether the host fills the database before it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// It creates the tables and loads the demonstration data.
    Load,
    /// Another did.
    Loaded,
}

/// Serves until it is told to stop.
pub(super) async fn serve(stage: Stage, setup: Setup, data: Data) -> Result<()> {
    let host = Arc::new(Host::start(setup.config()).await?);
    if data == Data::Load {
        host.site()
            .plugin(BOOKSTORE)
            .context("the bookstore is served")?
            .seed()
            .await?;
    }
    let (listener, stopped) = stage.open()?;
    server::serve(Arc::clone(&host), listener, stopped).await;
    host.close_databases();
    Ok(())
}
