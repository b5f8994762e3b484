//! Success that made something.

use serde::Serialize;

use crate::http::{IntoReply, Json, Reply};

/// 201: something was made. The reply says where it is, and shows it as JSON.
///
/// ```
/// use plinth::http::{Created, IntoReply};
///
/// let reply = Created::at("/notes/7", ["buy milk"]).into_reply();
/// assert_eq!(reply.status(), 201);
/// assert_eq!(reply.header("location"), Some("/notes/7"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created<T> {
    location: String,
    value: T,
}

impl<T> Created<T> {
    /// What was made, and the path under which it is from now on.
    #[must_use]
    pub fn at(location: impl Into<String>, value: T) -> Created<T> {
        Created {
            location: location.into(),
            value,
        }
    }
}

impl<T: Serialize> IntoReply for Created<T> {
    fn into_reply(self) -> Reply {
        let reply = Json(self.value).into_reply();
        if reply.status() != 200 {
            return reply;
        }
        reply
            .with_status(201)
            .with_header("location", self.location)
    }
}
