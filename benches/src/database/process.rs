//! The peers of this program: it starts itself again with these arguments.

use std::path::PathBuf;

use anyhow::{Context, Result};
use tokio::process::Command;

use super::guest;
use super::native::{self, Sharing};

/// Answers `database` as one of its peers. Not for people.
#[derive(Debug, clap::Args)]
pub(crate) struct PeerArgs {
    #[command(subcommand)]
    peer: Peer,
}

/// Which peer.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Peer {
    /// A host with the component `statements`.
    Guest {
        /// How to reach the database.
        url: String,
        /// The component's file.
        component: PathBuf,
        /// Have each statement borrow a connection.
        #[arg(long)]
        without_lanes: bool,
    },
    /// tokio-postgres.
    Native {
        /// How to reach the database.
        url: String,
        /// How callers come to a connection.
        sharing: Sharing,
    },
}

impl PeerArgs {
    pub(super) async fn serve(&self) -> Result<()> {
        match &self.peer {
            Peer::Guest {
                url,
                component,
                without_lanes,
            } => guest::serve(url, component, !without_lanes).await,
            Peer::Native { url, sharing } => native::serve(url, *sharing).await,
        }
    }
}

impl Peer {
    /// The command that starts this program as the peer.
    pub(super) fn command(&self) -> Result<Command> {
        let program = std::env::current_exe().context("this program's own path")?;
        let mut command = Command::new(program);
        command.arg("database-peer");
        match self {
            Self::Guest {
                url,
                component,
                without_lanes,
            } => {
                command.args(["guest", url]).arg(component);
                if *without_lanes {
                    command.arg("--without-lanes");
                }
            }
            Self::Native { url, sharing } => {
                command.args(["native", url, sharing.name()]);
            }
        }
        Ok(command)
    }
}
