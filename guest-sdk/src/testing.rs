//! A database for tests that run natively, where there is no host.
//!
//! A plugin's queries are ordinary functions of `&Db`, so a unit test on the
//! development machine can call them. What runs their statements is a
//! [`Database`] of the test's choice: a connection to a real Postgres, or a
//! list of answers.
//!
//! ```
//! use std::rc::Rc;
//! use plinth::database::Statement;
//! use plinth::testing::{Answer, Database, Refusal, use_database};
//!
//! struct OneBook;
//!
//! impl Database for OneBook {
//!     fn run(&self, statement: &Statement) -> Result<Answer, Box<Refusal>> {
//!         assert_eq!(statement.sql(), "SELECT title FROM books");
//!         Ok(Answer {
//!             columns: vec![("title".to_owned(), 25)],
//!             rows: vec![vec![Some(b"Dune".to_vec())]],
//!             affected: 1,
//!         })
//!     }
//! }
//!
//! use_database(Rc::new(OneBook));
//! let rows = plinth::Db::named("default").query("SELECT title FROM books", &[])?;
//! assert_eq!(rows.first().unwrap().get::<String>("title")?, "Dune");
//! # Ok::<(), plinth::Error>(())
//! ```
//!
//! [`assert_num_queries`] counts the statements of such a test, and
//! [`assert_no_seq_scan`] and [`assert_uses_index`] look at a
//! [`Plan`](crate::database::Plan), for which the test needs a real Postgres.

mod plans;
mod queries;

use std::rc::Rc;

use bytes::{BufMut, BytesMut};

use crate::Error;
use crate::bindings::plinth::host::database as host;
use crate::database::{Driver, Statement, install};
use crate::orm::DatabaseRouter;

pub use plans::{assert_no_seq_scan, assert_uses_index};
pub use queries::{assert_num_queries, capture_queries};

/// What runs the statements of a test.
pub trait Database {
    /// Runs one statement. Those that begin and end transactions are statements
    /// too: `BEGIN`, `SAVEPOINT sp_1`, `COMMIT` and so on.
    ///
    /// # Errors
    ///
    /// When Postgres refuses it.
    fn run(&self, statement: &Statement) -> Result<Answer, Box<Refusal>>;

    /// As [`run`](Self::run), on the database of this name; for tests of a plugin
    /// that has several. Without one of its own it is `run`, whatever the name.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    fn run_on(&self, _database: &str, statement: &Statement) -> Result<Answer, Box<Refusal>> {
        self.run(statement)
    }

    /// Loads what a `COPY … FROM STDIN` on the database of this name was given, in the statement's format,
    /// and returns how many rows that were. Unless it is implemented, copies are
    /// refused.
    ///
    /// # Errors
    ///
    /// When Postgres refuses it.
    fn copy_in(&self, database: &str, sql: &str, data: &[u8]) -> Result<u64, Box<Refusal>> {
        let _ = (database, sql, data);
        Err(no_copies())
    }

    /// All the bytes of a `COPY … TO STDOUT` on the database of this name. Unless it is implemented, copies
    /// are refused.
    ///
    /// # Errors
    ///
    /// When Postgres refuses it.
    fn copy_out(&self, database: &str, sql: &str) -> Result<Vec<u8>, Box<Refusal>> {
        let _ = (database, sql);
        Err(no_copies())
    }
}

/// What a statement returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The name of each column, and the object identifier of its type.
    pub columns: Vec<(String, u32)>,
    /// The rows, each value in Postgres' binary format; `None` is NULL.
    pub rows: Vec<Vec<Option<Vec<u8>>>>,
    /// How many rows it affected.
    pub affected: u64,
}

/// Why Postgres refused a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// What it said.
    pub message: String,
    /// The SQLSTATE, five characters.
    pub sqlstate: Option<String>,
    /// The DETAIL line.
    pub detail: Option<String>,
    /// The constraint that was violated.
    pub constraint: Option<String>,
    /// The table concerned.
    pub table: Option<String>,
    /// The column concerned.
    pub column: Option<String>,
    /// The CONTEXT lines.
    pub context: Option<String>,
}

/// Makes every [`Db`](crate::Db) on this thread run its statements there, without
/// a router.
pub fn use_database(database: Rc<dyn Database>) {
    install(Rc::new(Adapter(database)));
    crate::orm::begin_request(None);
}

/// Has a router choose the databases on this thread, as in a request that has
/// written nothing yet; each call begins another request.
///
/// ```
/// use plinth::orm::PrimaryReplica;
/// use plinth::testing::begin_request;
///
/// begin_request(Some(&PrimaryReplica));
/// ```
///
/// [`use_database`] ends it.
pub fn begin_request(router: Option<&'static dyn DatabaseRouter>) {
    crate::orm::begin_request(router);
}

fn no_copies() -> Box<Refusal> {
    Box::new(Refusal {
        message: "this test's `Database` has no `copy_in` and `copy_out`".to_owned(),
        ..Refusal::default()
    })
}

struct Adapter(Rc<dyn Database>);

impl Driver for Adapter {
    fn run(&self, database: &str, statement: &host::Statement) -> crate::Result<host::Rows> {
        let statement = Statement::from_host(statement.clone());
        match self.0.run_on(database, &statement) {
            Ok(answer) => Ok(answer.rows()),
            Err(refusal) => Err(Error::database(refusal.into(), statement.sql())),
        }
    }

    fn copy_in(&self, database: &str, sql: &str, data: &[u8]) -> crate::Result<u64> {
        let copied = self.0.copy_in(database, sql, data);
        copied.map_err(|refusal| Error::database(refusal.into(), sql))
    }

    fn copy_out(&self, database: &str, sql: &str) -> crate::Result<Vec<u8>> {
        let copied = self.0.copy_out(database, sql);
        copied.map_err(|refusal| Error::database(refusal.into(), sql))
    }
}

impl Answer {
    fn rows(&self) -> host::Rows {
        let (names, column_types): (Vec<_>, _) = self.columns.iter().cloned().unzip();
        let mut data = BytesMut::new();
        for cell in self.rows.iter().flatten() {
            let length = cell.as_ref().map(|cell| i32::try_from(cell.len()));
            // Postgres has no longer values either.
            data.put_i32(length.map_or(-1, |length| length.unwrap_or(i32::MAX)));
            data.put_slice(cell.as_deref().unwrap_or_default());
        }
        host::Rows {
            column_types,
            column_names: names.join("\0"),
            affected: self.affected,
            count: u32::try_from(self.rows.len()).unwrap_or(u32::MAX),
            data: data.into(),
        }
    }
}

impl From<Box<Refusal>> for host::Error {
    fn from(refusal: Box<Refusal>) -> Self {
        Self {
            kind: host::ErrorKind::Server,
            message: refusal.message,
            sqlstate: refusal.sqlstate,
            detail: refusal.detail,
            constraint: refusal.constraint,
            table: refusal.table,
            column: refusal.column,
            context: refusal.context,
        }
    }
}
