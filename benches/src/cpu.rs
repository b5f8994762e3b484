//! Cores, and the time a thread spends on one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use core_affinity::CoreId;

/// The time that one thread has spent on a core.
#[derive(Clone, Debug)]
pub(crate) struct ThreadClock(PathBuf);

impl ThreadClock {
    /// The clock of the thread that asks.
    pub(crate) fn of_this_thread() -> Result<Self> {
        let task = fs::read_link("/proc/thread-self")
            .context("/proc must be mounted to measure a thread")?;
        Ok(Self(Path::new("/proc").join(task).join("schedstat")))
    }

    /// What it shows now.
    pub(crate) fn read(&self) -> Result<Duration> {
        let text =
            fs::read_to_string(&self.0).context("the kernel tells no thread's time on a core")?;
        // See <https://docs.kernel.org/scheduler/sched-stats.html>: the first number is nanoseconds.
        let nanos = text
            .split_ascii_whitespace()
            .next()
            .and_then(|first| first.parse().ok());
        nanos
            .map(Duration::from_nanos)
            .context("the kernel's schedstat is not what it used to be")
    }
}

/// The ticks in a second that `/proc` counts in, whatever the kernel's own clock
/// does: `USER_HZ` is part of the kernel's promises.
const TICKS: u64 = 100;

/// The time that all threads of this process have spent on a core, those that
/// have ended included.
pub(crate) fn process_time() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")
        .context("/proc must be mounted to measure a process")?;
    // See proc_pid_stat(5): the name may hold anything, a parenthesis included.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let mut times = after_name.split_ascii_whitespace().skip(11);
    let mut next = || times.next().and_then(|ticks| ticks.parse::<u64>().ok());
    let (Some(user), Some(system)) = (next(), next()) else {
        anyhow::bail!("the kernel's /proc/self/stat is not what it used to be")
    };
    Ok(Duration::from_millis((user + system) * 1000 / TICKS))
}

/// Who runs on which core, so that neither the client nor Postgres takes time
/// from the server that is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    server: Option<CoreId>,
    others: Option<CoreId>,
}

impl Cores {
    /// Gives the server the first core. Of two, all else gets the second; of
    /// more, the kernel keeps the others off a busy one.
    pub(crate) fn divide() -> Self {
        match core_affinity::get_core_ids().unwrap_or_default().as_slice() {
            [] | [_] => Self {
                server: None,
                others: None,
            },
            [server, other] => Self {
                server: Some(*server),
                others: Some(*other),
            },
            [server, ..] => Self {
                server: Some(*server),
                others: None,
            },
        }
    }

    /// Puts this thread on the server's core.
    pub(crate) fn enter_server(self) {
        self.server.map(core_affinity::set_for_current);
    }

    /// Puts this thread, and every process it will start, on the core of all
    /// else.
    pub(crate) fn enter_others(self) {
        self.others.map(core_affinity::set_for_current);
    }

    /// What was done, for the reader of the figures.
    pub(crate) fn describe(self) -> &'static str {
        match (self.server, self.others) {
            (Some(_), Some(_)) => "the server alone on one core, client and Postgres on the other",
            (Some(_), None) => "the server on one core, client and Postgres on the others",
            (None, _) => "server, client and Postgres on one core",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn work_counts_and_sleep_does_not() {
        let clock = ThreadClock::of_this_thread().expect("/proc");
        let before = clock.read().expect("reads");
        std::thread::sleep(Duration::from_millis(50));
        let slept = clock.read().expect("reads") - before;
        assert!(slept < Duration::from_millis(40), "{slept:?}");
        let began = Instant::now();
        while clock.read().expect("reads") - before < Duration::from_millis(60) {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "the clock stands still"
            );
        }
    }

    #[test]
    fn a_process_counts_the_threads_that_have_ended() {
        let before = process_time().expect("/proc");
        let work = || {
            let clock = ThreadClock::of_this_thread().expect("/proc");
            while clock.read().expect("reads") < Duration::from_millis(60) {}
        };
        std::thread::spawn(work).join().expect("works");
        let took = process_time().expect("reads") - before;
        assert!(took >= Duration::from_millis(40), "{took:?}");
    }

    #[test]
    fn another_threads_clock_can_be_read() {
        let clock = std::thread::spawn(|| {
            let clock = ThreadClock::of_this_thread().expect("/proc");
            let elsewhere = clock.clone();
            std::thread::spawn(move || elsewhere.read().expect("reads"))
                .join()
                .expect("no panic");
            clock
        });
        assert!(
            clock.join().expect("no panic").read().is_err(),
            "the thread is gone"
        );
    }
}
