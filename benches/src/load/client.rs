//! The load generator: connections that ask again as soon as they are answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use tokio::task::JoinSet;

use super::sample::Sample;
use crate::connection::Connection;
use crate::cpu::ThreadClock;

/// How hard a server is asked, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pressure {
    /// Connections that ask at once.
    pub connections: usize,
    /// Time before the measurement: connections open, caches fill.
    pub warm_up: Duration,
    /// Time of the measurement.
    pub run: Duration,
}

/// Asks a server for these requests in turn, and measures it by its thread's
/// clock.
///
/// # Errors
///
/// When one answer is no success: such a run measures something else.
pub(crate) async fn measure(
    pressure: Pressure,
    address: SocketAddr,
    requests: Arc<[Bytes]>,
    clock: &ThreadClock,
) -> Result<Sample> {
    let answered = Arc::new(AtomicU32::new(0));
    let mut connections = JoinSet::new();
    for first in 0..pressure.connections {
        let connection = Connection::open(address).await?;
        connections.spawn(keep_asking(
            connection,
            Arc::clone(&requests),
            first,
            Arc::clone(&answered),
        ));
    }
    // The connections end with the set, when this returns.
    tokio::select! {
        sample = window(pressure, &answered, clock) => sample,
        Some(ended) = connections.join_next() => match ended? {
            Err(error) => Err(error),
            Ok(never) => match never {},
        },
    }
}

/// Lets the warm-up pass, then takes the difference between two moments.
async fn window(pressure: Pressure, answered: &AtomicU32, clock: &ThreadClock) -> Result<Sample> {
    tokio::time::sleep(pressure.warm_up).await;
    let (began, requests, cpu) = (
        Instant::now(),
        answered.load(Ordering::Relaxed),
        clock.read()?,
    );
    tokio::time::sleep(pressure.run).await;
    let sample = Sample {
        requests: answered.load(Ordering::Relaxed) - requests,
        elapsed: began.elapsed(),
        cpu: clock.read()?.saturating_sub(cpu),
    };
    if sample.requests == 0 {
        bail!("the server gave no answer in {:?}", sample.elapsed);
    }
    Ok(sample)
}

async fn keep_asking(
    mut connection: Connection,
    requests: Arc<[Bytes]>,
    first: usize,
    answered: Arc<AtomicU32>,
) -> Result<std::convert::Infallible> {
    let mut turn = requests.iter().cycle().skip(first % requests.len());
    loop {
        let request = turn.next().context("there is something to ask")?;
        connection.ask(request).await?;
        answered.fetch_add(1, Ordering::Relaxed);
    }
}
