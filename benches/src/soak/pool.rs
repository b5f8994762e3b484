//! The figures of the host's pool, by the host and by Postgres.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::ground::{Ground, POLL, SETTLE_TIMEOUT};
use crate::connection::{Connection, request};

/// The figures of the host's pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pool {
    /// Connections open.
    pub connections: u32,
    /// Those that nobody uses.
    pub idle: u32,
    /// Requests that wait for one.
    pub waiting: u32,
    /// The host's sessions, as Postgres counts them.
    pub sessions: u32,
}

impl Pool {
    /// What they are once they have settled, or after all the time that may
    /// take.
    pub(super) async fn settled(address: SocketAddr, ground: &Ground) -> Result<Self> {
        let mut connection = Connection::open(address).await?;
        let began = Instant::now();
        loop {
            let answer = connection.ask(&request("/statistics")).await?;
            let sessions = ground.sessions().await?;
            let pool = Self::parse(std::str::from_utf8(&answer)?, sessions)?;
            if pool.is_settled() || began.elapsed() > SETTLE_TIMEOUT {
                return Ok(pool);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether every connection is there, known and free.
    pub(super) fn is_settled(self) -> bool {
        self.idle == self.connections && self.waiting == 0 && self.sessions == self.connections
    }

    /// Three numbers: connections, idle, waiting.
    fn parse(text: &str, sessions: u32) -> Result<Self> {
        let numbers: Result<Vec<u32>, _> = text.split(' ').map(str::parse).collect();
        let [connections, idle, waiting] = *numbers.context("a number")? else {
            bail!("the pool's figures are not: {text}")
        };
        Ok(Self {
            connections,
            idle,
            waiting,
            sessions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_settled_when_all_agree_that_nobody_uses_it() {
        assert!(Pool::parse("4 4 0", 4).expect("figures").is_settled());
        for (figures, sessions) in [("4 3 0", 4), ("4 4 1", 4), ("4 4 0", 5), ("4 4 0", 3)] {
            let pool = Pool::parse(figures, sessions).expect("figures");
            assert!(!pool.is_settled(), "{pool:?}");
        }
        assert!(Pool::parse("4 4", 4).is_err());
    }
}
