//! All peers of a run.

use std::path::PathBuf;

use anyhow::{Context, Result};
use plinth_host::dev::build::{PluginCrate, Profile};
use plinth_host::progress::Progress;
use tokio::process::Command;

use super::Args;
use super::client::Client;
use super::ground::Ground;
use super::guest::STATEMENTS;
use super::native::Sharing;
use super::peer::PeerProcess;
use super::process::Peer;
use super::protocol::Request;
use super::psycopg::{Callers, Psycopg};
use super::sample::Sample;
use crate::cpu::Cores;
use crate::plugins;

/// All peers of a run, and what is needed to start more.
pub(super) struct Peers {
    url: String,
    cores: Cores,
    component: PathBuf,
    psycopg: Option<Psycopg>,
    running: Vec<(Client, PeerProcess)>,
}

impl Peers {
    /// Starts those that every comparison has.
    pub(super) async fn start(
        ground: &Ground,
        cores: Cores,
        args: &Args,
        progress: &Progress,
    ) -> Result<Self> {
        let component = build(progress).await?;
        let psycopg = match args.without_psycopg {
            true => None,
            false => Some(Psycopg::install(progress).await?),
        };
        let mut peers = Self {
            url: ground.url(),
            cores,
            component,
            psycopg,
            running: Vec::new(),
        };
        let step = progress.step("Starting the peers");
        peers.add(Client::Guest).await?;
        peers.add(Client::Native).await?;
        if peers.psycopg.is_some() {
            peers.add(Client::Psycopg).await?;
        }
        step.done("ready");
        Ok(peers)
    }

    /// Starts another of this program's peers, or psycopg with threads.
    pub(super) async fn add(&mut self, client: Client) -> Result<()> {
        let command = self.command(client)?;
        self.put(client, command).await
    }

    /// Has psycopg's callers come about like this from now on.
    pub(super) async fn switch_psycopg(&mut self, callers: Callers) -> Result<()> {
        let command = self.psycopg(callers)?;
        self.put(Client::Psycopg, command).await
    }

    /// Has a client do something.
    pub(super) async fn run(&mut self, client: Client, request: &Request) -> Result<Sample> {
        let mut running = self.running.iter_mut();
        let (_, peer) = running
            .find(|(known, _)| *known == client)
            .context("the client was started")?;
        peer.run(request).await
    }

    /// Whether psycopg is there.
    pub(super) fn has_psycopg(&self) -> bool {
        self.psycopg.is_some()
    }

    /// What they say of themselves, for the reader of the figures.
    pub(super) fn about(&self) -> String {
        let said = self
            .running
            .iter()
            .map(|(client, peer)| format!("{}: {}", client.title(), peer.about()));
        format!("{}.", said.collect::<Vec<_>>().join("; "))
    }

    /// Ends all of them.
    pub(super) async fn stop(self) -> Result<()> {
        for (_, peer) in self.running {
            peer.stop().await?;
        }
        Ok(())
    }

    async fn put(&mut self, client: Client, command: Command) -> Result<()> {
        let peer = PeerProcess::start(client.title(), command, self.cores).await?;
        let known = self.running.iter().position(|(known, _)| *known == client);
        match known {
            Some(position) => {
                let (_, before) = std::mem::replace(&mut self.running[position], (client, peer));
                before.stop().await
            }
            None => {
                self.running.push((client, peer));
                Ok(())
            }
        }
    }

    fn command(&self, client: Client) -> Result<Command> {
        let url = self.url.clone();
        let guest = |without_lanes| Peer::Guest {
            url: url.clone(),
            component: self.component.clone(),
            without_lanes,
        };
        let native = |sharing| Peer::Native {
            url: url.clone(),
            sharing,
        };
        match client {
            Client::Guest => guest(false).command(),
            Client::GuestWithoutLanes => guest(true).command(),
            Client::Native => native(Sharing::Lanes).command(),
            Client::NativePool => native(Sharing::Pool).command(),
            Client::Psycopg => self.psycopg(Callers::Threads),
        }
    }

    fn psycopg(&self, callers: Callers) -> Result<Command> {
        let psycopg = self.psycopg.as_ref().context("psycopg is installed")?;
        Ok(psycopg.command(&self.url, callers))
    }
}

async fn build(progress: &Progress) -> Result<PathBuf> {
    let folder = plugins::workspace()
        .join("benches/components")
        .join(STATEMENTS);
    let source = PluginCrate::open(&folder).await?;
    Ok(source.build(Profile::Release, progress).await?.component)
}
