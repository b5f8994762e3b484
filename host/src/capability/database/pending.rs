//! What runs while the guest goes on.

use std::future::Future;

use tokio::task::JoinHandle;

use super::{Outcome, error};
use crate::bindings::plinth::host::database::{ErrorKind, Rows};

/// A query under way. Dropping it gives the query up.
pub struct Pending(JoinHandle<Outcome<Rows>>);

impl Pending {
    pub(super) fn start(query: impl Future<Output = Outcome<Rows>> + Send + 'static) -> Self {
        Self(tokio::spawn(query))
    }

    pub(super) async fn wait(mut self) -> Outcome<Rows> {
        let outcome = (&mut self.0).await;
        outcome.unwrap_or_else(|_| Err(error::error(ErrorKind::Invalid, "the query was given up")))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.abort();
    }
}
