//! The statements and rows of the native peer; the component
//! `statements` and `peers/psycopg_peer.py` have the same.

use jiff::Timestamp;
use tokio_postgres::{Error, Row};

pub(super) const LIST: &str = include_str!("../../statements/list.sql");
pub(super) const PRIMARY_KEY: &str = include_str!("../../statements/primary_key.sql");
pub(super) const RANGE: &str = include_str!("../../statements/range.sql");
pub(super) const UPDATE: &str = include_str!("../../statements/update.sql");
pub(super) const INSERT: &str = include_str!("../../statements/insert.sql");
pub(super) const COPY: &str = include_str!("../../statements/copy.sql");

pub(super) const LIST_ROWS: usize = 50;
pub(super) const RANGE_ROWS: i64 = 20;
pub(super) const PIPELINE: i64 = 20;

const ROWS: i64 = 10_000;

/// Keys far from each other, so that no page stays the only one that is read.
pub(super) fn key(turn: i64) -> i64 {
    1 + turn * 7919 % ROWS
}

/// The first and the last key of a range.
pub(super) fn range(turn: i64) -> (i64, i64) {
    let first = key(turn).min(ROWS - RANGE_ROWS);
    (first, first + RANGE_ROWS - 1)
}

/// A row to insert.
pub(super) fn event(number: i64) -> (i64, &'static str, i32, bool) {
    let pages = i32::try_from(number % 900).unwrap_or(0) + 100;
    (number, "The title of an event", pages, number % 3 != 0)
}

/// A row of `books`, each value as what it is.
#[expect(dead_code, reason = "reading the values is what is measured")]
pub(super) struct Book {
    id: i64,
    title: String,
    isbn: String,
    pages: i32,
    published: bool,
    author_id: i64,
    created_at: Timestamp,
}

impl TryFrom<&Row> for Book {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get(0)?,
            title: row.try_get(1)?,
            isbn: row.try_get(2)?,
            pages: row.try_get(3)?,
            published: row.try_get(4)?,
            author_id: row.try_get(5)?,
            created_at: row.try_get(6)?,
        })
    }
}
