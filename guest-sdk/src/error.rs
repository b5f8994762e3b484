//! What can go wrong between a plugin and its database, and in its handlers.

use std::fmt;
use std::sync::Arc;

use crate::bindings::plinth::host::database as host;
use crate::http::Problem;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
///
/// Opaque: ask it with its predicates, such as
/// [`is_unique_violation`](Error::is_unique_violation).
/// Its text is for the log, since it can quote the SQL and its data; what a
/// client is told is decided where an error becomes a [`Problem`].
/// A clone is the same error and costs nothing, so that several callers can be
/// told of one failure.
///
/// A plugin's own error becomes one by implementing `From`, so that `?` works
/// on it in handlers and transactions:
///
/// ```
/// struct OutOfStock;
///
/// impl From<OutOfStock> for plinth::Error {
///     fn from(_: OutOfStock) -> Self {
///         plinth::Error::other("the book is out of stock")
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Kind>);

/// The sorts of failure; what Postgres says is kept apart from what we say.
#[derive(Debug)]
pub(crate) enum Kind {
    /// The host or Postgres refused a statement.
    Database(Failure),
    /// `get` found no row.
    NotFound { table: &'static str },
    /// `get` found more than one row.
    MultipleObjects { table: &'static str },
    /// A row was to be saved that another has changed.
    Stale { table: &'static str },
    /// Rows were to be inserted that a trigger of the table left out.
    Skipped {
        table: &'static str,
        left_out: usize,
        of: usize,
    },
    /// A row was to be updated instead of inserted that can't be.
    InTheWay {
        table: &'static str,
        why: &'static str,
    },
    /// A value out of the database does not fit its Rust type.
    Decode(Decode),
    /// A value cannot be written in Postgres' format.
    Encode(String),
    /// A relation was read without having been loaded.
    NotLoaded {
        field: &'static str,
        /// What loads it.
        call: &'static str,
    },
    /// The query makes no sense.
    InvalidQuery(String),
    /// One of several operations that run together failed.
    InPipeline { index: usize, error: Error },
    /// The handler's own answer.
    Problem(Problem),
    /// Something else, in words.
    Other(String),
}

/// What the host says of a statement that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    error: host::Error,
    sql: String,
}

/// Where a value did not fit, and why.
#[derive(Debug)]
pub(crate) struct Decode {
    table: Option<&'static str>,
    column: String,
    reason: String,
}

impl Error {
    /// Anything else, said in one sentence for the log.
    ///
    /// ```
    /// let error = plinth::Error::other("the rate table is empty");
    /// assert_eq!(error.to_string(), "the rate table is empty");
    /// ```
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(Kind::Other(message.into()))
    }

    /// No row of `table` matched.
    #[must_use]
    pub fn not_found(table: &'static str) -> Self {
        Self::new(Kind::NotFound { table })
    }

    /// The relation `field`, written `Model.field`, was read without being
    /// loaded.
    ///
    /// ```
    /// assert_eq!(
    ///     plinth::Error::not_loaded("Book.author").to_string(),
    ///     "`Book.author` is not loaded; add `.select_related(Book::author())` to the query"
    /// );
    /// ```
    #[must_use]
    pub fn not_loaded(field: &'static str) -> Self {
        let call = "select_related";
        Self::new(Kind::NotLoaded { field, call })
    }

    pub(crate) fn not_prefetched(field: &'static str) -> Self {
        let call = "prefetch_related";
        Self::new(Kind::NotLoaded { field, call })
    }

    /// A row of `table` is of another version than was expected.
    ///
    /// ```
    /// let error = plinth::Error::stale("books");
    /// assert_eq!(
    ///     error.to_string(),
    ///     "the row of `books` was changed or deleted by another since it was loaded; \
    ///      load it again"
    /// );
    /// ```
    #[must_use]
    pub fn stale(table: &'static str) -> Self {
        Self::new(Kind::Stale { table })
    }

    /// So many of the rows that were to be inserted into `table` were left out by
    /// a trigger of the table.
    ///
    /// ```
    /// let error = plinth::Error::skipped("books", 1, 30);
    /// assert!(error.is_skipped());
    /// assert_eq!(
    ///     error.to_string(),
    ///     "1 of 30 rows was not inserted into `books`: a trigger of the table left it out"
    /// );
    /// ```
    #[must_use]
    pub fn skipped(table: &'static str, left_out: usize, of: usize) -> Self {
        Self::new(Kind::Skipped {
            table,
            left_out,
            of,
        })
    }

    /// A row of `table` with the key of a new one can't be updated instead.
    pub(crate) fn in_the_way(table: &'static str, why: &'static str) -> Self {
        Self::new(Kind::InTheWay { table, why })
    }

    pub(crate) fn multiple_objects(table: &'static str) -> Self {
        Self::new(Kind::MultipleObjects { table })
    }

    pub(crate) fn decode(
        table: Option<&'static str>,
        column: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        let (column, reason) = (column.into(), reason.into());
        Self::new(Kind::Decode(Decode {
            table,
            column,
            reason,
        }))
    }

    pub(crate) fn encode(reason: impl Into<String>) -> Self {
        Self::new(Kind::Encode(reason.into()))
    }

    pub(crate) fn invalid_query(reason: impl Into<String>) -> Self {
        Self::new(Kind::InvalidQuery(reason.into()))
    }

    pub(crate) fn database(error: host::Error, sql: &str) -> Self {
        let sql = sql.to_owned();
        Self::new(Kind::Database(Failure { error, sql }))
    }

    /// The same, of one of several operations that run together.
    pub(crate) fn in_pipeline(self, index: usize) -> Self {
        match *self.0 {
            // It is known already.
            Kind::InPipeline { .. } => self,
            _ => Self::new(Kind::InPipeline { index, error: self }),
        }
    }

    /// The same, where so many operations were sent before.
    pub(crate) fn behind_in_pipeline(self, before: usize) -> Self {
        match &*self.0 {
            Kind::InPipeline { index, error } => error.clone().in_pipeline(index + before),
            _ => self,
        }
    }

    pub(crate) fn kind(&self) -> &Kind {
        match &*self.0 {
            Kind::InPipeline { error, .. } => error.kind(),
            kind => kind,
        }
    }

    /// The handler's own answer, if that is what this is.
    pub(crate) fn into_problem(self) -> Result<Problem> {
        match self.kind() {
            Kind::Problem(problem) => Ok(problem.clone()),
            _ => Err(self),
        }
    }

    fn new(kind: Kind) -> Self {
        Self(Arc::new(kind))
    }

    fn failure(&self) -> Option<&Failure> {
        match self.kind() {
            Kind::Database(failure) => Some(failure),
            _ => None,
        }
    }

    fn is_host(&self, kind: host::ErrorKind) -> bool {
        self.failure().is_some_and(|f| f.error.kind == kind)
    }

    fn is_state(&self, sqlstate: &str) -> bool {
        self.sqlstate() == Some(sqlstate)
    }
}

/// The questions to ask an error.
impl Error {
    /// Whether `get` found no row, or an instance is gone from its table: Django's
    /// `DoesNotExist`.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.kind(), Kind::NotFound { .. })
    }

