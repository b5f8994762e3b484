//! What one request has asked of the host: its statements, counted, and in
//! `dev` their texts.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Distinct texts that are kept of one request.
const TEXTS_MAX: usize = 256;

/// Statements whose order is kept.
const ORDER_MAX: usize = 4_096;

/// A longer text is kept up to here.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// The statements of one request.
///
/// Shared between the instance that serves the request and the server that
/// logs it, so that the number is known however the request ends.
#[derive(Debug)]
pub struct Tally {
    statements: AtomicU32,
    transactions: AtomicU32,
    refused: AtomicU32,
    statements_max: u32,
    /// The texts, in `dev` alone.
    texts: Option<Mutex<Texts>>,
}

/// The request has sent all the statements it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OverLimit(u32);

impl fmt::Display for OverLimit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "a request to this route may send {} statements, and begin no more transactions (statements_max of the plugin or the route); \
             load rows together instead of one by one",
            self.0
        )
    }
}

impl Tally {
    /// Counts up to a limit; `keeps_texts` is for `dev`.
    pub(crate) fn new(statements_max: u32, keeps_texts: bool) -> Self {
        Self {
            statements: AtomicU32::new(0),
            transactions: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            statements_max,
            texts: keeps_texts.then(Mutex::default),
        }
    }

    /// Counts a transaction that is about to be begun. Beginning and ending one are
    /// no statements of the request's, but it may not begin more of them.
    ///
    /// # Errors
    ///
    /// When the request has begun as many as it may send statements.
    pub(crate) fn count_transaction(&self) -> Result<(), OverLimit> {
        let before = self.transactions.fetch_add(1, Ordering::Relaxed);
        if before >= self.statements_max {
            self.transactions.fetch_sub(1, Ordering::Relaxed);
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(OverLimit(self.statements_max));
        }
        Ok(())
    }

    /// Counts statements that are about to be sent together.
    ///
    /// # Errors
    ///
    /// When they are more than the request has left; then none counts.
    pub(crate) fn count<'s>(
        &self,
        texts: impl ExactSizeIterator<Item = &'s str>,
    ) -> Result<(), OverLimit> {
        let more = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        let within = |sent: u32| sent.checked_add(more).filter(|n| *n <= self.statements_max);
        let counted = self
            .statements
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, within);
        if counted.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(OverLimit(self.statements_max));
        }
        if let Some(kept) = &self.texts {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            texts.for_each(|text| kept.push(text));
        }
        Ok(())
    }

    /// How many statements were sent.
    pub fn statements(&self) -> u32 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Whether a statement was refused because of the limit.
    pub(crate) fn is_over_limit(&self) -> bool {
        self.refused.load(Ordering::Relaxed) > 0
    }

    /// The texts of the statements in the order they were sent; nothing outside
    /// `dev`.
    pub fn texts(&self) -> Vec<Arc<str>> {
        self.read_texts(|texts| {
            let text = |number: &u16| Arc::clone(&texts.distinct[usize::from(*number)].0);
            texts.order.iter().map(text).collect()
        })
    }

    /// The texts sent more often than `max`, with how often; nothing outside
    /// `dev`.
    pub(crate) fn repeated(&self, max: u32) -> Vec<(Arc<str>, u32)> {
        self.read_texts(|texts| {
            let often = texts.distinct.iter().filter(|(_, count)| *count > max);
            often.cloned().collect()
        })
    }

    fn read_texts<T>(&self, read: impl FnOnce(&Texts) -> Vec<T>) -> Vec<T> {
        let Some(texts) = &self.texts else {
            return Vec::new();
        };
        read(&texts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The texts of a request's statements, each kept once.
#[derive(Debug, Default)]
struct Texts {
    distinct: Vec<(Arc<str>, u32)>,
    /// By the hash of the whole text, of which only the beginning may be kept.
    numbers: HashMap<u64, u16>,
    order: Vec<u16>,
    hasher: RandomState,
}

impl Texts {
    fn push(&mut self, text: &str) {
        let hash = self.hasher.hash_one(text);
        let number = match self.numbers.get(&hash) {
            Some(number) => *number,
            None if self.distinct.len() < TEXTS_MAX => self.add(hash, text),
            None => return,
        };
        let count = &mut self.distinct[usize::from(number)].1;
        *count = count.saturating_add(1);
        if self.order.len() < ORDER_MAX {
            self.order.push(number);
        }
    }

    fn add(&mut self, hash: u64, text: &str) -> u16 {
        let number = u16::try_from(self.distinct.len()).expect("TEXTS_MAX is less");
        let kept = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
        self.distinct.push((kept.into(), 0));
        self.numbers.insert(hash, number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(statements_max: u32, texts: &[&str]) -> Tally {
        let tally = Tally::new(statements_max, true);
        for text in texts {
            tally.count(std::iter::once(*text)).expect("within");
        }
        tally
    }

    #[test]
    fn one_more_than_the_limit_is_refused() {
        let tally = tally(2, &["a", "b"]);
        assert!(!tally.is_over_limit());
        let refused = tally.count(std::iter::once("c")).expect_err("over");
        assert!(refused.to_string().contains("2 statements"), "{refused}");
        assert_eq!(tally.statements(), 2);
        assert!(tally.is_over_limit());
    }

    #[test]
    fn statements_sent_together_count_all_or_none() {
        let tally = tally(4, &["a", "b"]);
        assert!(tally.count(["c", "d", "e"].into_iter()).is_err());
        assert!(tally.count(["c", "d"].into_iter()).is_ok());
        assert_eq!(tally.statements(), 4);
    }

    #[test]
    fn texts_are_kept_in_order_and_counted() {
        let tally = tally(9, &["a", "b", "a"]);
        let texts = tally.texts();
        assert_eq!(
            texts.iter().map(|text| &**text).collect::<Vec<_>>(),
            ["a", "b", "a"]
        );
        assert_eq!(tally.repeated(1), [("a".into(), 2)]);
        assert_eq!(tally.repeated(2), []);
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_number_is_exact() {
        let tally = Tally::new(u32::MAX, true);
        for number in 0..2 * ORDER_MAX {
            let text = format!("{}{number}", "é".repeat(TEXT_BYTES_MAX));
            tally.count(std::iter::once(text.as_str())).expect("within");
        }
        for _ in 0..2 * ORDER_MAX {
            tally.count(std::iter::once("a")).expect("within");
        }
        assert_eq!(tally.statements() as usize, 4 * ORDER_MAX);
        let texts = tally.texts();
        assert!(texts.len() <= ORDER_MAX, "{}", texts.len());
        assert!(texts.iter().all(|text| text.len() <= TEXT_BYTES_MAX));
    }

    #[test]
    fn texts_that_differ_behind_what_is_kept_are_not_the_same() {
        let long = "x".repeat(TEXT_BYTES_MAX);
        let tally = tally(9, &[&format!("{long}a"), &format!("{long}b")]);
        assert_eq!(tally.repeated(1), []);
    }

    #[test]
    fn outside_dev_no_text_is_kept() {
        let tally = Tally::new(9, false);
        tally.count(std::iter::once("a")).expect("within");
        assert!(tally.texts().is_empty() && tally.repeated(0).is_empty());
        assert_eq!(tally.statements(), 1);
    }
}
