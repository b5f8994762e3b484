//! What one run of one client measured.

use std::time::Duration;

/// One run of one client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Operations done.
    pub operations: u32,
    /// Operations in a second, of all callers together.
    pub rate: f64,
    /// Time that the client's process spent on a core.
    pub cpu: Duration,
}

impl Sample {
    /// Microseconds of the client on a core for each operation.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.operations)
    }
}
