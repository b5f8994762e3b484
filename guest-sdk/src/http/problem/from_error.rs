//! What a client is told of an error that reached the handler's end.

use super::{Problem, body};
use crate::Error;
use crate::log;
use crate::orm::schema::names;

/// The client learns which of its values were refused, never the SQL or
/// another's data; the error's own text goes to the log.
impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let error = match error.into_problem() {
            Ok(problem) => return problem,
            Err(error) => error,
        };
        let problem = problem_of(&error);
        if problem.status >= 500 {
            log::error!("{error}");
        } else {
            log::debug!("{error}");
        }
        problem
    }
}

fn problem_of(error: &Error) -> Problem {
    if error.is_not_found() {
        Problem::not_found("There is no such thing.")
    } else if error.is_stale() {
        Problem::conflict("It was changed by someone else in the meantime; load it again.")
    } else if error.is_unique_violation() {
        unique_violation(error)
    } else if error.is_foreign_key_violation() {
        foreign_key_violation(error)
    } else if error.is_not_null_violation() {
        refused(error.column(), "must not be null")
    } else if error.is_check_violation() {
        refused(field_of_constraint(error, "check"), "is out of range")
    } else if error.is_encode() || is_out_of_range(error) {
        Problem::bad_request("A value is not one that can be stored.")
    } else if error.is_busy() || error.is_disconnected() {
        Problem::unavailable("The database is not available; try again in a moment.", 1)
    } else if error.is_serialization_failure() || error.is_locked() {
        Problem::unavailable("Another change came in between; try again.", 1)
    } else if error.is_timeout() {
        Problem::new(504, "The database took too long to answer.")
    } else {
        Problem::new(500, body::INTERNAL_ERROR)
    }
}

/// What Postgres says of a value that its type cannot hold: too long a text, too
/// great a number or date, bytes that are no text.
fn is_out_of_range(error: &Error) -> bool {
    matches!(
        error.sqlstate(),
        Some("22001" | "22003" | "22008" | "22021")
    )
}

fn unique_violation(error: &Error) -> Problem {
    let columns = key_columns(error).or_else(|| field_of_constraint(error, "key"));
    let Some(columns) = columns else {
        return Problem::conflict("There is one like it already.");
    };
    columns.split(", ").fold(
        Problem::conflict(format!("There is one with the same {columns} already.")),
        |problem, column| problem.with_error(&format!("/{column}"), "is taken"),
    )
}

fn foreign_key_violation(error: &Error) -> Problem {
    if is_still_referenced(error) {
        let by = error.table().unwrap_or("others");
        return Problem::conflict(format!("It is still referred to by {by}."));
    }
    let columns = key_columns(error).or_else(|| field_of_constraint(error, "fkey"));
    refused(columns, "refers to something that does not exist")
}

fn refused(field: Option<&str>, why: &'static str) -> Problem {
    match field {
        Some(field) => {
            Problem::bad_request(format!("{field} {why}.")).with_error(&format!("/{field}"), why)
        }
        None => Problem::bad_request(format!("A value {why}.")),
    }
}

/// Postgres reports both ends of a foreign key alike: the row that refers to
/// nothing, and the row that cannot go because others refer to it.
fn is_still_referenced(error: &Error) -> bool {
    let (Some(detail), Some(table)) = (error.detail(), error.table()) else {
        return false;
    };
    // What stands behind the values is no data, and says which table is at the
    // other end: the one that refers, or the one that is referred to.
    let told = detail.rsplit_once(')').map_or(detail, |(_, told)| told);
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut words = told.split(|letter| !is_word(letter));
    told.contains("still referenced") || (words.any(|word| word == table) && !is_of_own(error))
}

/// Whether the columns in the detail are those of the foreign key: where both
/// ends are in one table they tell which row is at fault.
fn is_of_own(error: &Error) -> bool {
    match (error.constraint(), error.table(), key_columns(error)) {
        (Some(name), Some(table), Some(column)) => names::is_of_column(name, table, column, "fkey"),
        _ => false,
    }
}

/// The columns in `Key (isbn)=(978…) already exists.`: the only part of the
/// detail that is not data. Their names survive any language of the server.
fn key_columns(error: &Error) -> Option<&str> {
    let (_, rest) = error.detail()?.split_once('(')?;
    Some(rest.split_once(")=(")?.0)
}

