//! `plinth serve`: serves the plugins of a `plinth.toml`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::stop;
use crate::admin::Admin;
use crate::config::Config;
use crate::host::Host;
use crate::{isolation, logging, server};

/// Serves the plugins that a `plinth.toml` names.
///
/// SIGTERM or Ctrl-C lets requests in flight finish, for at most
/// `server.drain_timeout_ms`; a second one ends at once.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration; docs/operating.md documents every key.
    #[arg(long, default_value = "plinth.toml", value_name = "FILE")]
    config: PathBuf,
    /// Listen here instead of the configured address.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

/// What the end of the program may take besides the requests in flight.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn run(args: Args) -> Result<()> {
    let mut config = Config::read(&args.config)?;
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    let _flush = logging::start(config.log_format);
    if config.plugins.is_empty() {
        tracing::warn!(
            "{} names no plugins: every path answers 404",
            args.config.display()
        );
    }
    server::descriptors::provide(&config);
    let drain = Duration::from_millis(config.server.drain_timeout_ms);
    let mut stop = pin!(stop::requested(drain + ENDS_WITHIN));
    let listener = server::bind(config.listen).await?;
    let admin = Admin::bind(&config.admin).await?;
    let host = tokio::select! {
        host = start(config) => Arc::new(host?),
        () = &mut stop => return Ok(()),
    };
    tracing::info!("serving on http://{}/", listener.local_addr()?);
    // Until the last request is answered: how it ends is worth seeing too.
    let admin = admin.map(|listener| Admin::serve(Arc::clone(&host), listener));
    let _admin = admin.transpose()?;
    server::serve(host, listener, stop).await;
    tracing::info!("stopped");
    Ok(())
}

async fn start(config: Config) -> Result<Host> {
    // Before any code of a plugin runs: a role may do more than it should.
    isolation::check(&config, &[]).await?;
    let host = Host::start(config).await?;
    let plugins: Vec<_> = host.site().plugins().cloned().collect();
    isolation::check(host.config(), &plugins).await?;
    Ok(host)
}