    /// Whether `get` found more than one row: Django's `MultipleObjectsReturned`.
    #[must_use]
    pub fn is_multiple_objects(&self) -> bool {
        matches!(self.kind(), Kind::MultipleObjects { .. })
    }

    /// Whether a row was to be saved that another has changed since it was
    /// loaded; see [`Edit::save`](crate::orm::Edit::save).
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self.kind(), Kind::Stale { .. })
    }

    /// Whether rows were not inserted because a trigger of the table left them out;
    /// see [`QuerySet::bulk_create`](crate::orm::QuerySet::bulk_create).
    #[must_use]
    pub fn is_skipped(&self) -> bool {
        matches!(self.kind(), Kind::Skipped { .. })
    }

    /// Whether a relation was read without having been loaded.
    #[must_use]
    pub fn is_not_loaded(&self) -> bool {
        matches!(self.kind(), Kind::NotLoaded { .. })
    }

    /// Whether a value out of the database did not fit its Rust type.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.kind(), Kind::Decode(_))
    }

    /// Whether a value could not be written in Postgres' format.
    #[must_use]
    pub fn is_encode(&self) -> bool {
        matches!(self.kind(), Kind::Encode(_))
    }

    /// Whether the query itself makes no sense, such as an update of a slice.
    #[must_use]
    pub fn is_invalid_query(&self) -> bool {
        matches!(self.kind(), Kind::InvalidQuery(_)) || self.is_host(host::ErrorKind::Invalid)
    }

    /// Whether a unique constraint was violated, one case of Django's
    /// `IntegrityError`; see [`constraint`](Error::constraint) for which. Of an
    /// `on_conflict` with `do_update`, whether two of the new rows are in each
    /// other's way, or one is in the way of another variant's.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        self.is_state("23505") || matches!(self.kind(), Kind::InTheWay { .. })
    }

    /// Whether a foreign key points to a row that is not there, or a row that
    /// others point to was to go.
    #[must_use]
    pub fn is_foreign_key_violation(&self) -> bool {
        // 23001 is what ON DELETE RESTRICT raises.
        self.is_state("23503") || self.is_state("23001")
    }

    /// Whether a CHECK constraint was violated, a value outside its choices or
    /// its range included.
    #[must_use]
    pub fn is_check_violation(&self) -> bool {
        self.is_state("23514")
    }

    /// Whether a NOT NULL column was given NULL.
    #[must_use]
    pub fn is_not_null_violation(&self) -> bool {
        self.is_state("23502")
    }

    /// Whether a text was no query in Postgres' own syntax for full-text search,
    /// as [`SearchQuery::raw`](crate::orm::SearchQuery::raw) takes it.
    #[must_use]
    pub fn is_invalid_search(&self) -> bool {
        let (sqlstate, message) = (self.sqlstate(), self.failure().map(|f| &*f.error.message));
        match (sqlstate, message) {
            (Some("42601"), Some(message)) => {
                // The latter is of a backslash at its end.
                message.contains("tsquery") || message.contains("no escaped character")
            }
            (Some("22023"), Some(message)) => message.contains("phrase operator"),
            _ => false,
        }
    }

    /// Whether two transactions got in each other's way, so that running the
    /// transaction again can succeed.
    #[must_use]
    pub fn is_serialization_failure(&self) -> bool {
        self.is_state("40001") || self.is_state("40P01")
    }

    /// Whether another transaction holds a row that a query with
    /// [`nowait`](crate::orm::QuerySet::nowait) did not wait for.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.is_state("55P03")
    }

    /// Whether no connection came free in time.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.is_host(host::ErrorKind::Busy)
    }

    /// Whether the connection broke; the statement may have taken effect.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        self.is_host(host::ErrorKind::Disconnected)
    }

    /// Whether the statement took longer than the operator allows.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.is_host(host::ErrorKind::Timeout)
    }

    /// Whether the rows were more than the operator allows in one result.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.is_host(host::ErrorKind::TooLarge)
    }

    /// Whether the plugin may not use the database it named.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.is_host(host::ErrorKind::Denied)
    }
}

