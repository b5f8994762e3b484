//! The runs of all servers on one route, and what they say.

use std::time::Duration;

use super::route::Route;
use super::sample::Sample;
use crate::report::Table;
use crate::stability::{Figure, median, percent};

/// The runs of all servers on one route.
pub(crate) struct Comparison {
    route: Route,
    run: Duration,
    /// The first is what the others are compared with.
    servers: Vec<Server>,
}

struct Server {
    name: &'static str,
    samples: Vec<Sample>,
}

impl Comparison {
    /// Columns of the table that [`Comparison::rows`] fills.
    pub(crate) const COLUMNS: [&str; 7] = [
        "route",
        "server",
        "CPU",
        "CPU, of native",
        "requests/s",
        "requests/s, of native",
        "busy",
    ];

    /// Begins without runs.
    pub(crate) fn new(
        route: Route,
        run: Duration,
        names: impl Iterator<Item = &'static str>,
    ) -> Self {
        let servers = names
            .map(|name| Server {
                name,
                samples: Vec::new(),
            })
            .collect();
        Self {
            route,
            run,
            servers,
        }
    }

    /// Adds a run of one server.
    pub(crate) fn push(&mut self, server: usize, sample: Sample) {
        self.servers[server].samples.push(sample);
    }

    /// Adds a row for each server, and tells whether any figure is stable.
    pub(crate) fn rows(&self, table: &mut Table) -> bool {
        let mut any_stable = false;
        for (number, server) in self.servers.iter().enumerate() {
            let figures = self.figures(server);
            any_stable |= figures.iter().any(|figure| figure.is_stable());
            let [cpu, cpu_ratio, rate, rate_ratio] = figures;
            // The first is native itself: 1 by definition, not by measurement.
            let of_native = |figure: Figure| {
                if number == 0 {
                    "1".into()
                } else {
                    figure.show(|ratio| format!("{ratio:.2}"))
                }
            };
            table.row(&[
                self.route.name().into(),
                server.name.into(),
                cpu.show(|micros| format!("{micros:.1} µs")),
                of_native(cpu_ratio),
                rate.show(|rate| format!("{rate:.0}")),
                of_native(rate_ratio),
                percent(median(&server.each(Sample::busy))),
            ]);
        }
        any_stable
    }

    /// CPU time and its ratio, rate and its ratio. Of both ratios 1 is native
    /// and more is better.
    ///
    /// Ratios are taken round by round, so that what slows the whole machine
    /// for a while cancels out.
    fn figures(&self, server: &Server) -> [Figure; 4] {
        let native = &self.servers[0];
        let (cpu, rate) = (server.each(Sample::cpu_us), server.each(Sample::rate));
        let cpu_ratio = ratios(&native.each(Sample::cpu_us), &cpu);
        let rate_ratio = ratios(&rate, &native.each(Sample::rate));
        [cpu, cpu_ratio, rate, rate_ratio].map(|samples| Figure::of(&samples, self.run))
    }
}

impl Server {
    fn each(&self, of: impl Fn(&Sample) -> f64) -> Vec<f64> {
        self.samples.iter().map(of).collect()
    }
}

fn ratios(dividends: &[f64], divisors: &[f64]) -> Vec<f64> {
    dividends
        .iter()
        .zip(divisors)
        .map(|(dividend, divisor)| dividend / divisor)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(micros: &[[u64; 2]], run: Duration) -> Comparison {
        let mut comparison = Comparison::new(Route::Hello, run, ["native", "plinth"].into_iter());
        for round in micros {
            for (server, cpu) in round.iter().enumerate() {
                let cpu = Duration::from_micros(*cpu * 100_000);
                comparison.push(
                    server,
                    Sample {
                        requests: 100_000,
                        elapsed: run,
                        cpu,
                    },
                );
            }
        }
        comparison
    }

    #[test]
    fn a_slow_spell_of_the_machine_spoils_the_times_and_not_the_ratio() {
        let comparison = comparison(&[[8, 10], [8, 10], [12, 15]], Duration::from_secs(5));
        let [cpu, ratio, ..] = comparison.figures(&comparison.servers[1]);
        assert!(!cpu.is_stable());
        assert_eq!(ratio.show(|ratio| format!("{ratio:.2}")), "0.80 ± 0.0 %");
    }

    #[test]
    fn short_runs_leave_nothing_to_print() {
        let comparison = comparison(&[[8, 10]; 3], Duration::from_secs(1));
        let mut table = Table::new(&Comparison::COLUMNS);
        assert!(!comparison.rows(&mut table));
    }
}
