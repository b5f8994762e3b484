//! Whether the host came through.

use std::time::Duration;

use anyhow::{Result, bail};

use super::hostile::Noticed;
use super::ledger::Missing;
use super::pool::Pool;
use super::traffic::{Outcome, Tally};
use crate::report::Table;

/// How much more memory the host may hold at the end than soon after the
/// beginning.
const MEMORY_GROWTH_BYTES_MAX: u64 = 64 << 20;

/// How long a neighbour of the hostile plugin may wait, on a machine that is busy.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// All that was seen.
pub(super) struct Verdict {
    pub machine: String,
    pub seconds: u64,
    pub connections: u16,
    /// Sessions killed.
    pub killed: u64,
    /// Memory of the host, in the beginning and at the end.
    pub memory: (u64, u64),
    /// What a neighbour of the hostile plugin noticed, if there was one.
    pub noticed: Option<Noticed>,
    /// Sessions of the host left in a transaction or a statement.
    pub unsettled: i64,
    /// Answers after all of it.
    pub after: Tally,
    /// The pool after that.
    pub pool: Pool,
    pub missing: Missing,
    pub traffic: Outcome,
}

impl Verdict {
    /// Prints what was seen, and tells whether all of it is well.
    pub(super) fn print(&self) -> bool {
        let mut answers = Table::new(&["answer", "requests"]);
        for (status, count) in self.traffic.tally.iter() {
            let status = match status {
                0 => "none".into(),
                status => status.to_string(),
            };
            answers.row(&[status, count.to_string()]);
        }
        let (machine, seconds) = (&self.machine, self.seconds);
        let (connections, killed) = (self.connections, self.killed);
        answers.print(&format!(
            "{connections} connections for {seconds} s, {killed} sessions of the host killed. {machine}."
        ));
        let mut checks = Table::new(&["check", "found", "verdict"]);
        for (check, found, is_well) in self.checks() {
            let verdict = if is_well { "pass" } else { "**fail**" };
            checks.row(&[check.into(), found, verdict.into()]);
        }
        checks.print("What must hold at the end.");
        self.failed().is_empty()
    }

    /// Fails when something is not well.
    pub(super) fn conclude(&self) -> Result<()> {
        let failed = self.failed();
        if failed.is_empty() {
            return Ok(());
        }
        bail!("the host did not come through: {}", failed.join("; "))
    }

    fn failed(&self) -> Vec<&'static str> {
        let checks = self.checks().into_iter();
        checks
            .filter(|(_, _, is_well)| !is_well)
            .map(|(check, ..)| check)
            .collect()
    }

    /// What must hold, what was found, and whether that is well.
    fn checks(&self) -> Vec<(&'static str, String, bool)> {
        let Missing {
            rows,
            twins,
            torn,
            found,
        } = self.missing;
        let acknowledged = &self.traffic.acknowledged;
        let told = acknowledged.rows.len() + acknowledged.twins.len();
        let tally = &self.traffic.tally;
        // A 409 would be a statement that was run again after it took effect.
        let odd = tally.of(|status| !matches!(status, 200 | 500..600));
        let (begin, end) = self.memory;
        let not_well_after = self.after.of(|status| status != 200);
        let lost = rows + twins;
        let Pool {
            connections,
            idle,
            waiting,
            sessions,
        } = self.pool;
        let mut checks = vec![
            (
                "every acknowledged row is in the database",
                format!("{told} acknowledged, {found} there, {lost} missing"),
                lost == 0 && told > 0,
            ),
            (
                "a pair is there with both its rows or not at all",
                format!("{torn} are torn"),
                torn == 0,
            ),
            (
                "every acknowledged row can be read",
                format!("{} reads found none", self.traffic.reads_lost),
                self.traffic.reads_lost == 0,
            ),
            (
                "every request is answered, with 200 or 5xx",
                format!("{odd} otherwise"),
                odd == 0,
            ),
            (
                "sessions were killed",
                format!("{}", self.killed),
                self.killed > 0,
            ),
            (
                "no session of the host is left in a transaction or a statement",
                format!("{} are", self.unsettled),
                self.unsettled == 0,
            ),
            (
                "the next requests are answered with 200",
                format!("{not_well_after} of {} otherwise", self.after.total()),
                not_well_after == 0,
            ),
            (
                "the pool's connections are all there, known and free",
                format!(
                    "{connections} connections, {idle} idle, {waiting} waited for, {sessions} sessions"
                ),
                self.pool.is_settled(),
            ),
            (
                "the host's memory has grown by at most 64 MiB",
                format!("{} to {} MiB", begin >> 20, end >> 20),
                end.saturating_sub(begin) <= MEMORY_GROWTH_BYTES_MAX,
            ),
        ];
        if let Some(noticed) = self.noticed {
            let Noticed {
                answers,
                wrong,
                worst,
            } = noticed;
            checks.push((
                "the hostile plugin's neighbour is answered right, and in time",
                format!(
                    "{wrong} of {answers} otherwise, the slowest in {} ms",
                    worst.as_millis()
                ),
                wrong == 0 && answers > 0 && worst < ANSWERED_WITHIN,
            ));
        }
        checks
    }
}

#[cfg(test)]
mod tests {
    use super::super::traffic::Acknowledged;
    use super::*;

    fn verdict() -> Verdict {
        let mut tally = Tally::default();
        tally.count(200);
        tally.count(503);
        let mut after = Tally::default();
        after.count(200);
        let acknowledged = Acknowledged {
            rows: vec![1],
            twins: Vec::new(),
        };
        Verdict {
            machine: String::new(),
            seconds: 6,
            connections: 1,
            killed: 1,
            memory: (100 << 20, 120 << 20),
            noticed: None,
            unsettled: 0,
            after,
            pool: Pool {
                connections: 4,
                idle: 4,
                waiting: 0,
                sessions: 4,
            },
            missing: Missing::default(),
            traffic: Outcome {
                tally,
                acknowledged,
                reads_lost: 0,
            },
        }
    }

    #[test]
    fn a_host_that_recovers_comes_through() {
        assert_eq!(verdict().failed(), [""; 0]);
        assert!(verdict().conclude().is_ok());
    }

    #[test]
    fn each_fault_is_named() {
        let spoil: [fn(&mut Verdict); 10] = [
            |verdict| verdict.missing.torn = 1,
            |verdict| verdict.missing.twins = 1,
            |verdict| verdict.traffic.acknowledged.rows.clear(),
            |verdict| verdict.traffic.reads_lost = 1,
            |verdict| verdict.traffic.tally.count(409),
            |verdict| verdict.killed = 0,
            |verdict| verdict.unsettled = 1,
            |verdict| verdict.after.count(503),
            |verdict| verdict.pool.sessions = 5,
            |verdict| verdict.memory.1 = 200 << 20,
        ];
        for spoil in spoil {
            let mut verdict = verdict();
            spoil(&mut verdict);
            assert_eq!(verdict.failed().len(), 1);
            assert!(verdict.conclude().is_err());
        }
    }
}