/// What Postgres says of it.
impl Error {
    /// The five characters of the SQLSTATE, when Postgres refused the
    /// statement.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        self.failure()?.error.sqlstate.as_deref()
    }

    /// Postgres' DETAIL line; it can quote data.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.failure()?.error.detail.as_deref()
    }

    /// The constraint that was violated, such as `books_isbn_key`.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.failure()?.error.constraint.as_deref()
    }

    /// The table concerned.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        match self.kind() {
            Kind::Database(failure) => failure.error.table.as_deref(),
            Kind::NotFound { table } | Kind::MultipleObjects { table } | Kind::Stale { table } => {
                Some(table)
            }
            Kind::Decode(decode) => decode.table,
            _ => None,
        }
    }

    /// The column concerned.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match self.kind() {
            Kind::Database(failure) => failure.error.column.as_deref(),
            Kind::Decode(decode) => Some(&decode.column),
            _ => None,
        }
    }

    /// Which operation of a [`pipeline`](crate::Db::pipeline), or which row of an
    /// [`execute_many`](crate::Db::execute_many), failed, counted from 0.
    ///
    /// None where it was no operation but the transaction around them.
    #[must_use]
    pub fn pipeline_index(&self) -> Option<usize> {
        match *self.0 {
            Kind::InPipeline { index, .. } => Some(index),
            _ => None,
        }
    }

    /// Postgres' CONTEXT lines: where it was when it refused the statement. Of a
    /// COPY they begin with `COPY books, line 3`. They can quote data.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.failure()?.error.context.as_deref()
    }

    /// The row of a COPY that was refused, counted from 1; of a text format, its
    /// line. `None` where Postgres does not tell, or not in English.
    ///
    /// ```no_run
    /// # fn f(mut db: plinth::Db, csv: &[u8]) -> plinth::Result<u64> {
    /// db.copy_csv_in("books", &["title"], csv).inspect_err(|error| {
    ///     if let Some(line) = error.copy_line() {
    ///         plinth::log::warn!("line {line} of the file was refused");
    ///     }
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn copy_line(&self) -> Option<u64> {
        let mut lines = self.context()?.lines();
        let after = lines
            .find_map(|line| line.strip_prefix("COPY ")?.split_once(", line "))?
            .1;
        let end = after.find(|c: char| !c.is_ascii_digit());
        after[..end.unwrap_or(after.len())].parse().ok()
    }

    /// The statement that failed, for a page that only developers see.
    #[must_use]
    pub fn sql(&self) -> Option<&str> {
        self.failure().map(|failure| &*failure.sql)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::InPipeline { index, error } => {
                write!(
                    f,
                    "operation {index} of the pipeline, counted from 0: {error}"
                )
            }
            Kind::Database(failure) => failure.fmt(f),
            Kind::NotFound { table } => write!(f, "no row of `{table}` matches"),
            Kind::MultipleObjects { table } => write!(
                f,
                "more than one row of `{table}` matches; `get` wants exactly one, \
                 so filter on a unique column or use `first`"
            ),
            Kind::Stale { table } => write!(
                f,
                "the row of `{table}` was changed or deleted by another since it was loaded; \
                 load it again"
            ),
            Kind::Skipped {
                table,
                left_out,
                of,
            } => {
                let (was, them) = match left_out {
                    1 => ("was", "it"),
                    _ => ("were", "them"),
                };
                write!(
                    f,
                    "{left_out} of {of} rows {was} not inserted into `{table}`: \
                     a trigger of the table left {them} out"
                )
            }
            Kind::InTheWay { table, why } => {
                write!(
                    f,
                    "no row of `{table}` is updated instead of a new one: {why}"
                )
            }
            Kind::Decode(decode) => decode.fmt(f),
            Kind::Encode(reason) => write!(f, "a value cannot be sent to Postgres: {reason}"),
            Kind::NotLoaded { field, call } => match field.split_once('.') {
                Some((model, name)) => write!(
                    f,
                    "`{field}` is not loaded; add `.{call}({model}::{name}())` to the query"
                ),
                None => write!(
                    f,
                    "the `{field}` is known by its key only; fetch it with `get`"
                ),
            },
            Kind::InvalidQuery(reason) | Kind::Other(reason) => f.write_str(reason),
            Kind::Problem(problem) => fmt::Display::fmt(problem, f),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error.message)?;
        let facts = [
            ("SQLSTATE", &self.error.sqlstate),
            ("table", &self.error.table),
            ("column", &self.error.column),
            ("constraint", &self.error.constraint),
            ("detail:", &self.error.detail),
            ("context:", &self.error.context),
        ];
        for (name, fact) in facts {
            if let Some(fact) = fact {
                write!(f, "; {name} {fact}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Decode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot read `")?;
        if let Some(table) = self.table {
            write!(f, "{table}.")?;
        }
        write!(f, "{}`: {}", self.column, self.reason)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::new(Kind::Problem(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(sqlstate: &str) -> Error {
        let error = host::Error {
            kind: host::ErrorKind::Server,
            message: "duplicate key value violates unique constraint".into(),
            sqlstate: Some(sqlstate.into()),
            detail: None,
            constraint: Some("books_isbn_key".into()),
            table: Some("books".into()),
            column: None,
            context: None,
        };
        Error::database(error, "INSERT")
    }

    #[test]
    fn a_violation_is_known_by_its_state() {
        let error = refused("23505");
        assert!(error.is_unique_violation());
        assert!(!error.is_foreign_key_violation());
        assert_eq!(error.constraint(), Some("books_isbn_key"));
        assert_eq!(error.table(), Some("books"));
        assert_eq!(error.sql(), Some("INSERT"));
    }

    #[test]
    fn the_text_says_what_failed_and_on_what() {
        assert_eq!(
            refused("23505").to_string(),
            "duplicate key value violates unique constraint; SQLSTATE 23505; \
             table books; constraint books_isbn_key"
        );
        assert_eq!(
            Error::decode(Some("books"), "pages", "it is NULL").to_string(),
            "cannot read `books.pages`: it is NULL"
        );
    }

    #[test]
    fn a_malformed_search_is_known_by_its_message() {
        let refused = |sqlstate: &str, message: &str| {
            let error = host::Error {
                message: message.into(),
                ..refused(sqlstate).failure().unwrap().error.clone()
            };
            Error::database(error, "SELECT")
        };
        assert!(refused("42601", "no operand in tsquery: \"a &\"").is_invalid_search());
        assert!(refused("42601", "there is no escaped character: \"\\\"").is_invalid_search());
        assert!(refused("22023", "distance in phrase operator must be …").is_invalid_search());
        assert!(!refused("42601", "syntax error at or near \"SELEC\"").is_invalid_search());
        assert!(!refused("23505", "tsquery").is_invalid_search());
    }

    #[test]
    fn a_clone_is_the_same_error() {
        let error = Error::from(Problem::conflict("The name is taken."));
        let problem = error.clone().into_problem().unwrap();
        assert_eq!(problem, error.into_problem().unwrap());
    }

    #[test]
    fn an_error_is_one_pointer() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
