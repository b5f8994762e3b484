//! COPY: many rows as a stream, into a table or out of a query.

mod end_marker;
mod tuples;

use std::io::{ErrorKind, Read, Write};

use super::driver::Transaction;
use super::written::note_write;
use super::{Db, Statement};
use crate::bindings::plinth::host::database as host;
use crate::{Error, Result};

use end_marker::EndMarker;
pub(crate) use tuples::TupleReader;

/// How much crosses to the host at once; what it takes for certain.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;

/// Loading and exporting in a format of Postgres' own, as a stream: whatever
/// its length, 64 KiB of it are in memory.
///
/// In a transaction they are part of it. Otherwise each has one of its own: all
/// rows are there afterwards, or none. Nothing else can run in the transaction
/// meanwhile, which is why they borrow the `Db` mutably.
impl Db {
    /// Loads rows with a statement `COPY … FROM STDIN` of the plugin's own and
    /// returns how many there were. `data` is in the format that the statement
    /// names, and goes to Postgres as it is.
    ///
    /// At a line `\.` Postgres ends the load without a word of what stands
    /// behind it, in CSV before version 18 and in the text format; so there it is
    /// refused. Between quotes, and where nothing stands behind it in the text
    /// format, it is not.
    ///
    /// ```no_run
    /// # fn f(mut db: plinth::Db, file: &[u8]) -> plinth::Result<()> {
    /// let sql = "COPY books (title, stock) FROM STDIN (FORMAT csv, HEADER match, DELIMITER ';')";
    /// let rows = db.copy_in(sql, file)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When Postgres refuses the statement or a row, or a line would end the
    /// load, of which [`copy_line`](Error::copy_line) tells which; when `data`
    /// cannot be read.
    /// After an error the transaction has failed, back to its last savepoint.
    pub fn copy_in(&mut self, sql: &str, mut data: impl Read) -> Result<u64> {
        self.copying(|db| send(db, sql, &mut data))
    }

    /// Writes what a statement `COPY … TO STDOUT` of the plugin's own says to
    /// `out`, in the format that the statement names.
    ///
    /// ```no_run
    /// # fn f(mut db: plinth::Db) -> plinth::Result<Vec<u8>> {
    /// let mut csv = Vec::new();
    /// let sql = "COPY (SELECT id, title FROM books ORDER BY id) TO STDOUT (FORMAT csv, HEADER)";
    /// db.copy_out(sql, &mut csv)?;
    /// # Ok(csv) }
    /// ```
    ///
    /// # Errors
    ///
    /// When Postgres refuses the statement; when `out` cannot be written to,
    /// after which the transaction has failed as a whole.
    pub fn copy_out(&mut self, sql: &str, mut out: impl Write) -> Result<()> {
        self.copying(|db| db.receive_copy(sql, &mut out))
    }

    /// Loads CSV without a header into columns of a table, or into all of them
    /// if none is named, and returns how many rows there were.
    ///
    /// A field that is empty is NULL; one of two double quotes is the empty
    /// text. Columns that are not named have their defaults.
    ///
    /// ```no_run
    /// # fn f(mut db: plinth::Db) -> plinth::Result<()> {
    /// let rows = db.copy_csv_in("books", &["title", "stock"], &b"Dune,3\n\"Emma, again\",\n"[..])?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`copy_in`](Db::copy_in).
    pub fn copy_csv_in(&mut self, table: &str, columns: &[&str], data: impl Read) -> Result<u64> {
        let sql = ["COPY ", &names(table, columns), " FROM STDIN (FORMAT csv)"];
        self.copy_in(&sql.concat(), data)
    }

    /// Writes columns of a table to `out`, or all of them if none is named, as
    /// CSV without a header, which [`copy_csv_in`](Db::copy_csv_in) reads.
    ///
    /// All rows of the table, in no order; of a query set,
    /// [`copy_csv_out`](crate::orm::QuerySet::copy_csv_out) writes its rows.
    ///
    /// # Errors
    ///
    /// As [`copy_out`](Db::copy_out).
    pub fn copy_csv_out(&mut self, table: &str, columns: &[&str], out: impl Write) -> Result<()> {
        let sql = ["COPY ", &names(table, columns), " TO STDOUT (FORMAT csv)"];
        self.copy_out(&sql.concat(), out)
    }
}

impl Db {
    fn copying<T>(&self, copy: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        // What SQL of the author's own does is not known here.
        note_write(&self.name);
        self.join_or_begin_on(&self.name, copy)
    }
}

