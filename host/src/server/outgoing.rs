//! Answers on their way to one client.
//!
//! What a client does not take stays in the host's memory, and on HTTP/2 nobody
//! asks for more of it: not even the body notices. So each connection knows its
//! answers, looks at them now and then, and takes back what nobody takes.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::budget::{Budget, Exhausted, Held};

/// What is handed over at once: enough that its cost does not show, and little
/// enough to tell who takes something from who does not.
const PIECE_BYTES: usize = 64 << 10;

/// What a client must take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Something, within this time.
    pub(super) stall_max: Duration,
    /// And so much a second, on average from then on.
    pub(super) bytes_per_second_min: u64,
}

impl Pace {
    /// How long so much may take.
    pub(super) fn time_for(&self, bytes: u64) -> Duration {
        let per_second = self.bytes_per_second_min.max(1);
        self.stall_max + Duration::from_millis(bytes.saturating_mul(1_000) / per_second)
    }
}

/// An answer that is handed over at once. Those of a connection take so much
/// together as it may have requests under way, and are not looked at one by one.
const SMALL_BYTES_MAX: usize = 16 << 10;

/// The answers of one connection that are not sent yet.
pub(crate) struct Outgoing {
    /// Those that are not small.
    answers: Mutex<Vec<Arc<Answer>>>,
    /// How many small ones wait, and how many were handed over.
    small: AtomicUsize,
    small_handed: AtomicU64,
    /// Of all connections.
    room: Arc<Budget>,
    /// Of this one.
    share: Arc<Budget>,
    pace: Pace,
}

/// A body in parts.
pub(super) struct Answer(Mutex<Parts>);

struct Parts {
    rest: Bytes,
    handed: u64,
    since: Instant,
    last: Instant,
    is_given_up: bool,
    _held: Option<(Held, Held)>,
}

/// A body in one part.
pub(crate) struct Small {
    rest: Bytes,
    length: usize,
    outgoing: Arc<Outgoing>,
}

impl Small {
    /// All of it, once.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let all = std::mem::take(&mut self.rest);
        (!all.is_empty()).then_some(all)
    }

    pub(super) fn left(&self) -> u64 {
        self.rest.len() as u64
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let Outgoing {
            room,
            small,
            small_handed,
            ..
        } = &*self.outgoing;
        room.give_back(self.length);
        small.fetch_sub(1, Ordering::Relaxed);
        small_handed.fetch_add(1, Ordering::Relaxed);
    }
}

/// The client took too little, so the rest is gone.
#[derive(Clone, Copy, Debug)]
pub(super) struct GivenUp;

impl Outgoing {
    pub(super) fn new(room: &Arc<Budget>, share_bytes: usize, pace: Pace) -> Self {
        Self {
            answers: Mutex::default(),
            small: AtomicUsize::new(0),
            small_handed: AtomicU64::new(0),
            room: Arc::clone(room),
            share: Arc::new(Budget::new(
                "the connection's part of answers_bytes_max",
                share_bytes,
            )),
            pace,
        }
    }

    /// Keeps an answer until it is sent.
    ///
    /// # Errors
    ///
    /// When there is no room for it.
    pub(super) fn add(&self, bytes: Bytes) -> Result<Arc<Answer>, Exhausted> {
        let held = (self.room.hold(bytes.len())?, self.share.hold(bytes.len())?);
        let now = Instant::now();
        let answer = Arc::new(Answer(Mutex::new(Parts {
            rest: bytes,
            handed: 0,
            since: now,
            last: now,
            is_given_up: false,
            _held: Some(held),
        })));
        self.answers().push(Arc::clone(&answer));
        Ok(answer)
    }

    /// Keeps a small answer until it is handed over, if it is one.
    ///
    /// # Errors
    ///
    /// When there is no room for it.
    pub(super) fn add_small(
        self: &Arc<Self>,
        bytes: Bytes,
    ) -> Result<Result<Small, Bytes>, Exhausted> {
        if bytes.len() > SMALL_BYTES_MAX {
            return Ok(Err(bytes));
        }
        self.room.take(bytes.len())?;
        self.small.fetch_add(1, Ordering::Relaxed);
        Ok(Ok(Small {
            length: bytes.len(),
            rest: bytes,
            outgoing: Arc::clone(self),
        }))
    }

    /// How many small answers were handed over, while others wait.
    pub(super) fn small_progress(&self) -> Option<u64> {
        let waits = self.small.load(Ordering::Relaxed) > 0;
        waits.then(|| self.small_handed.load(Ordering::Relaxed))
    }

    pub(super) fn remove(&self, answer: &Arc<Answer>) {
        let mut answers = self.answers();
        if let Some(at) = answers.iter().position(|kept| Arc::ptr_eq(kept, answer)) {
            answers.swap_remove(at);
        }
    }

