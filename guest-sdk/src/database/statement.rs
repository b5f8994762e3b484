use std::fmt;

use super::inline::inline;
use super::parameters::literals;
use super::{DecodeError, Parameter, Parameters};
use crate::Result;
use crate::bindings::plinth::host::database as host;

/// One SQL statement with its parameters, as it crosses to the host.
///
/// `to_sql` on a query gives one without touching a database; printed, it is
/// meant for reading and not for executing.
///
/// ```
/// let statement = plinth::database::Statement::new("SELECT $1", &[&"Dune"])?;
/// assert_eq!(statement.to_string(), "-- SELECT (1 parameter)\nSELECT $1\n--   $1 = 'Dune'");
/// # Ok::<(), plinth::Error>(())
/// ```
pub struct Statement(host::Statement);

impl Statement {
    /// A statement from its text and parameters.
    ///
    /// # Errors
    ///
    /// When a parameter cannot be written in Postgres' format.
    pub fn new(sql: impl Into<String>, parameters: &[&dyn Parameter]) -> Result<Self> {
        let mut buffer = Parameters::default();
        for parameter in parameters {
            buffer.push(*parameter)?;
        }
        Ok(Self::from_parts(sql.into(), buffer))
    }

    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn from_host(statement: host::Statement) -> Self {
        Self(statement)
    }

    pub(crate) fn from_parts(sql: String, parameters: Parameters) -> Self {
        let (parameter_types, parameters) = parameters.into_parts();
        Self(host::Statement {
            sql,
            parameter_types,
            parameters,
            timeout_ms: 0,
        })
    }

    pub(super) fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    /// The same behind some words, such as `EXPLAIN `.
    pub(crate) fn after(mut self, words: &str) -> Self {
        self.0.sql.insert_str(0, words);
        self
    }

    /// The text, with `$1`, `$2`, … for the parameters.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.0.sql
    }

    /// The types of the parameters, as Postgres' object identifiers.
    #[must_use]
    pub fn parameter_types(&self) -> &[u32] {
        &self.0.parameter_types
    }

    /// The parameters in Postgres' binary format, each behind its length.
    #[must_use]
    pub fn parameters(&self) -> &[u8] {
        &self.0.parameters
    }

    /// The SQL with the parameters in their places, as literals: what one pastes
    /// into `psql`. For reading only; a program passes parameters, and never
    /// executes this.
    ///
    /// ```
    /// use plinth::database::Statement;
    ///
    /// let sql = "SELECT $1 || '$1', $2";
    /// let statement = Statement::new(sql, &[&"it's", &plinth::Interval::days(1)])?;
    /// assert_eq!(statement.inlined(), "SELECT 'it''s' || '$1', 'P1D'::interval");
    /// # Ok::<(), plinth::Error>(())
    /// ```
    ///
    /// A value whose type is not built into Postgres, and is no text, stands
    /// there as its bytes.
    #[must_use]
    pub fn inlined(&self) -> String {
        match self.literals() {
            Ok(literals) => inline(self.sql(), &literals),
            Err(_) => self.sql().to_owned(),
        }
    }

    fn literals(&self) -> Result<Vec<String>, DecodeError> {
        literals(self.parameter_types(), self.parameters())
    }

    pub(crate) fn into_host(self) -> host::Statement {
        self.0
    }

    pub(super) fn as_host(&self) -> &host::Statement {
        &self.0
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sql = self.sql().trim_start_matches('(');
        let kind = sql.split_whitespace().next().unwrap_or("nothing");
        let count = self.parameter_types().len();
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "-- {kind} ({count} parameter{plural})\n{}", self.sql())?;
        let literals = self.literals().map_err(|_| fmt::Error)?;
        for (index, literal) in literals.iter().enumerate() {
            write!(f, "\n--   ${} = {literal}", index + 1)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
