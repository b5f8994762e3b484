//! The rows that are read and written, and which of them.

use std::hint::black_box;

use plinth::database::{Row, Rows};
use plinth::prelude::*;

/// How many rows each table has that is read.
pub(crate) const ROWS: i64 = 10_000;

/// Keys far from each other, so that no page stays the only one that is read.
pub(crate) fn key(turn: i64) -> i64 {
    1 + turn * 7919 % ROWS
}

/// A row to insert.
pub(crate) fn event(number: i64) -> (i64, &'static str, i32, bool) {
    let pages = i32::try_from(number % 900).unwrap_or(0) + 100;
    (number, "The title of an event", pages, number % 3 != 0)
}

/// A row of `events`, which only COPY writes as one.
#[derive(Model)]
#[model(table = "events")]
pub(crate) struct Event {
    #[model(key)]
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) pages: i32,
    pub(crate) published: bool,
}

/// A row of `books`, each value as what it is.
#[expect(dead_code, reason = "reading the values is what is measured")]
pub(crate) struct Book {
    id: i64,
    title: String,
    isbn: String,
    pages: i32,
    published: bool,
    author_id: i64,
    created_at: Timestamp,
}

impl Book {
    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            title: row.get(1)?,
            isbn: row.get(2)?,
            pages: row.get(3)?,
            published: row.get(4)?,
            author_id: row.get(5)?,
            created_at: row.get(6)?,
        })
    }

    /// Reads all of the rows, which must be so many.
    pub(crate) fn read_all(rows: &Rows, count: i64) -> Result<()> {
        let books: Vec<Self> = rows
            .iter()
            .map(|row| Self::read(&row))
            .collect::<Result<_>>()?;
        expect(black_box(&books).len() as u64, count.unsigned_abs())
    }
}

/// Fails where Postgres did less than it was asked to: that is no measurement.
pub(crate) fn expect(found: u64, expected: u64) -> Result<()> {
    if found == expected {
        Ok(())
    } else {
        Err(Problem::conflict(format!("{found} rows instead of {expected}")).into())
    }
}