/// The table, and the columns between parentheses; each name between quotes.
fn names(table: &str, columns: &[&str]) -> String {
    let quoted = |name: &str| ["\"", &name.replace('"', "\"\""), "\""].concat();
    let columns: Vec<_> = columns.iter().map(|name| quoted(name)).collect();
    match columns.is_empty() {
        true => quoted(table),
        false => [&*quoted(table), " (", &columns.join(", "), ")"].concat(),
    }
}

fn send(db: &Db, sql: &str, data: &mut dyn Read) -> Result<u64> {
    let mut marker = EndMarker::of(sql, || server_version(db))?;
    let mut copy = CopyIn::begin(db, sql)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match data.read(&mut chunk) {
            Ok(0) => return copy.finish(),
            Ok(length) => {
                let data = &chunk[..length];
                if let Some(line) = marker.find(data) {
                    return Err(ended_early(line, sql));
                }
                copy.write(data)?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::other(error.to_string())),
        }
    }
}

/// The server's version, as one number: 150004.
fn server_version(db: &Db) -> Result<u32> {
    let rows = db.query_on(db.name(), &Statement::new("SHOW server_version_num", &[])?)?;
    let version = rows.first().map(|row| row.get::<String>(0)).transpose()?;
    // None that is not known is taken for an old one, which ends the load.
    Ok(version
        .and_then(|version| version.parse().ok())
        .unwrap_or(0))
}

/// As Postgres tells of a line.
fn ended_early(line: u64, sql: &str) -> Error {
    let message = "a line `\\.` ends the load here, and Postgres would ignore what stands behind \
                   it; to load it as a value of CSV put it between quotes, `\"\\.\"`";
    let error = host::Error {
        kind: host::ErrorKind::Server,
        message: message.to_owned(),
        sqlstate: Some(BAD_COPY_FILE_FORMAT.to_owned()),
        context: Some(format!("COPY FROM STDIN, line {line}")),
        detail: None,
        constraint: None,
        table: None,
        column: None,
    };
    Error::database(error, sql)
}

const BAD_COPY_FILE_FORMAT: &str = "22P04";

/// Rows that come out, of the transaction that this is.
impl Db {
    /// All that a statement says.
    pub(crate) fn receive_copy(&self, sql: &str, out: &mut dyn Write) -> Result<()> {
        self.begin_copy_out(sql)?;
        loop {
            let chunk = self.read_copy(sql)?;
            if chunk.is_empty() {
                return Ok(());
            }
            if let Err(error) = out.write_all(&chunk) {
                self.abort_copy();
                return Err(Error::other(error.to_string()));
            }
        }
    }

    pub(crate) fn begin_copy_out(&self, sql: &str) -> Result<()> {
        self.open_transaction()?.copy_out(sql)
    }

    /// The next bytes; none at the end.
    pub(crate) fn read_copy(&self, sql: &str) -> Result<Vec<u8>> {
        self.open_transaction()?.copy_read(sql)
    }

    pub(crate) fn abort_copy(&self) {
        if let Some(open) = &self.transaction {
            open.handle.copy_abort();
        }
    }

    fn open_transaction(&self) -> Result<&Transaction> {
        let transaction = self.transaction.as_ref().map(|open| &open.handle);
        transaction.ok_or_else(|| Error::invalid_query("a COPY needs a transaction around it"))
    }
}

/// Rows that go in. Dropped before its end it is given up, and fails the
/// transaction back to its last savepoint.
pub(crate) struct CopyIn<'db> {
    transaction: &'db Transaction,
    sql: String,
    is_open: bool,
}

impl<'db> CopyIn<'db> {
    pub(crate) fn begin(db: &'db Db, sql: &str) -> Result<Self> {
        let transaction = db.open_transaction()?;
        transaction.copy_in(sql)?;
        Ok(Self {
            transaction,
            sql: sql.to_owned(),
            is_open: true,
        })
    }

    /// Sends bytes; where they are cut does not matter to Postgres.
    pub(crate) fn write(&mut self, data: &[u8]) -> Result<()> {
        let mut chunks = data.chunks(CHUNK_BYTES);
        chunks.try_for_each(|chunk| self.transaction.copy_write(chunk, &self.sql))
    }

    pub(crate) fn finish(mut self) -> Result<u64> {
        self.is_open = false;
        self.transaction.copy_finish(&self.sql)
    }
}

impl Drop for CopyIn<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.transaction.copy_abort();
        }
    }
}
