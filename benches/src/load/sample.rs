//! What one run measured.

use std::time::Duration;

/// One run on one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Requests answered.
    pub requests: u32,
    /// Time that passed.
    pub elapsed: Duration,
    /// Time that the server spent on its core.
    pub cpu: Duration,
}

impl Sample {
    /// Microseconds on a core for each request.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.requests)
    }

    /// Requests in a second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(self.requests) / self.elapsed.as_secs_f64()
    }

    /// The share of the time that the server was on its core.
    pub(crate) fn busy(&self) -> f64 {
        self.cpu.as_secs_f64() / self.elapsed.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_tells_cost_and_rate() {
        let (elapsed, cpu) = (Duration::from_secs(2), Duration::from_secs(1));
        let sample = Sample {
            requests: 100_000,
            elapsed,
            cpu,
        };
        assert!((sample.cpu_us() - 10.0).abs() < 1e-9);
        assert!((sample.rate() - 50_000.0).abs() < 1e-9);
        assert!((sample.busy() - 0.5).abs() < 1e-9);
    }
}
