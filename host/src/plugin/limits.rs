//! What one instance may use: memory, all its memories together, and time on a
//! core.

use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

use crate::config::PluginLimits;
use crate::engine::TICK;
use crate::state::State;

/// Counts the memory of an instance and refuses what is too much.
#[derive(Clone, Debug)]
pub(crate) struct MemoryLimit {
    used_bytes: usize,
    max_bytes: usize,
    table_elements_max: usize,
    refused: bool,
}

impl MemoryLimit {
    pub(crate) fn new(limits: &PluginLimits, table_elements_max: usize) -> Self {
        Self {
            used_bytes: 0,
            max_bytes: limits.memory_bytes_max,
            table_elements_max,
            refused: false,
        }
    }

    pub(crate) fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    /// Whether the guest has asked for more than it may have.
    pub(crate) fn was_refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self
            .used_bytes
            .saturating_add(desired.saturating_sub(current));
        if total > self.max_bytes {
            self.refused = true;
            return Ok(false);
        }
        self.used_bytes = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= self.table_elements_max)
    }
}

/// The time on a core that the current request has used.
///
/// The guest is interrupted at every tick of the engine's clock, lets other
/// requests run, and is charged for the time since it was last let in; while it
/// waits for the host its clock stands still.
#[derive(Clone, Debug)]
pub(crate) struct CpuClock {
    used: Duration,
    max: Duration,
    running_since: Instant,
}

/// The guest used more time on a core than one request may.
#[derive(Debug)]
pub(crate) struct CpuExhausted;

impl std::fmt::Display for CpuExhausted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the request used more time on a core than cpu_ms_max allows")
    }
}

impl std::error::Error for CpuExhausted {}

impl CpuClock {
    pub(crate) fn new(limits: &PluginLimits) -> Self {
        let max = Duration::from_millis(limits.cpu_ms_max);
        Self {
            used: Duration::ZERO,
            max,
            running_since: Instant::now(),
        }
    }

    /// A new request begins.
    pub(crate) fn restart(&mut self) {
        self.used = Duration::ZERO;
        self.resume();
    }

    /// The guest waits for the host.
    pub(crate) fn pause(&mut self) {
        self.charge();
    }

    /// The guest goes on.
    pub(crate) fn resume(&mut self) {
        self.running_since = Instant::now();
    }

    fn is_exhausted(&self) -> bool {
        self.used > self.max
    }

    fn tick(&mut self) {
        self.charge();
        self.resume();
    }

    /// Charges for the time since the guest was let in. Never more than a tick:
    /// at each one it is set aside, and others run.
    fn charge(&mut self) {
        self.used += self.running_since.elapsed().min(TICK);
    }
}

/// Called at every tick while the guest runs.
pub(crate) fn on_tick(mut store: StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    let cpu = &mut store.data_mut().cpu;
    cpu.tick();
    if cpu.is_exhausted() {
        return Err(wasmtime::Error::from(CpuExhausted));
    }
    // tokio's own yield, because it lets the runtime look at its sockets before the guest goes
    // on; a plain one would have loops starve all connections.
    Ok(UpdateDeadline::YieldCustom(
        1,
        Box::pin(tokio::task::yield_now()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(max_bytes: usize) -> MemoryLimit {
        let limits = PluginLimits {
            memory_bytes_max: max_bytes,
            ..PluginLimits::default()
        };
        MemoryLimit::new(&limits, 10)
    }

    #[test]
    fn all_memories_count_together() {
        let mut limit = limit(100);
        assert!(limit.memory_growing(0, 60, None).expect("no trap"));
        assert!(!limit.memory_growing(0, 60, None).expect("no trap"));
        assert!(limit.was_refused());
        assert!(limit.memory_growing(60, 100, None).expect("no trap"));
        assert_eq!(limit.used_bytes(), 100);
    }

    #[test]
    fn a_huge_growth_does_not_overflow() {
        assert!(
            !limit(100)
                .memory_growing(0, usize::MAX, None)
                .expect("no trap")
        );
    }

    #[test]
    fn waiting_is_not_charged() {
        let limits = PluginLimits {
            cpu_ms_max: 5,
            ..PluginLimits::default()
        };
        let mut cpu = CpuClock::new(&limits);
        cpu.pause();
        std::thread::sleep(TICK);
        cpu.resume();
        cpu.tick();
        assert!(!cpu.is_exhausted());
    }

    #[test]
    fn being_set_aside_is_charged_as_one_tick() {
        let limits = PluginLimits {
            cpu_ms_max: 25,
            ..PluginLimits::default()
        };
        let mut cpu = CpuClock::new(&limits);
        std::thread::sleep(TICK * 4);
        cpu.pause();
        assert!(!cpu.is_exhausted());
    }
}
