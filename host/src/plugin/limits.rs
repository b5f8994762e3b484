//! What one instance may use: memory, all its memories together, and time on a
//! core.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

use super::host_time::HostTime;
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
/// waits for the host, or for its turn, its clock stands still.
#[derive(Debug)]
pub(crate) struct CpuClock {
    used: Duration,
    /// With what the host does for the guest.
    host: Arc<HostTime>,
    /// When it was last let in. Shared with the wait for its turn, which alone
    /// knows when that ends.
    running_since: Arc<Mutex<Instant>>,
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
        Self {
            used: Duration::ZERO,
            host: Arc::new(HostTime::new(Duration::from_millis(limits.cpu_ms_max))),
            running_since: Arc::new(Mutex::new(Instant::now())),
        }
    }

    /// A new request begins.
    pub(crate) fn restart(&mut self) {
        self.used = Duration::ZERO;
        self.host.restart();
        self.resume();
    }

    /// The guest waits for the host: charges for the time since it was let in.
    pub(crate) fn pause(&mut self) {
        let since = *self
            .running_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Beyond a tick it was not the guest that ran: the thread was preempted.
        self.used += since.elapsed().min(TICK);
        self.host.guest_used(self.used);
    }

    /// The guest goes on.
    pub(crate) fn resume(&mut self) {
        let_in(&self.running_since);
    }

    /// Where the host's own work for the guest is charged.
    pub(crate) fn host_time(&self) -> &Arc<HostTime> {
        &self.host
    }

    fn is_exhausted(&self) -> bool {
        self.host.is_exhausted()
    }

    /// Lets others run, and starts the clock again when the guest's turn comes.
    ///
    /// Tokio's own yield, because it lets the runtime look at its sockets first;
    /// with a plain one, loops would starve all connections.
    fn turn(&self) -> impl Future<Output = ()> + Send + 'static {
        let running_since = Arc::clone(&self.running_since);
        async move {
            tokio::task::yield_now().await;
            let_in(&running_since);
        }
    }
}

fn let_in(running_since: &Mutex<Instant>) {
    *running_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
}

/// Called at every tick while the guest runs.
pub(crate) fn on_tick(mut store: StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    let cpu = &mut store.data_mut().cpu;
    cpu.pause();
    if cpu.is_exhausted() {
        return Err(wasmtime::Error::from(CpuExhausted));
    }
    Ok(UpdateDeadline::YieldCustom(1, Box::pin(cpu.turn())))
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

    fn clock(cpu_ms_max: u64) -> CpuClock {
        CpuClock::new(&PluginLimits {
            cpu_ms_max,
            ..PluginLimits::default()
        })
    }

    #[test]
    fn waiting_for_the_host_is_not_charged() {
        let mut cpu = clock(20);
        cpu.pause();
        std::thread::sleep(Duration::from_millis(50));
        cpu.resume();
        cpu.pause();
        assert!(!cpu.is_exhausted());
    }

    #[tokio::test]
    async fn waiting_for_a_turn_is_not_charged() {
        let mut cpu = clock(20);
        cpu.pause();
        let others = async { std::thread::sleep(Duration::from_millis(50)) };
        tokio::join!(cpu.turn(), others);
        cpu.pause();
        assert!(!cpu.is_exhausted());
    }

    #[test]
    fn what_takes_longer_than_a_tick_was_not_the_guests() {
        let mut cpu = clock(20);
        std::thread::sleep(Duration::from_millis(50));
        cpu.pause();
        assert!(!cpu.is_exhausted());
    }

    #[test]
    fn computing_is_charged() {
        let mut cpu = clock(5);
        std::thread::sleep(Duration::from_millis(10));
        cpu.pause();
        assert!(cpu.is_exhausted());
        cpu.restart();
        assert!(!cpu.is_exhausted());
    }
}
