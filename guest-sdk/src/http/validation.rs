//! Checks of a value's meaning.

use crate::http::Problem;

/// Collects what is wrong with a value, so that the client learns all of it at
/// once.
///
/// ```
/// use plinth::http::{Problem, Validation};
///
/// fn check(title: &str, pages: i32) -> Result<(), Problem> {
///     Validation::new()
///         .check("title", !title.is_empty(), "must not be empty")
///         .check("pages", pages > 0, "must be positive")
///         .finish()
/// }
///
/// let problem = check("", 0).unwrap_err();
/// assert_eq!(problem.status(), 422);
/// assert_eq!(problem.detail(), "title must not be empty; pages must be positive.");
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is refused before `finish`"]
pub struct Validation {
    failures: Vec<(&'static str, &'static str)>,
}

impl Validation {
    /// Nothing is wrong yet.
    pub fn new() -> Validation {
        Validation::default()
    }

    /// Notes what the field must be, unless it is. A nested field is written
    /// with slashes, `lines/0/count`.
    pub fn check(mut self, field: &'static str, holds: bool, must: &'static str) -> Validation {
        if !holds {
            self.failures.push((field, must));
        }
        self
    }

    /// The end of the checks.
    ///
    /// # Errors
    ///
    /// A problem with status 422 that names each field where a check failed.
    pub fn finish(self) -> Result<(), Problem> {
        if self.failures.is_empty() {
            return Ok(());
        }
        let texts: Vec<_> = self
            .failures
            .iter()
            .map(|(field, must)| format!("{field} {must}"))
            .collect();
        let problem = Problem::unprocessable(texts.join("; ") + ".");
        Err(self
            .failures
            .iter()
            .fold(problem, |problem, (field, must)| {
                problem.with_error(&format!("/{field}"), must)
            }))
    }
}
