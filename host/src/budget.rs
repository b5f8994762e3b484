//! What the host holds in memory for somebody, in sum: for a plugin, for a
//! connection, for all of them.
//!
//! A plugin's own memory is counted where it grows. What others have the host
//! hold (arguments of statements, rows on their way, bodies that are read,
//! answers that are not sent yet) is counted here before it is held.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many bytes, of which each is counted while it is held.
#[derive(Debug)]
pub struct Budget {
    limit: &'static str,
    used_bytes: AtomicUsize,
    max_bytes: usize,
}

/// All that may be held is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted {
    limit: &'static str,
    max_bytes: usize,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, max_bytes } = self;
        write!(out, "the host holds {limit} = {max_bytes} bytes already")
    }
}

/// Bytes that are held, until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    /// A budget of which nothing is used; `limit` is what operators call it.
    pub fn new(limit: &'static str, max_bytes: usize) -> Self {
        Self {
            limit,
            used_bytes: AtomicUsize::new(0),
            max_bytes,
        }
    }

    /// How much is held now.
    pub(crate) fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    /// Counts bytes before they are held.
    ///
    /// # Errors
    ///
    /// When there would be too many.
    pub(crate) fn hold(self: &Arc<Self>, bytes: usize) -> Result<Held, Exhausted> {
        self.take(bytes)?;
        Ok(Held {
            budget: Arc::clone(self),
            bytes,
        })
    }

    /// Counts bytes that somebody gives back himself.
    ///
    /// # Errors
    ///
    /// When there would be too many.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), Exhausted> {
        // A request that asks for nothing more is never in the way.
        if bytes == 0 {
            return Ok(());
        }
        let before = self.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.max_bytes {
            self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Exhausted {
                limit: self.limit,
                max_bytes: self.max_bytes,
            });
        }
        Ok(())
    }
}

impl Budget {
    /// Gives back what was [taken](Self::take).
    pub(crate) fn give_back(&self, bytes: usize) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Held {
    /// Counts so many more.
    ///
    /// # Errors
    ///
    /// When there would be too many. Those from before stay.
    pub(crate) fn more(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.budget.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget
            .used_bytes
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_counts_until_it_is_dropped() {
        let budget = Arc::new(Budget::new("a_limit", 100));
        let mut first = budget.hold(60).expect("there is room");
        assert_eq!(
            budget.hold(41).err(),
            Some(Exhausted {
                limit: "a_limit",
                max_bytes: 100
            })
        );
        first.more(40).expect("there is room");
        assert!(first.more(1).is_err());
        assert!(budget.hold(0).is_ok(), "nothing is always held");
        assert_eq!(budget.used_bytes(), 100);
        drop(first);
        assert_eq!(budget.used_bytes(), 0);
    }

    #[test]
    fn more_than_can_be_counted_is_too_much() {
        let budget = Arc::new(Budget::new("a_limit", 100));
        let _held = budget.hold(1).expect("there is room");
        assert!(budget.hold(usize::MAX - 1).is_err());
        assert_eq!(budget.used_bytes(), 1);
    }
}
