//! Statements on a database, and transactions.
//!
//! The ORM in [`orm`](crate::orm) writes the SQL of most plugins; [`Db`] is
//! where its queries run, and where a plugin's own SQL does:
//!
//! ```no_run
//! # use plinth::{Db, Result};
//! fn longest(db: &Db, author: i64) -> Result<Option<String>> {
//!     let rows = db.query(
//!         "SELECT title FROM books WHERE author_id = $1 ORDER BY pages DESC LIMIT 1",
//!         &[&author],
//!     )?;
//!     rows.first().map(|row| row.get("title")).transpose()
//! }
//! ```

mod cells;
mod column_type;
mod copy;
mod cursor_names;
mod db;
mod driver;
mod explain;
mod inline;
mod literal;
mod on_commit;
mod operation;
mod parameters;
mod pipeline;
mod plan;
mod rows;
mod start;
mod statement;
mod statistics;
mod transaction;
mod transaction_options;
mod transaction_scope;
mod written;

pub use column_type::{
    BitString, Cidr, Composite, Hstore, Inet, Interval, MacAddr, Money, PgLsn, Range, RangeElement,
    TimeTz, Xml,
};
pub use column_type::{ColumnType, DecodeError, EncodeError, SqlType};
pub use db::Db;
pub use explain::Explain;
pub use operation::{IntoOperation, Operation};
pub use parameters::{Parameter, ParameterRow, Parameters};
pub use pipeline::Operations;
pub use plan::{Plan, PlanNode};
pub use rows::{ColumnIndex, Row, Rows, RowsIter};
pub use statement::Statement;
pub use statistics::PoolStatistics;
pub use transaction_options::TransactionOptions;

pub use bytes::BytesMut;
pub use postgres_types::Type;

pub(crate) use cells::Cells;
pub(crate) use column_type::{write_array, write_array_of};
pub(crate) use copy::{CHUNK_BYTES, CopyIn, TupleReader};
pub(crate) use cursor_names::CursorName;
pub(crate) use db::DEFAULT;
pub(crate) use literal::exact_literals;
pub(crate) use parameters::{PARAMETERS_MAX, write_cell};

pub(crate) use transaction_scope::{TransactionScope, open_scopes};
pub(crate) use written::{begin_request, is_written, note_write};

#[cfg(test)]
pub(crate) use driver::script::Script;
#[cfg(not(target_family = "wasm"))]
pub(crate) use driver::{Capture, Driver, install};
