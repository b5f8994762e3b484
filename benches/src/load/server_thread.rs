//! A server on an operating system thread of its own, so that its time on a
//! core can be told from all else.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::cpu::{Cores, ThreadClock};

/// A running server.
pub(crate) struct ServerThread {
    name: &'static str,
    address: SocketAddr,
    clock: ThreadClock,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<()>>,
}

/// What a server is given: a listener, and the moment to stop.
pub(crate) struct Stage {
    listener: TcpListener,
    stopped: oneshot::Receiver<()>,
    ready: mpsc::Sender<(SocketAddr, ThreadClock)>,
    cores: Cores,
}

impl Stage {
    /// Tells that the server is ready, moves it to its core and hands out what
    /// it serves on.
    pub(crate) fn open(self) -> Result<(TcpListener, impl Future<Output = ()>)> {
        self.cores.enter_server();
        let _ = self
            .ready
            .send((self.listener.local_addr()?, ThreadClock::of_this_thread()?));
        let stopped = self.stopped;
        Ok((self.listener, async {
            let _ = stopped.await;
        }))
    }
}

impl ServerThread {
    /// Starts a server on a port of its own and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When the server can't start.
    pub(crate) fn start<S>(name: &'static str, cores: Cores, server: S) -> Result<Self>
    where
        S: AsyncFnOnce(Stage) -> Result<()> + Send + 'static,
    {
        let (ready, opened) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let body = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
                server(Stage {
                    listener,
                    stopped,
                    ready,
                    cores,
                })
                .await
            })
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(body)?;
        let Ok((address, clock)) = opened.recv() else {
            join(thread).with_context(|| format!("the server {name} can't start"))?;
            anyhow::bail!("the server {name} ended before it was ready");
        };
        Ok(Self {
            name,
            address,
            clock,
            stop,
            thread,
        })
    }

    /// What tables call it.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time of its thread.
    pub(crate) fn clock(&self) -> &ThreadClock {
        &self.clock
    }

    /// Stops it and waits for its end.
    ///
    /// # Errors
    ///
    /// When it failed before.
    pub(crate) fn stop(self) -> Result<()> {
        drop(self.stop);
        join(self.thread).with_context(|| format!("the server {} failed", self.name))
    }
}

fn join(thread: JoinHandle<Result<()>>) -> Result<()> {
    thread
        .join()
        .unwrap_or_else(|_| Err(anyhow::anyhow!("it panicked")))
}
