//! What a handler answers.

use crate::bindings::exports::plinth::host::handler;
use crate::bindings::plinth::host::types::Header;
use crate::http::Problem;

/// An answer to a request: status, headers and body.
///
/// Most handlers return something that [becomes](IntoReply) one.
///
/// ```
/// use plinth::http::Reply;
///
/// let reply = Reply::new(200)
///     .with_body("text/csv", "id,title\n")
///     .with_header("cache-control", "no-store");
/// assert_eq!(reply.header("content-type"), Some("text/csv"));
/// ```
#[derive(Clone, Debug)]
pub struct Reply(handler::Reply);

impl Reply {
    /// A reply without a body.
    #[must_use]
    pub fn new(status: u16) -> Reply {
        Reply(handler::Reply {
            status,
            headers: Vec::new(),
            content: handler::Content::Bytes(Vec::new()),
        })
    }

    /// Sets the status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Reply {
        self.0.status = status;
        self
    }

    /// Adds a header.
    ///
    /// `content-length` and the like are the host's; a reply that sets them, or
    /// has a header HTTP does not allow, becomes a 500.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Reply {
        self.0.headers.push(Header {
            name: name.to_owned(),
            value: value.into().into_bytes(),
        });
        self
    }

    /// Sets the body and adds its content type.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.0.content = handler::Content::Bytes(body.into());
        self.with_header("content-type", content_type)
    }

    pub(crate) fn of_content(content: handler::Content, content_type: &str) -> Reply {
        let mut reply = Reply::new(200).with_header("content-type", content_type);
        reply.0.content = content;
        reply
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The first header of a name, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.0.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(&header.value).ok()
    }

    /// The body's bytes; none of a body that the host writes when the handler
    /// has returned.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match &self.0.content {
            handler::Content::Bytes(body) => body,
            handler::Content::Query(_) => &[],
        }
    }

    pub(crate) fn into_host(self) -> handler::Reply {
        self.0
    }
}

/// A type that a handler can return.
///
/// | type | reply |
/// |---|---|
/// | `()` | 204 |
/// | `String`, `&'static str` | 200 with plain text |
/// | [`Json<T>`](crate::http::Json) | 200 with JSON |
/// | [`JsonRows`](crate::http::JsonRows) | 200 with the rows of a query as JSON |
/// | [`Created<T>`](crate::http::Created) | 201 with `location` and JSON |
/// | [`NoContent`](crate::http::NoContent) | 204 |
/// | `(u16, T)` | as `T`, with that status |
/// | `Result<T, E>` | `T`, or the [`Problem`] that `E` becomes |
/// | [`Reply`] | itself |
///
/// ```
/// use plinth::http::{IntoReply, Json};
///
/// let reply = (202, Json(["queued"])).into_reply();
/// assert_eq!(reply.status(), 202);
/// assert_eq!(reply.body(), br#"["queued"]"#);
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "this is not a reply",
    note = "return `Json<…>`, `Created<…>`, `NoContent`, text, a `Reply`, or a `Result` of one of them",
    note = "the error of a `Result` is a `Problem`, a `plinth::Error`, or converts into a `Problem`"
)]
pub trait IntoReply {
    /// Turns the value into a reply.
    fn into_reply(self) -> Reply;
}

impl IntoReply for Reply {
    fn into_reply(self) -> Reply {
        self
    }
}

impl IntoReply for () {
    fn into_reply(self) -> Reply {
        Reply::new(204)
    }
}

impl IntoReply for String {
    fn into_reply(self) -> Reply {
        Reply::new(200).with_body("text/plain; charset=utf-8", self)
    }
}

impl IntoReply for &'static str {
    fn into_reply(self) -> Reply {
        self.to_owned().into_reply()
    }
}

impl<T: IntoReply> IntoReply for (u16, T) {
    fn into_reply(self) -> Reply {
        self.1.into_reply().with_status(self.0)
    }
}

impl<T: IntoReply, E: Into<Problem>> IntoReply for Result<T, E> {
    fn into_reply(self) -> Reply {
        match self {
            Ok(value) => value.into_reply(),
            Err(error) => error.into().into_reply(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_utf_8() {
        let reply = "hé".into_reply();
        assert_eq!(reply.status(), 200);
        assert_eq!(
            reply.header("Content-Type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(reply.body(), "hé".as_bytes());
    }

    #[test]
    fn a_problem_is_the_reply_of_an_error() {
        let result: Result<String, Problem> = Err(Problem::unavailable("later", 3));
        let reply = result.into_reply();
        assert_eq!(reply.status(), 503);
        assert_eq!(reply.header("retry-after"), Some("3"));
        assert_eq!(
            reply.header("content-type"),
            Some("application/problem+json")
        );
    }

    #[test]
    fn nothing_is_204() {
        assert_eq!(().into_reply().status(), 204);
    }
}
