//! A peer's side of the protocol: does what each line asks for, until there are
//! no more.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::protocol::{Answer, Request};
use super::sample::Sample;
use crate::cpu;

/// Turns that no two callers have in common, so that a text which names its turn
/// was never sent before.
const TURNS: i64 = 100_000_000;

/// A client of the database.
pub(super) trait Peer {
    /// One of those that ask at once.
    type Caller: Caller;

    /// Opens what a caller needs; `turn` is its first.
    async fn caller(&self, request: &Request, number: u16, turn: i64) -> Result<Self::Caller>;
}

/// One of those that ask at once.
pub(super) trait Caller: Send + 'static {
    /// Does the operation a few times, and tells how many.
    fn step(&mut self) -> impl Future<Output = Result<u32>> + Send;
}

/// Answers requests until standard input ends.
pub(super) async fn serve(peer: &impl Peer, about: &str) -> Result<()> {
    say(&Answer::Ready(about.into()))?;
    let mut requests = requests();
    let mut turn = 0;
    while let Some(line) = requests.recv().await {
        let ran = async { run(peer, &line?.parse()?, &mut turn).await };
        let failed = |error| Answer::Failed(format!("{error:#}"));
        say(&ran.await.map_or_else(failed, Answer::Ran))?;
    }
    Ok(())
}

/// The lines of standard input, read by a thread that waits for them.
fn requests() -> mpsc::Receiver<std::io::Result<String>> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn say(answer: &Answer) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{answer}")?;
    output.flush().context("nobody listens")
}

async fn run(peer: &impl Peer, request: &Request, turn: &mut i64) -> Result<Sample> {
    let mut callers = Vec::new();
    for number in 0..request.callers {
        callers.push(peer.caller(request, number, *turn).await?);
        *turn += TURNS;
    }
    let (callers, _) = together(callers, request.warm_up).await?;
    let (_, sample) = together(callers, request.run).await?;
    Ok(sample)
}

/// Lets all callers work at once for this long.
async fn together<C: Caller>(callers: Vec<C>, duration: Duration) -> Result<(Vec<C>, Sample)> {
    let before = cpu::process_time()?;
    let mut working = JoinSet::new();
    for caller in callers {
        working.spawn(work(caller, duration));
    }
    let (mut callers, mut operations, mut rate) = (Vec::new(), 0, 0.0);
    while let Some(worked) = working.join_next().await {
        let (caller, done, took) = worked??;
        callers.push(caller);
        operations += done;
        rate += f64::from(done) / took.as_secs_f64();
    }
    let cpu = cpu::process_time()?.saturating_sub(before);
    let sample = Sample {
        operations,
        rate,
        cpu,
    };
    Ok((callers, sample))
}

/// Works until the time is over; the last step is finished and counts.
async fn work<C: Caller>(mut caller: C, duration: Duration) -> Result<(C, u32, Duration)> {
    let (began, mut operations) = (Instant::now(), 0_u32);
    loop {
        let took = began.elapsed();
        if took >= duration {
            return Ok((caller, operations, took));
        }
        operations += caller.step().await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::operation::Operation;

    struct Counted;

    struct Turns(i64);

    impl Peer for Counted {
        type Caller = Turns;

        async fn caller(&self, _: &Request, number: u16, turn: i64) -> Result<Turns> {
            anyhow::ensure!(turn == i64::from(number) * TURNS, "turns in common");
            Ok(Turns(turn))
        }
    }

    impl Caller for Turns {
        async fn step(&mut self) -> Result<u32> {
            tokio::task::yield_now().await;
            self.0 += 2;
            Ok(2)
        }
    }

    #[tokio::test]
    async fn callers_work_at_once_and_are_added_up() {
        let request = Request {
            operation: Operation::List,
            callers: 4,
            warm_up: Duration::ZERO,
            run: Duration::from_millis(50),
        };
        let sample = run(&Counted, &request, &mut 0).await.expect("runs");
        let seconds = f64::from(sample.operations) / sample.rate;
        assert!((0.05..0.5).contains(&seconds), "{sample:?}");
    }
}
