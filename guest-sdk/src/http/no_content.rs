//! Success with nothing to say.

use crate::http::{IntoReply, Reply};

/// 204: it is done, and there is nothing to show.
///
/// ```
/// use plinth::http::{NoContent, Problem};
///
/// #[plinth::delete("/sessions/{id}")]
/// fn sign_out(id: i64) -> Result<NoContent, Problem> {
///     Ok(NoContent)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoContent;

impl IntoReply for NoContent {
    fn into_reply(self) -> Reply {
        Reply::new(204)
    }
}
