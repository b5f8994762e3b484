//! The time on a core that the host itself spends for a guest: reading its
//! statements, copying rows, writing JSON.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use super::limits::CpuExhausted;

/// What the request that an instance serves has cost so far, on either side.
///
/// Shared with what goes on beside the guest.
#[derive(Debug)]
pub(crate) struct HostTime {
    guest_ns: AtomicU64,
    host_ns: AtomicU64,
    max: Duration,
}

impl HostTime {
    pub(crate) fn new(max: Duration) -> Self {
        Self {
            guest_ns: AtomicU64::new(0),
            host_ns: AtomicU64::new(0),
            max,
        }
    }

    /// A new request begins.
    pub(crate) fn restart(&self) {
        self.host_ns.store(0, Ordering::Relaxed);
        self.guest_used(Duration::ZERO);
    }

    /// Notes what the guest has used until now.
    pub(crate) fn guest_used(&self, used: Duration) {
        self.guest_ns.store(nanos(used), Ordering::Relaxed);
    }

    /// Whether both together are more than one request may use.
    pub(crate) fn is_exhausted(&self) -> bool {
        let nanos = |part: &AtomicU64| part.load(Ordering::Relaxed);
        let used = nanos(&self.guest_ns).saturating_add(nanos(&self.host_ns));
        Duration::from_nanos(used) > self.max
    }

    /// Does something for the guest and counts the time that it takes; what it
    /// waits for takes none.
    ///
    /// # Errors
    ///
    /// When it is too much, which is looked at whenever it has to wait or lets
    /// others run. It is given up then.
    pub(crate) async fn charge<T>(
        &self,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, CpuExhausted> {
        poll_fn(|context| {
            let begun = Instant::now();
            let polled = work.as_mut().poll(context);
            self.host_ns
                .fetch_add(nanos(begun.elapsed()), Ordering::Relaxed);
            match polled {
                Poll::Ready(done) => Poll::Ready(Ok(done)),
                Poll::Pending if self.is_exhausted() => Poll::Ready(Err(CpuExhausted)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    const MAX: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn work_is_charged_and_given_up() {
        let time = HostTime::new(MAX);
        let endless = async {
            loop {
                std::thread::sleep(Duration::from_millis(5));
                tokio::task::yield_now().await;
            }
        };
        let given_up: Result<(), _> = time.charge(pin!(endless)).await;
        assert!(given_up.is_err());
        assert!(time.is_exhausted());
        time.restart();
        assert!(!time.is_exhausted());
    }

    #[tokio::test]
    async fn waiting_is_not_charged() {
        let time = HostTime::new(MAX);
        let waited = time.charge(pin!(tokio::time::sleep(3 * MAX))).await;
        assert!(waited.is_ok());
        assert!(!time.is_exhausted());
    }

    #[tokio::test]
    async fn both_sides_count_together() {
        let time = HostTime::new(MAX);
        time.guest_used(MAX);
        let work = async { std::thread::sleep(Duration::from_millis(1)) };
        assert!(
            time.charge(pin!(work)).await.is_ok(),
            "what is done is done"
        );
        assert!(time.is_exhausted());
    }
}
