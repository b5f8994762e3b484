//! The runs of all clients on one operation, and what they say.

use std::time::Duration;

use super::client::Client;
use super::mark::{Mark, Verdict};
use super::sample::Sample;
use crate::report::Table;
use crate::stability::Figure;

/// The runs of all clients on one operation.
pub(super) struct Comparison {
    title: &'static str,
    run: Duration,
    clients: Vec<(Client, Vec<Sample>)>,
}

/// Something that a sample tells.
type Measure = fn(&Sample) -> f64;

const RATE: Measure = |sample| sample.rate;

/// What one operation costs: the less, the better.
const CPU: Measure = Sample::cpu_us;

impl Comparison {
    /// Columns of the table that [`Comparison::rows`] fills.
    pub(super) const COLUMNS: [&str; 9] = [
        "operation",
        "client",
        "operations/s",
        "of native",
        "of psycopg 3",
        "client CPU",
        "of native",
        "of psycopg 3",
        "marks",
    ];

    /// Begins without runs.
    pub(super) fn new(title: &'static str, run: Duration) -> Self {
        Self {
            title,
            run,
            clients: Vec::new(),
        }
    }

    /// Adds a run of a client.
    pub(super) fn push(&mut self, client: Client, sample: Sample) {
        match self.clients.iter_mut().find(|known| known.0 == client) {
            Some((_, samples)) => samples.push(sample),
            None => self.clients.push((client, vec![sample])),
        }
    }

    /// The clients that have run.
    pub(super) fn clients(&self) -> impl Iterator<Item = Client> {
        self.clients.iter().map(|(client, _)| *client)
    }

    /// Operations a second of a client, in those of another.
    pub(super) fn rate_of(&self, client: Client, other: Client) -> Figure {
        self.figure(&self.each(client, RATE), &self.each(other, RATE))
    }

    /// How many operations a client does in the CPU time that another needs for
    /// one.
    pub(super) fn cpu_of(&self, client: Client, other: Client) -> Figure {
        self.figure(&self.each(other, CPU), &self.each(client, CPU))
    }

    /// Operations a second, in those of another operation by the same client.
    pub(super) fn rate_against(&self, other: &Self, client: Client) -> Figure {
        self.figure(&self.each(client, RATE), &other.each(client, RATE))
    }

    /// The same of CPU time.
    pub(super) fn cpu_against(&self, other: &Self, client: Client) -> Figure {
        self.figure(&other.each(client, CPU), &self.each(client, CPU))
    }

    /// Adds a row for each client, and gives the verdicts on the marks that
    /// `marks` has for it.
    pub(super) fn rows(
        &self,
        table: &mut Table,
        marks: impl Fn(Client) -> Vec<(Mark, Figure)>,
    ) -> Vec<(String, Verdict)> {
        let mut verdicts = Vec::new();
        for client in self.clients() {
            let judged = marks(client);
            let judged = judged.iter().map(|(mark, ratio)| {
                let verdict = mark.judge(*ratio);
                (mark.show(verdict), verdict)
            });
            let judged: Vec<(String, Verdict)> = judged.collect();
            let cells: Vec<&str> = judged.iter().map(|(cell, _)| cell.as_str()).collect();
            table.row(&self.row(client, cells.join("; ")));
            verdicts.extend(judged.into_iter().map(|(mark, verdict)| {
                (
                    format!("{}, {}: {mark}", self.title, client.title()),
                    verdict,
                )
            }));
        }
        verdicts
    }

    fn row(&self, client: Client, marks: String) -> [String; 9] {
        let of = |figure: fn(&Self, Client, Client) -> Figure, other| {
            if client == other {
                // By definition, not by measurement.
                "1".into()
            } else if self.has(other) {
                show_ratio(figure(self, client, other))
            } else {
                String::new()
            }
        };
        let figure = |measure| Figure::of(&self.each(client, measure), self.run);
        [
            self.title.into(),
            client.title().into(),
            figure(RATE).show(|rate| format!("{rate:.0}")),
            of(Self::rate_of, Client::Native),
            of(Self::rate_of, Client::Psycopg),
            figure(CPU).show(|micros| format!("{micros:.2} µs")),
            of(Self::cpu_of, Client::Native),
            of(Self::cpu_of, Client::Psycopg),
            marks,
        ]
    }

    fn has(&self, client: Client) -> bool {
        self.clients().any(|known| known == client)
    }

    fn each(&self, client: Client, measure: Measure) -> Vec<f64> {
        let found = self.clients.iter().find(|known| known.0 == client);
        let samples = found.map_or(&[][..], |(_, samples)| samples);
        samples.iter().map(measure).collect()
    }

    /// Ratios are taken round by round, so that what slows the whole machine for
    /// a while cancels out.
    fn figure(&self, dividends: &[f64], divisors: &[f64]) -> Figure {
        let rounds = dividends.iter().zip(divisors);
        let ratios: Vec<f64> = rounds
            .map(|(dividend, divisor)| dividend / divisor)
            .collect();
        Figure::of(&ratios, self.run)
    }
}

/// A ratio as a cell of a table.
pub(super) fn show_ratio(figure: Figure) -> String {
    figure.show(|ratio| format!("{ratio:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rate: f64, cpu_us: u64) -> Sample {
        Sample {
            operations: 1_000_000,
            rate,
            cpu: Duration::from_secs(cpu_us),
        }
    }

    fn comparison(rounds: &[(f64, u64)]) -> Comparison {
        let mut comparison = Comparison::new("one", Duration::from_secs(5));
        for (slowness, cpu_us) in rounds {
            comparison.push(Client::Guest, sample(9_000.0 / slowness, 12 * cpu_us));
            comparison.push(Client::Native, sample(10_000.0 / slowness, 10 * cpu_us));
        }
        comparison
    }

    #[test]
    fn more_is_better_in_both_ratios() {
        let comparison = comparison(&[(1.0, 1); 3]);
        let rate = comparison.rate_of(Client::Guest, Client::Native);
        let cpu = comparison.cpu_of(Client::Guest, Client::Native);
        assert_eq!(show_ratio(rate), "0.90 ± 0.0 %");
        assert_eq!(show_ratio(cpu), "0.83 ± 0.0 %");
    }

    #[test]
    fn a_slow_spell_of_the_machine_spoils_the_rates_and_not_the_ratio() {
        let comparison = comparison(&[(1.0, 1), (1.0, 1), (1.5, 2)]);
        let row = comparison.row(Client::Guest, String::new());
        assert!(row[2].starts_with("unstable"), "{row:?}");
        assert_eq!(row[3], "0.90 ± 0.0 %");
    }

    #[test]
    fn a_client_that_is_not_there_leaves_its_cells_empty() {
        let comparison = comparison(&[(1.0, 1); 3]);
        let row = comparison.row(Client::Guest, String::new());
        assert_eq!((row[4].as_str(), row[7].as_str()), ("", ""));
        let figure = comparison.rate_of(Client::Guest, Client::Psycopg);
        assert!(!figure.is_stable(), "nothing is no result");
    }
}
