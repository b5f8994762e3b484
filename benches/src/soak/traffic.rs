//! Connections that write and read, and remember what they were told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use crate::connection::{Connection, post, request};

/// How long any answer may take. Longer than all limits of the host that a
/// request can meet.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Ids that a connection has to itself.
const IDS: i64 = 1 << 32;

/// How often each connection asks when all is over.
const LAST_REQUESTS: i64 = 4;

/// What a connection does in turn.
const ROUND: [Kind; 4] = [Kind::Row, Kind::Read, Kind::Pair, Kind::Read];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Writes a row.
    Row,
    /// Writes a row and its twin.
    Pair,
    /// Reads the row that was acknowledged last.
    Read,
}

/// Answers by their status; 0 is none at all.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<u16, u64>);

/// What was told to be written.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    /// Rows alone and in pairs.
    pub rows: Vec<i64>,
    /// Twins.
    pub twins: Vec<i64>,
}

/// What came of all connections.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub tally: Tally,
    pub acknowledged: Acknowledged,
    /// Reads of an acknowledged row that found none.
    pub reads_lost: u64,
}

/// Connections that ask until they are stopped.
pub(super) struct Traffic {
    stopped: Arc<AtomicBool>,
    connections: JoinSet<Result<Outcome>>,
}

impl Traffic {
    /// Opens the connections and begins.
    pub(super) async fn start(address: SocketAddr, count: u16) -> Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let mut connections = JoinSet::new();
        for number in 0..count {
            let connection = Connection::open(address).await?;
            let visitor = Visitor {
                address,
                connection,
                next_id: i64::from(number) * IDS,
                outcome: Outcome::default(),
            };
            connections.spawn(visitor.keep_asking(Arc::clone(&stopped)));
        }
        Ok(Self {
            stopped,
            connections,
        })
    }

    /// Lets every connection have its last answer.
    pub(super) async fn stop(mut self) -> Result<Outcome> {
        self.stopped.store(true, Ordering::Relaxed);
        let mut all = Outcome::default();
        while let Some(ended) = self.connections.join_next().await {
            all.add(ended??);
        }
        Ok(all)
    }
}

/// Asks a few times on connections of their own, when nobody kills any more.
pub(super) async fn ask_once_more(address: SocketAddr, connections: u16) -> Result<Tally> {
    let mut asking = JoinSet::new();
    for number in 0..connections {
        asking.spawn(ask_last(address, -i64::from(number) - 1));
    }
    let mut all = Tally::default();
    while let Some(asked) = asking.join_next().await {
        all.add(&asked??);
    }
    Ok(all)
}

/// Writes under ids that nobody else has, all below zero.
async fn ask_last(address: SocketAddr, number: i64) -> Result<Tally> {
    let mut connection = Connection::open(address).await?;
    let mut tally = Tally::default();
    for turn in 0..LAST_REQUESTS {
        let id = number * LAST_REQUESTS - turn;
        let kind = if turn % 2 == 0 { Kind::Row } else { Kind::Pair };
        tally.count(ask(&mut connection, kind, id).await.unwrap_or(0));
    }
    Ok(tally)
}

/// The status of the answer.
async fn ask(connection: &mut Connection, kind: Kind, id: i64) -> Result<u16> {
    let request = match kind {
        Kind::Row => post(&format!("/rows/{id}")),
        Kind::Pair => post(&format!("/pairs/{id}")),
        Kind::Read => request(&format!("/rows/{id}")),
    };
    let answered = tokio::time::timeout(ANSWER_TIMEOUT, connection.exchange(&request)).await;
    Ok(answered.context("no answer in time")??.status)
}

/// One connection.
struct Visitor {
    address: SocketAddr,
    connection: Connection,
    next_id: i64,
    outcome: Outcome,
}

impl Visitor {
    async fn keep_asking(mut self, stopped: Arc<AtomicBool>) -> Result<Outcome> {
        for kind in ROUND.iter().cycle() {
            if stopped.load(Ordering::Relaxed) {
                break;
            }
            let id = match kind {
                Kind::Row | Kind::Pair => self.new_id(),
                Kind::Read => match self.outcome.acknowledged.rows.last() {
                    Some(id) => *id,
                    None => continue,
                },
            };
            match ask(&mut self.connection, *kind, id).await {
                Ok(status) => self.outcome.note(*kind, id, status),
                Err(_) => {
                    self.outcome.tally.count(0);
                    self.connection = Connection::open(self.address).await?;
                }
            }
        }
        Ok(self.outcome)
    }

    fn new_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }
}

impl Outcome {
    fn note(&mut self, kind: Kind, id: i64, status: u16) {
        self.tally.count(status);
        match (kind, status) {
            (Kind::Row, 200) => self.acknowledged.rows.push(id),
            (Kind::Pair, 200) => {
                self.acknowledged.rows.push(id);
                self.acknowledged.twins.push(id);
            }
            (Kind::Read, 404) => self.reads_lost += 1,
            _ => {}
        }
    }

    fn add(&mut self, other: Self) {
        self.tally.add(&other.tally);
        self.acknowledged.rows.extend(other.acknowledged.rows);
        self.acknowledged.twins.extend(other.acknowledged.twins);
        self.reads_lost += other.reads_lost;
    }
}

impl Tally {
    pub(super) fn count(&mut self, status: u16) {
        *self.0.entry(status).or_default() += 1;
    }

    fn add(&mut self, other: &Self) {
        for (status, count) in &other.0 {
            *self.0.entry(*status).or_default() += count;
        }
    }

    /// All answers, and requests without one.
    pub(super) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Those for which this holds.
    pub(super) fn of(&self, is: impl Fn(u16) -> bool) -> u64 {
        let found = self.0.iter().filter(|(status, _)| is(**status));
        found.map(|(_, count)| count).sum()
    }

    /// Statuses and how often each came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u16, u64)> {
        self.0.iter().map(|(status, count)| (*status, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_acknowledged_must_be_there() {
        let mut outcome = Outcome::default();
        outcome.note(Kind::Row, 1, 200);
        outcome.note(Kind::Row, 2, 503);
        outcome.note(Kind::Pair, 3, 200);
        outcome.note(Kind::Pair, 4, 504);
        outcome.note(Kind::Read, 1, 404);
        let mut all = Outcome::default();
        all.add(outcome);
        assert_eq!(all.acknowledged.rows, [1, 3]);
        assert_eq!(all.acknowledged.twins, [3]);
        assert_eq!((all.reads_lost, all.tally.total()), (1, 5));
        assert_eq!(all.tally.of(|status| status >= 500), 2);
    }
}
