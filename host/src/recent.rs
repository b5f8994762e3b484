//! The last requests of a host in `dev`, with what they asked of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::tally::Tally;

/// Requests that are kept; the oldest goes first.
const REQUESTS_MAX: usize = 32;

/// The last requests that plugins answered, by their identifiers.
#[derive(Debug, Default)]
pub(crate) struct RecentRequests(Mutex<VecDeque<(Arc<str>, Arc<Tally>)>>);

impl RecentRequests {
    pub(crate) fn push(&self, request_id: Arc<str>, tally: Arc<Tally>) {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() == REQUESTS_MAX {
            requests.pop_front();
        }
        requests.push_back((request_id, tally));
    }

    /// The latest of this identifier, which clients may use again.
    pub(crate) fn tally(&self, request_id: &str) -> Option<Arc<Tally>> {
        let requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest = requests.iter().rev();
        latest
            .find(|(id, _)| &**id == request_id)
            .map(|(_, tally)| Arc::clone(tally))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let recent = RecentRequests::default();
        for number in 0..=REQUESTS_MAX {
            let tally = Arc::new(Tally::new(1, true));
            recent.push(number.to_string().into(), tally);
        }
        assert!(recent.tally("0").is_none());
        assert!(recent.tally("1").is_some());
    }

    #[test]
    fn the_latest_of_an_identifier_is_found() {
        let recent = RecentRequests::default();
        for statements in 1..=2 {
            let tally = Tally::new(9, true);
            tally
                .count(["a"; 2][..statements].iter().copied())
                .expect("within");
            recent.push("same".into(), Arc::new(tally));
        }
        assert_eq!(recent.tally("same").map(|t| t.statements()), Some(2));
    }
}
