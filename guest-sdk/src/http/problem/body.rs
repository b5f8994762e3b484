//! A problem as JSON.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Problem;
use crate::http::status;

/// The members that RFC 9457 defines, and the one that every reply of a host
/// has.
pub(super) const MEMBERS: [&str; 5] = ["type", "title", "status", "detail", "request_id"];

/// All that a client learns of what went wrong inside, here as in the host.
pub(super) const INTERNAL_ERROR: &str =
    "The request could not be answered because of an internal error.";

/// The JSON object, of the same shape as the host's own problems.
pub(super) fn to_json(problem: &Problem, request_id: &str) -> Vec<u8> {
    let body = Body {
        problem,
        request_id,
    };
    serde_json::to_vec(&body).expect("text, numbers and JSON values always serialize")
}

struct Body<'a> {
    problem: &'a Problem,
    request_id: &'a str,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &self.problem.kind)?;
        map.serialize_entry("title", status::title(self.problem.status))?;
        map.serialize_entry("status", &self.problem.status)?;
        map.serialize_entry("detail", &self.problem.detail)?;
        // Only outside a request is there none.
        if !self.request_id.is_empty() {
            map.serialize_entry("request_id", self.request_id)?;
        }
        for (member, value) in &self.problem.members {
            map.serialize_entry(member, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(problem: &Problem) -> String {
        String::from_utf8(to_json(problem, "r-1")).unwrap()
    }

    #[test]
    fn a_problem_has_the_standard_members_and_the_request_id() {
        assert_eq!(
            json(&Problem::not_found("no such book")),
            r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"no such book","request_id":"r-1"}"#
        );
    }

    #[test]
    fn errors_accumulate() {
        let problem = Problem::unprocessable("not valid")
            .with_error("/isbn", "is short")
            .with_error("/pages", "must be positive");
        assert!(json(&problem).ends_with(
            r#""errors":[{"detail":"is short","pointer":"/isbn"},{"detail":"must be positive","pointer":"/pages"}]}"#
        ));
    }

    #[test]
    fn an_extension_cannot_replace_a_standard_member() {
        let problem = Problem::conflict("taken").with("status", 200).with("a", 1);
        assert!(json(&problem).contains(r#""status":409"#));
        assert!(json(&problem).ends_with(r#","a":1}"#));
    }

    #[test]
    fn there_is_no_request_id_outside_a_request() {
        let json = String::from_utf8(to_json(&Problem::conflict("taken"), "")).unwrap();
        assert!(!json.contains("request_id"));
    }
}
