//! How long single events took.
//!
//! A rebuild or a start is no rate, so it can't run for five seconds: the table
//! shows the extremes beside the median, and a limit is held by the slowest.

use std::time::Duration;

use crate::stability::median;

/// What is measured fewer times says nothing of the next time.
pub(crate) const EVENTS_MIN: u32 = 5;

/// The durations of one event, measured several times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timings(Vec<Duration>);

impl Timings {
    /// Adds one.
    pub(crate) fn push(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// The longest.
    pub(crate) fn slowest(&self) -> Duration {
        self.0.iter().copied().max().unwrap_or_default()
    }

    /// Cells of a table: median, fastest, slowest.
    pub(crate) fn cells(&self) -> [String; 3] {
        let seconds: Vec<f64> = self.0.iter().map(Duration::as_secs_f64).collect();
        let fastest = self.0.iter().copied().min().unwrap_or_default();
        [
            median(&seconds),
            fastest.as_secs_f64(),
            self.slowest().as_secs_f64(),
        ]
        .map(millis)
    }
}

fn millis(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extremes_stand_beside_the_median() {
        let mut timings = Timings::default();
        for millis in [30, 10, 20] {
            timings.push(Duration::from_millis(millis));
        }
        assert_eq!(timings.cells(), ["20.0 ms", "10.0 ms", "30.0 ms"]);
        assert_eq!(timings.slowest(), Duration::from_millis(30));
    }
}
