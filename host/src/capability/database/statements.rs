//! What the host knows of the statements that a plugin sends: what each does to
//! its connection, and how long it usually takes.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use super::connection::STATEMENT_BYTES_MAX;
use super::verb::Verb;

/// A longer text is not remembered and prepared for its one use: kept, a few
/// hundred of them would fill the memory of the host and of Postgres.
const KEPT_BYTES_MAX: usize = 32 << 10;

/// Statements remembered for each that a connection keeps prepared: which are
/// in use differs from one connection to the next.
const REMEMBERED_PER_PREPARED: usize = 4;

/// The statements of one pool, by their text.
pub(super) struct Statements {
    known: Mutex<LruCache<Box<str>, Arc<Known>>>,
    numbers: AtomicU64,
}

/// A statement that was seen before.
pub(super) struct Known {
    /// What connections keep it by; one that is not to be kept has none.
    pub(super) number: Option<u64>,
    pub(super) verb: Verb,
    /// A moving average of the time it took, in microseconds; 0 before its first
    /// end.
    usual_us: AtomicU32,
}

impl Statements {
    pub(super) fn new(prepared_max: NonZeroUsize) -> Self {
        let remembered = prepared_max
            .saturating_mul(NonZeroUsize::new(REMEMBERED_PER_PREPARED).expect("more than none"));
        Self {
            known: Mutex::new(LruCache::new(remembered)),
            numbers: AtomicU64::new(0),
        }
    }

    /// What is known of a text.
    pub(super) fn known(&self, sql: &str) -> Arc<Known> {
        if sql.len() > STATEMENT_BYTES_MAX {
            // It will be refused, so it is not even read.
            return Arc::new(Known::new(None, Verb::Session));
        }
        if sql.len() > KEPT_BYTES_MAX {
            return Arc::new(Known::new(None, Verb::of(sql)));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(sql) {
            return Arc::clone(known);
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let new = Arc::new(Known::new(Some(number), Verb::of(sql)));
        known.put(sql.into(), Arc::clone(&new));
        new
    }
}

impl Known {
    fn new(number: Option<u64>, verb: Verb) -> Self {
        Self {
            number,
            verb,
            usual_us: AtomicU32::new(0),
        }
    }

    /// Whether it has run, and usually takes no longer than `limit`.
    pub(super) fn is_quick(&self, limit: Duration) -> bool {
        let usual = self.usual_us.load(Ordering::Relaxed);
        usual > 0 && u128::from(usual) <= limit.as_micros()
    }

    /// Notes how long it took. One slow end weighs an eighth, so that a lock it
    /// once waited for is soon forgotten.
    pub(super) fn took(&self, time: Duration) {
        let time = micros(time);
        let usual = self.usual_us.load(Ordering::Relaxed);
        let new = match usual {
            0 => time,
            usual => usual - usual / 8 + time / 8,
        };
        // Another's note that is lost in between is one of many.
        self.usual_us.store(new.max(1), Ordering::Relaxed);
    }

    /// Notes that it took longer than was put up with.
    pub(super) fn took_too_long(&self, time: Duration) {
        self.usual_us.fetch_max(micros(time), Ordering::Relaxed);
    }
}

/// More than an hour is an hour: sums of it still fit.
fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).map_or(u32::MAX / 2, |micros| micros.clamp(1, u32::MAX / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(10);

    fn statements() -> Statements {
        Statements::new(NonZeroUsize::MIN)
    }

    #[test]
    fn a_text_is_the_same_statement_each_time() {
        let statements = statements();
        let first = statements.known("SELECT 1");
        assert!(Arc::ptr_eq(&first, &statements.known("SELECT 1")));
        assert_ne!(first.number, statements.known("SELECT 2").number);
    }

    #[test]
    fn texts_without_end_are_forgotten() {
        let statements = statements();
        let first = statements.known("SELECT 0").number;
        for n in 1..100 {
            statements.known(&format!("SELECT {n}"));
        }
        assert_ne!(first, statements.known("SELECT 0").number);
        assert_eq!(
            statements.known.lock().unwrap().len(),
            REMEMBERED_PER_PREPARED
        );
    }

    #[test]
    fn a_huge_text_is_not_kept() {
        let sql = format!("SELECT '{}'", "x".repeat(KEPT_BYTES_MAX));
        assert_eq!(statements().known(&sql).number, None);
    }

    #[test]
    fn one_is_quick_by_its_own_history() {
        let known = Known::new(None, Verb::Plain);
        assert!(!known.is_quick(LIMIT), "it was never seen to end");
        known.took(Duration::ZERO);
        assert!(known.is_quick(LIMIT));
        known.took(Duration::from_millis(50));
        assert!(known.is_quick(LIMIT), "once is nothing");
        known.took_too_long(Duration::from_millis(100));
        assert!(!known.is_quick(LIMIT));
        for _ in 0..30 {
            known.took(Duration::from_micros(80));
        }
        assert!(known.is_quick(LIMIT));
    }

    #[test]
    fn times_beyond_counting_stay_slow() {
        let known = Known::new(None, Verb::Plain);
        for _ in 0..3 {
            known.took(Duration::MAX);
        }
        assert!(!known.is_quick(LIMIT));
    }
}
