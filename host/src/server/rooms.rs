//! The room in memory for what clients send and are sent.

use std::sync::Arc;
use std::time::Duration;

use super::outgoing::{Outgoing, Pace};
use crate::budget::Budget;
use crate::config::ServerLimits;

/// The part of a room that one connection may take, unless a single body needs
/// more.
const SHARE: usize = 8;

/// The room of all connections.
pub(crate) struct Rooms {
    bodies: Arc<Budget>,
    answers: Arc<Budget>,
}

/// What one client has the host hold.
pub(crate) struct Client {
    pub(super) bodies: [Arc<Budget>; 2],
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) pace: Pace,
}

impl Rooms {
    pub(crate) fn new(limits: &ServerLimits) -> Self {
        Self {
            bodies: Arc::new(Budget::new("bodies_bytes_max", limits.bodies_bytes_max)),
            answers: Arc::new(Budget::new("answers_bytes_max", limits.answers_bytes_max)),
        }
    }

    /// What is held now of bodies that come, and of answers that go.
    pub(crate) fn used_bytes(&self) -> [usize; 2] {
        [self.bodies.used_bytes(), self.answers.used_bytes()]
    }

    /// A connection's part, of which the largest answer takes so much.
    pub(super) fn client(&self, limits: &ServerLimits, answer_bytes_max: usize) -> Client {
        let share = |all: usize, one: usize| (all / SHARE).max(one);
        let bodies = share(limits.bodies_bytes_max, limits.body_bytes_max);
        let own = Budget::new("the connection's part of bodies_bytes_max", bodies);
        let pace = Pace {
            stall_max: Duration::from_millis(limits.send_timeout_ms),
            bytes_per_second_min: limits.bytes_per_second_min,
        };
        let answers = share(limits.answers_bytes_max, answer_bytes_max);
        Client {
            bodies: [Arc::clone(&self.bodies), Arc::new(own)],
            outgoing: Arc::new(Outgoing::new(&self.answers, answers, pace)),
            pace,
        }
    }
}
