//! Why a query string was refused.

use std::fmt;

use serde::de;

use crate::http::Problem;

/// A parameter, once it is known, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Error {
    parameter: Option<String>,
    message: String,
}

impl Error {
    pub(super) fn new(message: impl Into<String>) -> Error {
        Error {
            parameter: None,
            message: message.into(),
        }
    }

    fn of(parameter: &str, message: impl Into<String>) -> Error {
        Error {
            parameter: Some(parameter.to_owned()),
            message: message.into(),
        }
    }

    /// Names the parameter, unless the error has named one itself.
    pub(super) fn named(mut self, parameter: &str) -> Error {
        self.parameter.get_or_insert_with(|| parameter.to_owned());
        self
    }

    pub(super) fn into_problem(self) -> Problem {
        match self.parameter {
            Some(parameter) => Problem::bad_parameter(&parameter, &self.message),
            None => Problem::bad_request(format!("The query string {}.", self.message)),
        }
    }
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Error {
        Error::new(message.to_string())
    }

    fn missing_field(field: &'static str) -> Error {
        Error::of(field, "is missing")
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Error {
        let known = match expected {
            [] => "there are none".to_owned(),
            known => format!("there are {}", known.join(", ")),
        };
        Error::of(field, format!("is not a parameter; {known}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Error {
        Error::new(format!("must be {}", expected.join(" or ")))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
