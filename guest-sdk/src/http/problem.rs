//! Errors as clients see them.

mod body;
mod from_error;

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use crate::http::{IntoReply, Reply, status};
use crate::log;

/// An error reply in the form of [RFC 9457], `application/problem+json`.
///
/// The `detail` is for the client and says what to do differently; what went
/// wrong inside belongs in the log. So [`Problem::internal`] takes the cause,
/// logs it, and tells the client nothing of it; a [`plinth::Error`](crate::Error)
/// turned into a problem by `?` is treated the same way.
///
/// ```
/// use plinth::http::Problem;
///
/// let problem = Problem::conflict("The seat is taken.").with("seat", 12);
/// assert_eq!(problem.status(), 409);
/// ```
///
/// [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: u16,
    kind: Cow<'static, str>,
    detail: Cow<'static, str>,
    members: Map<String, Value>,
    headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem of any status.
    ///
    /// ```
    /// # use plinth::http::Problem;
    /// let problem = Problem::new(402, "The trial has ended.");
    /// assert_eq!(problem.detail(), "The trial has ended.");
    /// ```
    #[must_use]
    pub fn new(status: u16, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem {
            status,
            kind: Cow::Borrowed("about:blank"),
            detail: detail.into(),
            members: Map::new(),
            headers: Vec::new(),
        }
    }

    /// 400: the request makes no sense as it stands.
    #[must_use]
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(400, detail)
    }

    /// 400: a parameter of the query string is not acceptable.
    ///
    /// ```
    /// # use plinth::http::Problem;
    /// let problem = Problem::bad_parameter("limit", "must be at most 100");
    /// assert_eq!(problem.detail(), "limit must be at most 100.");
    /// ```
    #[must_use]
    pub fn bad_parameter(name: &str, detail: &str) -> Problem {
        Problem::bad_request(format!("{name} {detail}.")).with(
            "errors",
            serde_json::json!([{ "parameter": name, "detail": detail }]),
        )
    }

    /// 401: nobody has signed in.
    #[must_use]
    pub fn unauthorized(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(401, detail)
    }

    /// 403: who signed in may not do this.
    #[must_use]
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(403, detail)
    }

    /// 404: there is no such thing.
    #[must_use]
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(404, detail)
    }

    /// 409: the request contradicts what is there.
    #[must_use]
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(409, detail)
    }

    /// 415: the body is of a type that the handler does not read.
    #[must_use]
    pub fn unsupported_media_type(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(415, detail)
    }

    /// 422: the request is well formed, but a value in it is not acceptable.
    ///
    /// [`Validation`](crate::http::Validation) makes these from several checks.
    #[must_use]
    pub fn unprocessable(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(422, detail)
    }

    /// 500: something broke that is not the client's fault.
    ///
    /// The cause goes to the log; the client learns only the request's id.
    ///
    /// ```
    /// # use plinth::http::Problem;
    /// fn decode(text: &str) -> Result<f64, Problem> {
    ///     text.parse().map_err(Problem::internal)
    /// }
    ///
    /// let problem = decode("secret").unwrap_err();
    /// assert_eq!(problem.status(), 500);
    /// ```
    #[must_use]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "by value it can be named in map_err"
    )]
    pub fn internal(cause: impl fmt::Display) -> Problem {
        log::error!("internal error: {cause}");
        Problem::new(500, body::INTERNAL_ERROR)
    }

    /// 503: it may work in a little while, for which the client is told to wait.
    #[must_use]
    pub fn unavailable(detail: impl Into<Cow<'static, str>>, retry_after_s: u32) -> Problem {
        Problem::new(503, detail).with_header("retry-after", retry_after_s.to_string())
    }

    /// Names the kind of problem by a URI, for clients that treat it specially.
    ///
    /// Without one it is `about:blank`: no more than its status says.
    #[must_use]
    pub fn with_type(mut self, uri: impl Into<Cow<'static, str>>) -> Problem {
        self.kind = uri.into();
        self
    }

    /// Adds a member to the JSON object.
    ///
    /// The members that every problem has keep their values.
    ///
    /// ```
    /// # use plinth::http::Problem;
    /// let problem = Problem::forbidden("Your credit does not cover this.").with("balance", 30);
    /// ```
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Problem {
        if !body::MEMBERS.contains(&member) {
            self.members.insert(member.to_owned(), value.into());
        }
        self
    }

    /// Says what is wrong with one value of the body, which `pointer` finds
    /// ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)). Can be repeated.
    ///
    /// ```
    /// # use plinth::http::Problem;
    /// let problem = Problem::unprocessable("The order is not valid.")
    ///     .with_error("/lines/0/count", "must be positive");
    /// ```
    #[must_use]
    pub fn with_error(mut self, pointer: &str, detail: &str) -> Problem {
        let error = serde_json::json!({ "pointer": pointer, "detail": detail });
        match self.members.get_mut("errors") {
            Some(Value::Array(errors)) => errors.push(error),
            _ => drop(self.members.insert("errors".to_owned(), vec![error].into())),
        }
        self
    }

    /// Adds a header to the reply.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Problem {
        self.headers.push((name, value.into()));
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What the client is told.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.status,
            status::title(self.status),
            self.detail
        )
    }
}

impl std::error::Error for Problem {}

impl IntoReply for Problem {
    fn into_reply(self) -> Reply {
        let body = body::to_json(&self, &crate::request::id());
        let reply = Reply::new(self.status).with_body("application/problem+json", body);
        self.headers
            .into_iter()
            .fold(reply, |reply, (name, value)| reply.with_header(name, value))
    }
}
