//! What runs while the guest goes on.

use std::future::Future;

use tokio::task::JoinHandle;

use super::{Outcome, error};
use crate::bindings::plinth::host::database::{ErrorKind, Rows};
use crate::budget::Held;

/// A query under way. Dropping it gives the query up.
///
/// Its rows count as held until the guest takes them.
pub struct Pending(JoinHandle<Outcome<(Rows, Held)>>);

impl Pending {
    pub(super) fn start(
        query: impl Future<Output = Outcome<(Rows, Held)>> + Send + 'static,
    ) -> Self {
        Self(tokio::spawn(query))
    }

    pub(super) async fn wait(mut self) -> Outcome<Rows> {
        let outcome = (&mut self.0).await;
        let given_up = |_| Err(error::error(ErrorKind::Invalid, "the query was given up"));
        outcome.unwrap_or_else(given_up).map(|(rows, _)| rows)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.abort();
    }
}
