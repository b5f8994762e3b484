//! Reading the rows of a query with COPY.

use std::fmt;
use std::io::Write;
use std::vec;

use super::cursor::{CursorDb, Decode};
use super::model::Model;
use super::query_set::{QuerySet, decode_rows};
use super::select::Select;
use super::selection::Selection;
use super::sql;
use super::values::{Values, read_rows};
use crate::database::{DecodeError, Rows, Statement, TupleReader};
use crate::{Db, Error, Result};

/// The rows of a query as they come out of a COPY: however many there are, 64
/// KiB of them are in the plugin's memory.
///
/// Made by [`QuerySet::copy_out`] and [`Values::copy_out`]. It stops after an
/// error. Dropped before its end it fails the transaction, for the rows that are
/// on their way can't be called back.
#[must_use = "rows are read as they are asked for"]
pub struct CopyOut<'db, R> {
    db: CursorDb<'db>,
    sql: String,
    tuples: TupleReader,
    /// The columns, and the rows that came last.
    part: Rows,
    decode: Decode<'db, R>,
    rows: vec::IntoIter<R>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// After an error.
    Failed,
    Ended,
}

impl<M: Model> QuerySet<M> {
    /// The rows one after the other, by Postgres' COPY: the quickest way to read
    /// many, where [`iterator`](Self::iterator) can stop at any row and run
    /// other statements meanwhile.
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub stock: i32 }
    /// # fn f(mut db: Db) -> Result<()> {
    /// let mut letters = 0;
    /// for book in Book::objects().filter(Book::stock.gt(0)).copy_out(&mut db)? {
    ///     letters += book?.title.len();
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// COPY takes no parameters, so the values in the query stand in its text.
    /// Those of `money` and of types that are not built into Postgres can't.
    ///
    /// # Errors
    ///
    /// When the statement fails, and [`is_invalid_query`](Error::is_invalid_query)
    /// for a value that can't stand there, for `prefetch_related`, and for
    /// `for_update`.
    pub fn copy_out<'db>(&self, db: &'db mut Db) -> Result<CopyOut<'db, M>>
    where
        M: 'db,
    {
        self.as_select().refuse_prefetches("copy_out")?;
        let related = self.as_select().related();
        let decode = move |rows: &Rows, _: &Db| decode_rows(rows, &related);
        CopyOut::open(self.as_select(), Box::new(decode), db)
    }

    /// Writes the rows to `out` as CSV without a header, by Postgres' COPY.
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
    /// # fn f(mut db: Db) -> Result<Vec<u8>> {
    /// let mut csv = b"id,title\n".to_vec();
    /// Book::objects().order_by([Book::id.asc()]).copy_csv_out(&mut csv, &mut db)?;
    /// # Ok(csv) }
    /// ```
    ///
    /// NULL is an empty field, and the empty text two double quotes.
    ///
    /// # Errors
    ///
    /// As [`copy_out`](Self::copy_out) and [`Db::copy_out`].
    pub fn copy_csv_out(&self, mut out: impl Write, db: &mut Db) -> Result<()> {
        self.as_select().refuse_prefetches("copy_csv_out")?;
        csv(self.as_select(), &mut out, db)
    }
}

impl<M: Model, S: Selection<M>> Values<M, S> {
    /// The rows one after the other, by Postgres' COPY; see
    /// [`QuerySet::copy_out`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn copy_out<'db>(&self, db: &'db mut Db) -> Result<CopyOut<'db, S::Row>> {
        let select = self.as_select().clone();
        let decode = move |rows: &Rows, _: &Db| read_rows::<M, S>(rows, &select);
        CopyOut::open(self.as_select(), Box::new(decode), db)
    }

    /// Writes the rows to `out` as CSV without a header; see
    /// [`QuerySet::copy_csv_out`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn copy_csv_out(&self, mut out: impl Write, db: &mut Db) -> Result<()> {
        csv(self.as_select(), &mut out, db)
    }
}

fn csv(select: &Select, out: &mut dyn Write, db: &Db) -> Result<()> {
    let sql = [
        "COPY (",
        &query(select, "copy_csv_out")?,
        ") TO STDOUT (FORMAT csv)",
    ]
    .concat();
    let db = CursorDb::of(db, select.model)?;
    db.db().receive_copy(&sql, out)
}

fn query(select: &Select, method: &'static str) -> Result<String> {
    select.refuse_lock(method, "a COPY locks no rows; use `iterator`")?;
    sql::copy_out(select)
}

impl<'db, R> CopyOut<'db, R> {
    fn open(select: &Select, decode: Decode<'db, R>, db: &'db Db) -> Result<Self> {
        let query = query(select, "copy_out")?;
        let db = CursorDb::of(db, select.model)?;
        // COPY does not tell the types of its columns.
        let types = ["SELECT * FROM (", &query, ") AS copied LIMIT 0"].concat();
        let types = Statement::new(types, &[])?;
        let columns = db.db().query_on(db.db().name(), &types)?;
        let tuples = TupleReader::new(columns.types().len()).map_err(|e| broken(&e))?;
        let sql = ["COPY (", &query, ") TO STDOUT (FORMAT binary)"].concat();
        db.db().begin_copy_out(&sql)?;
        Ok(Self {
            db,
            sql,
            tuples,
            part: columns,
            decode,
            rows: Vec::new().into_iter(),
            state: State::Open,
        })
    }

    fn read(&mut self) -> Result<()> {
        let db = self.db.db();
        let chunk = db.read_copy(&self.sql)?;
        if chunk.is_empty() {
            self.state = State::Ended;
            return match self.tuples.is_at_end() {
                true => Ok(()),
                false => Err(broken(&DecodeError::from("it ends before its end"))),
            };
        }
        let mut cells = Vec::with_capacity(chunk.len());
        let count = self.tuples.push(&chunk, &mut cells);
        self.part.refill(count.map_err(|e| broken(&e))?, cells);
        self.rows = (self.decode)(&self.part, db)?.into_iter();
        Ok(())
    }
}

fn broken(reason: &DecodeError) -> Error {
    Error::other(format!("cannot read a COPY: {reason}"))
}

impl<R> Iterator for CopyOut<'_, R> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Result<R>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            if self.state != State::Open {
                return None;
            }
            if let Err(error) = self.read() {
                self.state = State::Failed;
                return Some(Err(error));
            }
        }
    }
}

impl<R> Drop for CopyOut<'_, R> {
    fn drop(&mut self) {
        if self.state != State::Ended {
            self.db.db().abort_copy();
        }
    }
}

impl<R> fmt::Debug for CopyOut<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CopyOut").field(&self.sql).finish()
    }
}
