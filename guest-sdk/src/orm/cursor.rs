//! Rows that come in parts.

use std::fmt;
use std::vec;

use super::meta::ModelMeta;
use super::model::Model;
use super::query_set::{QuerySet, decode_rows};
use super::select::Select;
use super::selection::Selection;
use super::sql::{self, Ask};
use super::values::{Values, read_rows};
use crate::database::{CursorName, Rows, Statement};
use crate::{Db, Result};

/// The rows of a query in parts, from a cursor in Postgres: Django's
/// `iterator`. However many there are, only one part is in the plugin's memory.
///
/// Made by [`QuerySet::iterator`] and [`Values::iterator`]. It stops after an
/// error. Dropping it closes the cursor.
#[must_use = "rows are fetched as they are asked for"]
pub struct RowIterator<'db, R> {
    db: CursorDb<'db>,
    name: CursorName,
    fetch: Statement,
    chunk_rows: u32,
    decode: Decode<'db, R>,
    rows: vec::IntoIter<R>,
    is_at_end: bool,
}

/// How a part is read, with what else is loaded for it.
pub(super) type Decode<'db, R> = Box<dyn Fn(&Rows, &Db) -> Result<Vec<R>> + 'db>;

/// A transaction, which a cursor needs: the caller's, or one of its own.
pub(super) enum CursorDb<'db> {
    Shared(&'db Db),
    Own(Db),
}

impl<'db> CursorDb<'db> {
    /// The one for reading a model's rows.
    pub(super) fn of(db: &'db Db, model: &ModelMeta) -> Result<Self> {
        Ok(match db.begin_read(model)? {
            None => CursorDb::Shared(db),
            Some(own) => CursorDb::Own(own),
        })
    }

    pub(super) fn db(&self) -> &Db {
        match self {
            Self::Shared(db) => db,
            Self::Own(db) => db,
        }
    }
}

impl<M: Model> QuerySet<M> {
    /// The rows one after the other, `chunk_rows` of them fetched at a time.
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
    /// # fn f(db: &Db) -> Result<()> {
    /// let mut longest = 0;
    /// for book in Book::objects().iterator(500, db)? {
    ///     longest = longest.max(book?.title.len());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// It sees the rows as they were when it began. In a transaction it is part
    /// of that; otherwise it has one of its own, and so a connection, until it
    /// is dropped. What [`prefetch_related`](Self::prefetch_related) loads is
    /// loaded for each part.
    ///
    /// # Errors
    ///
    /// When the statement fails, and outside of a transaction for rows that are to
    /// be locked.
    pub fn iterator<'db>(&self, chunk_rows: u32, db: &'db Db) -> Result<RowIterator<'db, M>>
    where
        M: 'db,
    {
        let (query, related) = (self.clone(), self.as_select().related());
        let decode = move |rows: &Rows, db: &Db| {
            let mut rows = decode_rows(rows, &related)?;
            query.prefetch(&mut rows, db)?;
            Ok(rows)
        };
        RowIterator::open(self.as_select(), chunk_rows, Box::new(decode), db)
    }
}

impl<M: Model, S: Selection<M>> Values<M, S> {
    /// The rows one after the other, `chunk_rows` of them fetched at a time; see
    /// [`QuerySet::iterator`].
    ///
    /// # Errors
    ///
    /// When the statement fails.
    pub fn iterator<'db>(&self, chunk_rows: u32, db: &'db Db) -> Result<RowIterator<'db, S::Row>> {
        let select = self.as_select().clone();
        let decode = move |rows: &Rows, _: &Db| read_rows::<M, S>(rows, &select);
        RowIterator::open(self.as_select(), chunk_rows, Box::new(decode), db)
    }
}

impl<'db, R> RowIterator<'db, R> {
    fn open(select: &Select, chunk_rows: u32, decode: Decode<'db, R>, db: &'db Db) -> Result<Self> {
        if select.lock.is_some() {
            db.require_transaction()?;
        }
        let query = sql::select(select, Ask::All)?;
        let db = CursorDb::of(db, select.model)?;
        let own = db.db();
        let name = own.name_cursor(&query);
        let fetch = declare(own, query, &name.sql(), chunk_rows.max(1))
            .inspect_err(|_| own.forget_cursor(&name))?;
        Ok(Self {
            db,
            name,
            fetch,
            chunk_rows: chunk_rows.max(1),
            decode,
            rows: Vec::new().into_iter(),
            is_at_end: false,
        })
    }

    fn fetch(&mut self) -> Result<()> {
        let db = self.db.db();
        let rows = db.query_on(db.name(), &self.fetch)?;
        self.is_at_end = rows.len() < self.chunk_rows as usize;
        self.rows = (self.decode)(&rows, db)?.into_iter();
        Ok(())
    }
}

/// Opens a cursor and makes the statement that reads on from it.
fn declare(db: &Db, query: Statement, name: &str, chunk_rows: u32) -> Result<Statement> {
    let declare = query.after(&format!("DECLARE {name} NO SCROLL CURSOR FOR "));
    db.execute_on(db.name(), &declare)?;
    Statement::new(format!("FETCH {chunk_rows} FROM {name}"), &[])
}

impl<R> Iterator for RowIterator<'_, R> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Result<R>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            if self.is_at_end {
                return None;
            }
            if let Err(error) = self.fetch() {
                self.is_at_end = true;
                return Some(Err(error));
            }
        }
    }
}

impl<R> Drop for RowIterator<'_, R> {
    fn drop(&mut self) {
        // A transaction of its own ends with it, and the cursor in it. One that
        // failed has closed the cursor already.
        if let CursorDb::Shared(db) = &self.db {
            let _ = db.execute(format!("CLOSE {}", self.name.sql()), &[]);
            db.forget_cursor(&self.name);
        }
    }
}

impl<R> fmt::Debug for RowIterator<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RowIterator")
            .field(&self.name.sql())
            .finish()
    }
}