/// The columns in a constraint's conventional name, `books_isbn_key`.
fn field_of_constraint<'e>(error: &'e Error, suffix: &str) -> Option<&'e str> {
    let (name, table) = (error.constraint()?, error.table()?);
    let stem = name.strip_suffix(suffix)?.strip_suffix('_')?;
    let field = stem.strip_prefix(table)?.strip_prefix('_')?;
    match field.rsplit_once('_') {
        // A name that would be another's too, or too long: what it is of is
        // sure only where the same name comes of it.
        Some((column, hash)) if is_hash(hash) => {
            names::is_of_column(name, table, column, suffix).then_some(column)
        }
        _ => Some(field),
    }
}

fn is_hash(word: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    word.len() == 8 && word.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::bindings::plinth::host::database as host;
    use crate::http::IntoReply;
    use crate::orm::schema::names::{hashed as hashed_name, plain as plain_name};

    /// What Postgres would say, in the `books` table.
    fn refused(sqlstate: &str, constraint: &str, detail: &str) -> host::Error {
        host::Error {
            kind: host::ErrorKind::Server,
            message: "secret".to_owned(),
            sqlstate: Some(sqlstate.to_owned()),
            detail: Some(detail.to_owned()).filter(|detail| !detail.is_empty()),
            constraint: Some(constraint.to_owned()).filter(|name| !name.is_empty()),
            table: Some("books".to_owned()),
            column: None,
            context: None,
        }
    }

    /// The status, the detail and the errors that the client sees, which are
    /// nothing of the data.
    fn shown(error: host::Error) -> (u16, String, Value) {
        let problem = Problem::from(Error::database(error, "SELECT secret"));
        let (status, detail) = (problem.status(), problem.detail().to_owned());
        let reply = problem.into_reply();
        let body = std::str::from_utf8(reply.body()).unwrap();
        assert!(!body.contains("secret"), "{body}");
        let mut json: Value = serde_json::from_str(body).unwrap();
        (status, detail, json["errors"].take())
    }

    fn kind(kind: host::ErrorKind) -> host::Error {
        host::Error {
            kind,
            sqlstate: None,
            ..refused("", "", "")
        }
    }

    #[test]
    fn a_missing_row_is_a_404() {
        assert_eq!(Problem::from(Error::not_found("books")).status(), 404);
    }

    #[test]
    fn a_stale_row_is_a_409() {
        let problem = Problem::from(Error::stale("secret"));
        assert_eq!(problem.status(), 409);
        assert!(!problem.detail().contains("secret"));
    }

    #[test]
    fn a_handlers_own_problem_stays_as_it_is() {
        let problem = Problem::forbidden("not yours").with("owner", 3);
        assert_eq!(Problem::from(Error::from(problem.clone())), problem);
    }

    #[test]
    fn a_taken_value_is_a_409_that_names_its_fields() {
        let detail = "Key (author_id, title)=(1, secret) already exists.";
        let (status, detail, errors) = shown(refused("23505", "odd_name", detail));
        assert_eq!(status, 409);
        assert_eq!(
            detail,
            "There is one with the same author_id, title already."
        );
        assert_eq!(
            errors[0],
            json!({ "pointer": "/author_id", "detail": "is taken" })
        );
        assert_eq!(errors[1]["pointer"], "/title");
    }

    #[test]
    fn without_a_detail_the_constraint_names_the_field() {
        let (status, _, errors) = shown(refused("23505", "books_isbn_key", ""));
        assert_eq!(status, 409);
        assert_eq!(errors[0]["pointer"], "/isbn");
    }

    #[test]
    fn a_reference_to_nothing_is_a_400_that_names_the_field() {
        let detail = "Key (author_id)=(7) is not present in table \"authors\".";
        let (status, detail, errors) = shown(refused("23503", "books_author_id_fkey", detail));
        assert_eq!(status, 400);
        assert_eq!(detail, "author_id refers to something that does not exist.");
        assert_eq!(errors[0]["pointer"], "/author_id");
    }

    #[test]
    fn a_row_that_others_refer_to_is_a_409() {
        let detail = "Key (id)=(7) is still referenced from table \"books\".";
        let (status, detail, errors) = shown(refused("23001", "books_author_id_fkey", detail));
        assert_eq!(status, 409);
        assert_eq!(detail, "It is still referred to by books.");
        assert_eq!(errors, Value::Null);
    }

    #[test]
    fn the_two_ends_of_a_reference_differ_in_any_language() {
        let here = "Schlüssel (author_id)=(7) ist nicht in Tabelle »authors« vorhanden.";
        let there = "Auf Schlüssel (id)=(7) wird noch aus Tabelle »books« verwiesen.";
        // Whatever the constraint is called: one that would be another's too
        // has a hash, and one that is too long is cut.
        let hashed = hashed_name(&["books", "author_id", "fkey"], 0);
        for name in ["books_author_id_fkey", &hashed, "books_auth_0a1b2c3d_fkey"] {
            assert_eq!(shown(refused("23503", name, here)).0, 400, "{name}");
            assert_eq!(shown(refused("23503", name, there)).0, 409, "{name}");
        }
    }

    #[test]
    fn a_row_and_the_row_it_refers_to_are_told_apart_in_one_table() {
        let here = "Schlüssel (sequel_of_id)=(7) ist nicht in Tabelle »books« vorhanden.";
        let there = "Auf Schlüssel (id)=(7) wird noch aus Tabelle »books« verwiesen.";
        for round in [None, Some(0), Some(1)] {
            let words = ["books", "sequel_of_id", "fkey"];
            let name = round.map_or_else(|| words.join("_"), |round| hashed_name(&words, round));
            let (status, _, errors) = shown(refused("23503", &name, here));
            assert_eq!(
                (status, &errors[0]["pointer"]),
                (400, &json!("/sequel_of_id"))
            );
            assert_eq!(shown(refused("23503", &name, there)).0, 409);
        }
    }

    #[test]
    fn a_key_and_a_column_of_one_name_are_told_apart() {
        let here = "Key (code)=(books is still referenced) is not present in table \"countries\".";
        let there = "Key (code)=(us) is still referenced from table \"books\".";
        assert_eq!(shown(refused("23503", "books_code_fkey", here)).0, 400);
        assert_eq!(shown(refused("23503", "books_code_fkey", there)).0, 409);
    }

    #[test]
    fn a_field_is_told_from_a_name_with_a_hash_only_where_it_is_sure() {
        let name = hashed_name(&["books", "pages", "check"], 0);
        let (_, text, errors) = shown(refused("23514", &name, ""));
        assert_eq!(
            (text.as_str(), &errors[0]["pointer"]),
            ("pages is out of range.", &json!("/pages"))
        );
        let column = "a_column_whose_name_is_so_long_that_its_check_needs_a_hash";
        let long = plain_name(&["books", column, "check"]);
        for name in [&long, "books_car_doors_0a1b2c3d_check"] {
            assert_eq!(
                shown(refused("23514", name, "")).1,
                "A value is out of range."
            );
        }
        let name = hashed_name(&["books", "isbn", "key"], 0);
        assert_eq!(shown(refused("23505", &name, "")).2[0]["pointer"], "/isbn");
    }

    #[test]
    fn a_check_names_the_field() {
        let detail = "Failing row contains (secret).";
        let (status, text, errors) = shown(refused("23514", "books_pages_check", detail));
        assert_eq!(status, 400);
        assert_eq!(text, "pages is out of range.");
        assert_eq!(errors[0]["pointer"], "/pages");
        assert_eq!(
            shown(refused("23514", "sane", detail)).1,
            "A value is out of range."
        );
    }

    #[test]
    fn null_where_there_must_be_a_value_names_the_field() {
        let error = host::Error {
            column: Some("title".to_owned()),
            ..refused("23502", "", "Failing row contains (secret).")
        };
        assert_eq!(shown(error).1, "title must not be null.");
    }

    #[test]
    fn a_value_that_cannot_be_stored_is_a_400() {
        assert_eq!(
            Problem::from(Error::encode("a NUL in `secret`")).status(),
            400
        );
        assert_eq!(shown(refused("22003", "", "")).0, 400);
    }

    #[test]
    fn what_may_pass_is_a_503_to_try_again() {
        for error in [
            kind(host::ErrorKind::Busy),
            kind(host::ErrorKind::Disconnected),
            refused("40001", "", ""),
            refused("55P03", "", ""),
        ] {
            let reply = Problem::from(Error::database(error, "SELECT 1")).into_reply();
            assert_eq!(reply.status(), 503);
            assert_eq!(reply.header("retry-after"), Some("1"));
        }
    }

    #[test]
    fn a_slow_statement_is_a_504() {
        assert_eq!(shown(kind(host::ErrorKind::Timeout)).0, 504);
    }

    #[test]
    fn anything_else_is_an_internal_error() {
        assert_eq!(
            shown(refused("42P01", "", "secret")).1,
            body::INTERNAL_ERROR
        );
        assert_eq!(shown(kind(host::ErrorKind::Denied)).0, 500);
    }
}
