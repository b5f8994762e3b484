//! JSON that a client sent.

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::number::{InexactNumber, inexact_number};
use super::pointer::{pointer_to, token};
use crate::http::Problem;

/// Refuses a body that does not say that it is JSON.
pub(super) fn check_content_type(value: Option<&str>) -> Result<(), Problem> {
    if value.is_some_and(is_json) {
        return Ok(());
    }
    let detail = match value {
        Some(value) => format!("The body must be application/json, not {value}."),
        None => "The body must be application/json, but there is no content-type.".to_owned(),
    };
    Err(Problem::unsupported_media_type(detail).with_header("accept", "application/json"))
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads the whole body as one value.
pub(super) fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| refusal(body, error.path(), error.inner()))?;
    json.end().map_err(|error| syntax_error(body, &error))?;
    match inexact_number(body) {
        Some(number) => Err(inexact(body, number)),
        None => Ok(value),
    }
}

fn inexact(body: &[u8], number: InexactNumber<'_>) -> Problem {
    let message = format!(
        "{} has more digits than a number is kept with; send it as a string",
        number.text
    );
    data_error_at(&pointer_to(body, number.offset), &message)
}

fn refusal(body: &[u8], path: &Path, error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Data => data_error(path, &for_clients(error)),
        Category::Syntax | Category::Eof | Category::Io => syntax_error(body, error),
    }
}

fn syntax_error(body: &[u8], error: &serde_json::Error) -> Problem {
    if body.trim_ascii().is_empty() {
        return Problem::bad_request("The body is empty; JSON is expected.");
    }
    Problem::bad_request(format!("The body is not JSON: {error}."))
        .with("line", error.line())
        .with("column", error.column())
}

fn data_error(path: &Path, message: &str) -> Problem {
    let mut pointer: String = path.iter().map(segment).collect();
    // Serde blames the object that lacks a field; the field says more.
    let message = if let Some(field) = quoted_after(message, "missing field ") {
        pointer.push_str(&token(field));
        "is missing".to_owned()
    } else if let Some(field) = quoted_after(message, "unknown field ") {
        message.replacen(&format!("unknown field `{field}`"), "is not a field", 1)
    } else {
        message.to_owned()
    };
    data_error_at(&pointer, &message)
}

fn data_error_at(pointer: &str, message: &str) -> Problem {
    let place = pointer.strip_prefix('/').unwrap_or("The body");
    Problem::unprocessable(format!("{place}: {message}.")).with_error(pointer, message)
}

fn segment(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => token(key),
        Segment::Enum { variant } => token(variant),
        Segment::Unknown => String::new(),
    }
}

fn quoted_after<'m>(message: &'m str, before: &str) -> Option<&'m str> {
    message.strip_prefix(before)?.split('`').nth(1)
}

