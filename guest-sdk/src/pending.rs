use std::fmt;

use crate::Result;

/// Something that the host does while the plugin goes on; see
/// [`Db::start`](crate::Db::start).
///
/// Dropping it gives the work up.
#[must_use = "dropping it gives up what it is about; call `wait` for the answer"]
pub struct Pending<T>(State<T>);

enum State<T> {
    Ready(Result<T>),
    UnderWay(Box<dyn FnOnce() -> Result<T>>),
}

impl<T> Pending<T> {
    /// What needs no waiting.
    pub(crate) fn ready(result: Result<T>) -> Self {
        Self(State::Ready(result))
    }

    /// What `wait` gives, which holds the host's handle until then.
    pub(crate) fn under_way(wait: impl FnOnce() -> Result<T> + 'static) -> Self {
        Self(State::UnderWay(Box::new(wait)))
    }

    /// Waits for the answer.
    ///
    /// # Errors
    ///
    /// Those of what was started, and why it could not be.
    pub fn wait(self) -> Result<T> {
        match self.0 {
            State::Ready(result) => result,
            State::UnderWay(wait) => wait(),
        }
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending")
    }
}