    /// Gives up the answers of which the client takes nothing, or too little.
    pub(super) fn tend(&self) {
        let now = Instant::now();
        for answer in self.answers().iter() {
            answer.parts().tend(now, &self.pace);
        }
    }

    fn answers(&self) -> MutexGuard<'_, Vec<Arc<Answer>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer {
    /// The next part, if there is one.
    ///
    /// # Errors
    ///
    /// When the answer was given up.
    pub(super) fn next(&self) -> Result<Option<Bytes>, GivenUp> {
        let mut parts = self.parts();
        if parts.is_given_up {
            return Err(GivenUp);
        }
        if parts.rest.is_empty() {
            return Ok(None);
        }
        let length = parts.rest.len().min(PIECE_BYTES);
        parts.handed += length as u64;
        parts.last = Instant::now();
        Ok(Some(parts.rest.split_to(length)))
    }

    /// How much is not handed over yet.
    pub(super) fn left(&self) -> u64 {
        self.parts().rest.len() as u64
    }

    /// Whether all is handed over.
    pub(super) fn is_over(&self) -> bool {
        let parts = self.parts();
        parts.rest.is_empty() && !parts.is_given_up
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parts {
    fn tend(&mut self, now: Instant, pace: &Pace) {
        let is_stalled = now.saturating_duration_since(self.last) > pace.stall_max;
        let is_slow = now.saturating_duration_since(self.since) > pace.time_for(self.handed);
        if is_stalled || is_slow {
            self.is_given_up = true;
            self.rest = Bytes::new();
            self._held = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        stall_max: Duration::from_secs(30),
        bytes_per_second_min: 1_000,
    };

    fn outgoing() -> (Outgoing, Arc<Budget>) {
        let room = Arc::new(Budget::new("answers_bytes_max", 1 << 20));
        (Outgoing::new(&room, 512 << 10, PACE), room)
    }

    #[test]
    fn an_answer_comes_in_parts_and_whole() {
        let (outgoing, room) = outgoing();
        let answer = outgoing.add(vec![7; 150_000].into()).expect("room");
        assert_eq!(room.used_bytes(), 150_000);
        let mut lengths = Vec::new();
        while let Some(part) = answer.next().expect("not given up") {
            lengths.push(part.len());
        }
        assert_eq!(lengths, [65_536, 65_536, 18_928]);
        outgoing.remove(&answer);
        drop(answer);
        assert_eq!(room.used_bytes(), 0);
    }

    #[test]
    fn a_connection_has_its_share_of_the_room() {
        let (outgoing, room) = outgoing();
        let _first = outgoing.add(vec![7; 512 << 10].into()).expect("room");
        assert!(outgoing.add(vec![7; 1].into()).is_err());
        assert_eq!(room.used_bytes(), 512 << 10);
    }

    #[test]
    fn small_answers_are_counted_and_not_looked_at() {
        let (outgoing, room) = outgoing();
        let outgoing = Arc::new(outgoing);
        let add = |length: usize| outgoing.add_small(vec![7; length].into()).expect("room");
        let Ok(mut small) = add(100) else {
            panic!("it is small");
        };
        assert!(add(SMALL_BYTES_MAX + 1).is_err(), "it is not");
        assert_eq!(outgoing.small_progress(), Some(0));
        assert_eq!(small.next().expect("all of it").len(), 100);
        assert_eq!((small.next(), room.used_bytes()), (None, 100));
        drop(small);
        assert_eq!((outgoing.small_progress(), room.used_bytes()), (None, 0));
    }

    #[test]
    fn what_nobody_takes_is_taken_back() {
        let (outgoing, room) = outgoing();
        let answer = outgoing.add(vec![7; 200_000].into()).expect("room");
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        answer.parts().tend(later(29), &PACE);
        assert!(answer.next().is_ok(), "not yet");
        answer.parts().tend(later(31), &PACE);
        assert!(answer.next().is_err());
        assert_eq!(room.used_bytes(), 0);
    }

    #[test]
    fn who_takes_a_little_now_and_then_is_too_slow() {
        let (outgoing, _room) = outgoing();
        let answer = outgoing.add(vec![7; 200_000].into()).expect("room");
        let began = answer.parts().since;
        assert!(answer.next().is_ok());
        let at = |seconds| {
            let now = began + Duration::from_secs(seconds);
            let mut parts = answer.parts();
            parts.last = now;
            parts.tend(now, &PACE);
            parts.is_given_up
        };
        // 65,536 bytes at 1,000 a second, and the 30 seconds of before.
        assert!(!at(95));
        assert!(at(96));
    }
}