/// The message without the position, of which the field says more, and
/// without the names of our types.
fn for_clients(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let message = message.strip_suffix(&position).unwrap_or(&message);
    match message.split_once("expected struct ") {
        Some((found, _)) => format!("{found}expected an object"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;
    use crate::http::IntoReply;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read by serde")]
    struct Order {
        name: String,
        lines: Vec<Line>,
        note: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read by serde")]
    struct Line {
        #[serde(rename = "a/b")]
        count: u8,
    }

    /// The status, and what the body says besides.
    fn refused(body: &str) -> (u16, Value) {
        let problem = from_slice::<Order>(body.as_bytes()).unwrap_err();
        let json = serde_json::from_slice(problem.into_reply().body()).unwrap();
        let Value::Object(mut json) = json else {
            panic!("a problem is an object");
        };
        let status = json["status"].as_u64().unwrap();
        json.retain(|name, _| !["type", "title", "status"].contains(&name.as_str()));
        (u16::try_from(status).unwrap(), json.into())
    }

    #[test]
    fn a_good_body_is_read() {
        let order: Order = from_slice(br#" {"name":"x","lines":[{"a/b":3}]} "#).unwrap();
        assert_eq!(order.lines[0].count, 3);
        assert_eq!(order.note, None);
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        let (status, json) = refused("{\n  \"name\": nope\n}");
        assert_eq!(status, 400);
        assert_eq!(json["line"], 2);
        assert_eq!(json["column"], 12);
    }

    #[test]
    fn an_empty_body_is_named_so() {
        assert_eq!(refused(" \n").0, 400);
        assert_eq!(
            refused("").1["detail"],
            "The body is empty; JSON is expected."
        );
    }

    #[test]
    fn a_cut_body_and_a_trailing_one_are_not_json() {
        assert_eq!(refused(r#"{"name":"x","#).0, 400);
        assert_eq!(refused(r#"{"name":"x","lines":[]} {}"#).0, 400);
    }

    #[test]
    fn a_wrong_type_is_found_by_its_pointer() {
        let (status, json) = refused(r#"{"name":"x","lines":[{"a/b":"3"}]}"#);
        assert_eq!(status, 422);
        assert_eq!(json["errors"][0]["pointer"], "/lines/0/a~1b");
        assert_eq!(
            json["errors"][0]["detail"],
            r#"invalid type: string "3", expected u8"#
        );
    }

    #[test]
    fn a_number_out_of_range_is_a_422() {
        let (status, json) = refused(r#"{"name":"x","lines":[{"a/b":300}]}"#);
        assert_eq!(status, 422);
        assert_eq!(
            json["errors"][0]["detail"],
            "invalid value: integer `300`, expected u8"
        );
    }

    #[test]
    fn a_missing_field_is_named() {
        let (status, json) = refused(r#"{"name":"x"}"#);
        assert_eq!(status, 422);
        assert_eq!(json["detail"], "lines: is missing.");
        assert_eq!(json["errors"][0]["pointer"], "/lines");
    }

    #[test]
    fn an_unknown_field_is_named() {
        let (status, json) = refused(r#"{"name":"x","lines":[],"nmae":1}"#);
        assert_eq!(status, 422);
        assert_eq!(json["errors"][0]["pointer"], "/nmae");
        let detail = "nmae: is not a field, expected one of `name`, `lines`, `note`.";
        assert_eq!(json["detail"], detail);
    }

    #[test]
    fn a_body_of_another_shape_is_a_422() {
        let (status, json) = refused("[]");
        assert_eq!(status, 422);
        assert_eq!(json["errors"][0]["pointer"], "");
        let (_, json) = refused("3");
        assert_eq!(
            json["detail"],
            "The body: invalid type: integer `3`, expected an object."
        );
    }

    #[test]
    fn a_number_that_would_be_kept_as_another_is_found_by_its_pointer() {
        let refused = |body: &str| {
            let problem = from_slice::<Value>(body.as_bytes()).unwrap_err();
            let json: Value = serde_json::from_slice(problem.into_reply().body()).unwrap();
            json
        };
        let json = refused(r#"{"a": [1, {"b/\u0063": 12345678901234567890123}], "d": 1}"#);
        assert_eq!(json["status"], 422);
        assert_eq!(json["errors"][0]["pointer"], "/a/1/b~1c");
        let detail = "a/1/b~1c: 12345678901234567890123 has more digits than a number is kept \
                      with; send it as a string.";
        assert_eq!(json["detail"], detail);
        assert_eq!(
            refused("0.12345678901234567890")["errors"][0]["pointer"],
            ""
        );
        // Also where nothing reads it.
        let order = r#"{"name":"x","lines":[{"a/b":3,"more":1e-400}]}"#;
        let problem = from_slice::<Order>(order.as_bytes()).unwrap_err();
        assert_eq!(problem.status(), 422);
    }

    #[test]
    fn content_types_with_parameters_and_suffixes_are_json() {
        assert!(check_content_type(Some("application/json; charset=utf-8")).is_ok());
        assert!(check_content_type(Some("Application/Vnd.Api+JSON")).is_ok());
        for other in [None, Some("text/plain"), Some("application/jsonp")] {
            assert_eq!(check_content_type(other).unwrap_err().status(), 415);
        }
    }
}
