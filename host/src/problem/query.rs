//! What a client is told when the query fails that a plugin answered with.
//!
//! Status and words are those that the SDK has for the same errors
//! (`guest-sdk/src/http/problem/from_error.rs`), so that it makes no difference
//! to a client who ran the query; as there, nothing of the SQL or of the data is
//! told.

use http::StatusCode;
use http::header::RETRY_AFTER;

use super::Problem;
use crate::bindings::plinth::host::database::{Error, ErrorKind};

/// The slug that the log shows; to clients the status says it all.
const SLUG: &str = "query";

/// The problem of an error.
pub(super) fn problem(error: &Error) -> Problem {
    let (status, detail) = match (error.kind, error.sqlstate.as_deref()) {
        (ErrorKind::TooLarge, _) => return Problem::bad_reply(cause(error)),
        (ErrorKind::Busy | ErrorKind::Disconnected, _) => {
            let detail = "The database is not available; try again in a moment.";
            return again(error, detail);
        }
        // Another transaction came in between, or holds a lock.
        (_, Some("40001" | "40P01" | "55P03")) => {
            return again(error, "Another change came in between; try again.");
        }
        (ErrorKind::Timeout, _) => (
            StatusCode::GATEWAY_TIMEOUT,
            "The database took too long to answer.",
        ),
        (_, Some("23505")) => (StatusCode::CONFLICT, "There is one like it already."),
        (_, Some("23001")) => (StatusCode::CONFLICT, "It is still referred to by others."),
        (_, Some("23503")) => (
            StatusCode::BAD_REQUEST,
            "A value refers to something that does not exist.",
        ),
        (_, Some("23502")) => (StatusCode::BAD_REQUEST, "A value must not be null."),
        (_, Some("23514")) => (StatusCode::BAD_REQUEST, "A value is out of range."),
        (_, Some("22001" | "22003" | "22008" | "22021")) => (
            StatusCode::BAD_REQUEST,
            "A value is not one that can be stored.",
        ),
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The request could not be answered because of an internal error.",
        ),
    };
    Problem::blank(status, SLUG, detail).with_cause(cause(error))
}

/// 404: there had to be a row, and there is none.
pub(super) fn no_row() -> Problem {
    Problem::blank(StatusCode::NOT_FOUND, SLUG, "There is no such thing.")
}

fn again(error: &Error, detail: &str) -> Problem {
    Problem::blank(StatusCode::SERVICE_UNAVAILABLE, SLUG, detail)
        .with_header(RETRY_AFTER, "1")
        .with_cause(cause(error))
}

fn cause(error: &Error) -> String {
    match &error.sqlstate {
        Some(state) => format!("{}; SQLSTATE {state}", error.message),
        None => error.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: ErrorKind, sqlstate: Option<&str>) -> (u16, String) {
        let problem = problem(&Error {
            kind,
            message: "secret".into(),
            sqlstate: sqlstate.map(str::to_owned),
            detail: Some("secret".into()),
            constraint: None,
            table: None,
            column: None,
            context: None,
        });
        let response = problem.into_response("r1", false);
        let body = String::from_utf8(response.body().to_vec()).expect("JSON");
        assert!(!body.contains("secret"), "{body}");
        (response.status().as_u16(), body)
    }

    #[test]
    fn each_error_has_the_status_that_the_sdk_gives_it() {
        for (state, status) in [
            ("23505", 409),
            ("23001", 409),
            ("23503", 400),
            ("23502", 400),
            ("23514", 400),
            ("22003", 400),
            ("40001", 503),
            ("55P03", 503),
            ("42P01", 500),
        ] {
            assert_eq!(shown(ErrorKind::Server, Some(state)).0, status, "{state}");
        }
        for (kind, status) in [
            (ErrorKind::Busy, 503),
            (ErrorKind::Disconnected, 503),
            (ErrorKind::Timeout, 504),
            (ErrorKind::TooLarge, 500),
            (ErrorKind::Denied, 500),
            (ErrorKind::Invalid, 500),
        ] {
            assert_eq!(shown(kind, None).0, status, "{kind:?}");
        }
    }

    #[test]
    fn the_type_says_no_more_than_the_status() {
        let (_, body) = shown(ErrorKind::Timeout, None);
        assert!(body.contains(r#""type":"about:blank""#), "{body}");
    }
}
