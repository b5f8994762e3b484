//! What is said between the benchmark and its peers: a line each way.
//!
//! ```text
//! peer:  ready psycopg 3.3.9 (binary), Python 3.11.7
//! bench: run primary-key 32 1.000 5.000      operation, callers, seconds before and in the run
//! peer:  ran 127050 25410.212 4.630000       operations, operations a second, seconds on a core
//! peer:  failed the server closed the connection
//! ```
//!
//! A peer ends when its standard input does.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::operation::Operation;
use super::sample::Sample;

/// What a peer is asked to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Request {
    /// What each caller does, again and again.
    pub operation: Operation,
    /// How many do it at once.
    pub callers: u16,
    /// Time before the measurement: connections open, caches fill.
    pub warm_up: Duration,
    /// Time of the measurement.
    pub run: Duration,
}

/// What a peer says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// It waits for requests, and is this.
    Ready(String),
    /// It has done what it was asked to.
    Ran(Sample),
    /// It could not.
    Failed(String),
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (warm_up, run) = (self.warm_up.as_secs_f64(), self.run.as_secs_f64());
        let (name, callers) = (self.operation.name(), self.callers);
        write!(f, "run {name} {callers} {warm_up:.3} {run:.3}")
    }
}

impl FromStr for Request {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> Result<Self> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let ["run", name, callers, warm_up, run] = words.as_slice() else {
            bail!("no such request: {line}")
        };
        Ok(Self {
            operation: Operation::named(name).with_context(|| format!("no operation {name}"))?,
            callers: callers.parse().context("a number of callers")?,
            warm_up: seconds(warm_up)?,
            run: seconds(run)?,
        })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(about) => write!(f, "ready {about}"),
            Self::Ran(sample) => {
                let (operations, rate) = (sample.operations, sample.rate);
                write!(
                    f,
                    "ran {operations} {rate:.3} {:.6}",
                    sample.cpu.as_secs_f64()
                )
            }
            // A line is one line, whatever the cause says.
            Self::Failed(why) => write!(f, "failed {}", why.replace(['\r', '\n'], " ")),
        }
    }
}

impl FromStr for Answer {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> Result<Self> {
        match line.split_once(' ') {
            Some(("ready", about)) => Ok(Self::Ready(about.to_owned())),
            Some(("ran", figures)) => sample(figures).map(Self::Ran),
            Some(("failed", why)) => Ok(Self::Failed(why.to_owned())),
            _ => bail!("a peer said what is no answer: {line}"),
        }
    }
}

fn sample(figures: &str) -> Result<Sample> {
    let words: Vec<&str> = figures.split_ascii_whitespace().collect();
    let [operations, rate, cpu] = words.as_slice() else {
        bail!("a run has three figures, and not: {figures}")
    };
    let sample = Sample {
        operations: operations.parse().context("a number of operations")?,
        rate: rate.parse().context("a rate")?,
        cpu: seconds(cpu)?,
    };
    if sample.operations == 0 {
        bail!("not one operation was done in a run");
    }
    Ok(sample)
}

fn seconds(text: &str) -> Result<Duration> {
    let seconds: f64 = text.parse().context("a number of seconds")?;
    Duration::try_from_secs_f64(seconds).context("a number of seconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let request = Request {
            operation: Operation::PrimaryKey,
            callers: 32,
            warm_up: Duration::from_secs(1),
            run: Duration::from_secs(5),
        };
        assert_eq!(request.to_string(), "run primary-key 32 1.000 5.000");
        assert_eq!(
            request.to_string().parse::<Request>().expect("one"),
            request
        );
        let sample = Sample {
            operations: 1000,
            rate: 200.0,
            cpu: Duration::from_millis(1500),
        };
        let answers = [
            Answer::Ready("native".into()),
            Answer::Ran(sample),
            Answer::Failed("the server is gone".into()),
        ];
        for answer in answers {
            assert_eq!(answer.to_string().parse::<Answer>().expect("one"), answer);
        }
    }

    #[test]
    fn a_failure_stays_on_its_line() {
        assert_eq!(
            Answer::Failed("a\nran 1 1 1".into()).to_string(),
            "failed a ran 1 1 1"
        );
    }

    #[test]
    fn nonsense_is_no_measurement() {
        for line in [
            "",
            "ran",
            "ran 1 2",
            "ran 0 0 0",
            "ran 1 1 -1",
            "ran x 1 1",
            "Traceback",
        ] {
            assert!(line.parse::<Answer>().is_err(), "{line}");
        }
        for line in [
            "run",
            "run none 1 1 1",
            "run list -1 1 1",
            "run list 1 NaN 1",
            "stop",
        ] {
            assert!(line.parse::<Request>().is_err(), "{line}");
        }
    }
}
