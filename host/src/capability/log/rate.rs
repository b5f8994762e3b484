//! How much a plugin may log.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// So many bytes a second, and as many at once after a second of silence.
#[derive(Debug)]
pub struct LogRate {
    bytes_per_second: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    left: u64,
    at: Instant,
    dropped: u64,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is written, behind a word about so many that were not.
    Written {
        dropped_before: u64,
    },
    Dropped,
}

impl LogRate {
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self {
            bytes_per_second,
            state: Mutex::new(State {
                left: bytes_per_second,
                at: Instant::now(),
                dropped: 0,
            }),
        }
    }

    pub(super) fn admit(&self, bytes: usize) -> Admission {
        self.admit_at(Instant::now(), bytes)
    }

    fn admit_at(&self, now: Instant, bytes: usize) -> Admission {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.saturating_duration_since(state.at);
        let came = u128::from(self.bytes_per_second) * since.as_micros() / 1_000_000;
        if came > 0 {
            let came = u64::try_from(came).unwrap_or(u64::MAX);
            state.left = state.left.saturating_add(came).min(self.bytes_per_second);
            state.at = now;
        }
        match state.left.checked_sub(bytes as u64) {
            Some(left) => {
                state.left = left;
                Admission::Written {
                    dropped_before: std::mem::take(&mut state.dropped),
                }
            }
            None => {
                state.dropped += 1;
                Admission::Dropped
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_too_much_is_dropped_and_told() {
        let rate = LogRate::new(1_000);
        let begun = Instant::now();
        let written = |dropped_before| Admission::Written { dropped_before };
        let at = |ms, bytes| rate.admit_at(begun + Duration::from_millis(ms), bytes);
        assert_eq!(at(0, 600), written(0));
        assert_eq!(at(0, 600), Admission::Dropped);
        assert_eq!(at(100, 600), Admission::Dropped);
        assert_eq!(at(300, 600), written(2));
        assert_eq!(at(300, 600), Admission::Dropped);
        // No more at once than a second's.
        assert_eq!(at(60_000, 1_000), written(1));
        assert_eq!(at(60_000, 1), Admission::Dropped);
    }
}
