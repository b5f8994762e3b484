//! How long things took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets: from a statement by key to the limits that
/// requests usually have.
const BOUNDS: [Duration; 14] = [
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
];

const BUCKETS: usize = BOUNDS.len() + 1;

/// Durations, counted by buckets.
///
/// `prometheus-client` has one too, but each observation takes its lock.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    nanos: AtomicU64,
}

/// What a histogram held when it was read.
pub(crate) struct Snapshot {
    /// Upper bounds in seconds, with how many lie below each and above the one
    /// before.
    pub(crate) buckets: [(f64, u64); BUCKETS],
    pub(crate) count: u64,
    pub(crate) sum_seconds: f64,
}

impl Histogram {
    pub(crate) fn observe(&self, took: Duration) {
        let bucket = BOUNDS.partition_point(|bound| *bound < took);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let bounds = BOUNDS.iter().map(Duration::as_secs_f64);
        let mut bounds = bounds.chain([f64::INFINITY]);
        let buckets = std::array::from_fn(|number| {
            let bound = bounds.next().expect("one for each bucket");
            (bound, self.buckets[number].load(Ordering::Relaxed))
        });
        Snapshot {
            // Their sum, so that it agrees with them whatever is observed meanwhile.
            count: buckets.iter().map(|(_, count)| count).sum(),
            sum_seconds: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64(),
            buckets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::default();
        for took in [
            Duration::ZERO,
            Duration::from_micros(250),
            Duration::from_nanos(250_001),
            Duration::from_secs(31),
        ] {
            histogram.observe(took);
        }
        let snapshot = histogram.snapshot();
        assert_eq!(snapshot.buckets[0], (0.000_25, 2));
        assert_eq!(snapshot.buckets[1], (0.000_5, 1));
        assert_eq!(snapshot.buckets[BUCKETS - 1], (f64::INFINITY, 1));
        assert_eq!(snapshot.count, 4);
        assert!((snapshot.sum_seconds - 31.000_500_001).abs() < 1e-9);
    }

    #[test]
    fn bounds_rise() {
        assert!(BOUNDS.is_sorted());
    }
}
