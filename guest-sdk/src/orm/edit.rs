mod remembered;

use std::cell::OnceCell;
use std::fmt;
use std::ops::{Deref, DerefMut};

pub(super) use remembered::Base;

use remembered::Remembered;

use super::meta::ModelMeta;
use super::model::{self, Model};
use super::query_set::decode_rows;
use super::related::Related;
use super::sql;
use super::value::Value;
use crate::database::Rows;
use crate::{Db, Error, Result};

/// A row that is being changed; `row.edit()` makes one.
///
/// It is used as the row itself, and remembers what the row held when it was
/// loaded. [`save`](Edit::save) writes the columns that differ, and no others.
///
/// ```no_run
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub stock: i32 }
/// # fn f(db: &plinth::Db) -> plinth::Result<()> {
/// let mut book = Book::objects().filter(Book::id.eq(7)).get(db)?.edit();
/// book.title = "The Dispossessed".into();
/// assert_eq!(book.changed(), ["title"]);
/// book.save(db)?;
/// # Ok(()) }
/// ```
///
/// For a change that depends on what the row holds, such as one less in stock,
/// [`QuerySet::update`](super::QuerySet::update) is right: Postgres reckons with
/// what is there then, and not with what was loaded.
///
/// With a column declared `version`, a row that another has changed since is not
/// overwritten: [`is_stale`](Error::is_stale).
///
/// What was saved in a transaction, or in a savepoint, that is undone is unsaved
/// again: the next `save` writes it. What Postgres had made of the row, such as
/// its version, is then as it was before; what the author had given it stays. A
/// row that was read in a transaction which is undone is written whole, since
/// what it held then may never have been in the table.
#[must_use = "an edited row is not changed until `save`"]
pub struct Edit<M> {
    row: M,
    remembered: Remembered,
    /// The row as it is once what was undone is taken back, for those who only
    /// look at it; without its relations, which are in `row`.
    taken_back: OnceCell<Option<Box<M>>>,
}

impl<M: Model> Edit<M> {
    /// Begins to change a row, which is as it is in the table.
    pub fn new(row: M) -> Self {
        let remembered = Remembered::new(encoded(&row));
        Self {
            row,
            remembered,
            taken_back: OnceCell::new(),
        }
    }

    /// The row, without what is remembered of it.
    #[must_use]
    pub fn into_inner(mut self) -> M {
        self.take_back();
        self.row
    }

    /// The names of the columns that differ from what they held, in the order
    /// of the fields.
    #[must_use]
    pub fn changed(&self) -> Vec<&'static str> {
        changed(M::META, &self.remembered, encoded(&self.row))
    }

    /// Writes the columns that were changed, and reads the row back. If none
    /// was, there is nothing to do.
    ///
    /// Columns declared `auto_now` are set too. Rows loaded with
    /// `select_related` stay loaded where the foreign key is what it was.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) when the row is gone;
    /// [`is_stale`](Error::is_stale) when the model has a `version` and the row
    /// is gone or of another version; [`is_invalid_query`](Error::is_invalid_query)
    /// when the primary key was changed; and when the statement fails, such as
    /// for a violated constraint. After an error it can be saved again.
    pub fn save(&mut self, db: &Db) -> Result<()> {
        self.take_back();
        let values = encoded(&self.row);
        if let Some(rows) = send(M::META, self.remembered.base(), &values, db)? {
            model::reload(&mut self.row, &rows)?;
            let written = encoded(&self.row);
            self.remembered.note_save(db.scope(), values, written);
        }
        Ok(())
    }

    /// Reads the row again and forgets its changes: Django's
    /// `refresh_from_db`.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) when the row is gone, and when the
    /// statement fails.
    pub fn refresh(&mut self, db: &Db) -> Result<()> {
        self.take_back();
        model::refresh(&mut self.row, db)?;
        let read = encoded(&self.row);
        self.remembered.note_refresh(db.scope(), read);
        Ok(())
    }

    /// Goes back to before the transactions that were undone.
    fn take_back(&mut self) {
        if !self.remembered.is_undone() {
            return;
        }
        self.taken_back.take();
        let (remembered, rows) = as_taken_back(M::META, &self.remembered, encoded(&self.row));
        // A value that Postgres cannot hold keeps the row as it is, until that
        // is mended; saving it fails before anything is sent.
        if rows.is_ok_and(|rows| model::reload(&mut self.row, &rows).is_ok()) {
            self.remembered = remembered;
        }
    }

    fn read_taken_back(&self) -> Option<Box<M>> {
        let (_, rows) = as_taken_back(M::META, &self.remembered, encoded(&self.row));
        let rows = decode_rows(&rows.ok()?, &Related::default());
        rows.ok()?.pop().map(Box::new)
    }
}

/// What is remembered, and the row, without what was undone.
fn as_taken_back(
    model: &ModelMeta,
    remembered: &Remembered,
    mut values: Vec<Value>,
) -> (Remembered, Result<Rows>) {
    let mut remembered = remembered.clone();
    remembered.undo(&mut values);
    let types = model.columns.iter().map(|column| column.sql.oid);
    let cells: Result<Vec<_>, _> = values.iter().map(Value::bytes).collect();
    let cells = cells.map_err(Error::encode);
    let rows = cells.and_then(|cells| Rows::of_row(types, &cells));
    (remembered, rows)
}

fn changed(
    model: &'static ModelMeta,
    remembered: &Remembered,
    mut values: Vec<Value>,
) -> Vec<&'static str> {
    let mut remembered = remembered.clone();
    remembered.undo(&mut values);
    let columns = model.columns.iter().enumerate();
    columns
        .filter(|(column, _)| sql::is_saved(model, remembered.base(), &values, *column))
        .map(|(_, column)| column.name)
        .collect()
}

/// The part of a save that is the same for all models; `None` when nothing was
/// changed.
fn send(model: &'static ModelMeta, base: &Base, values: &[Value], db: &Db) -> Result<Option<Rows>> {
    let Some(statement) = sql::save_row(model, base, values)? else {
        return Ok(None);
    };
    let rows = db.write(model, &statement)?;
    if rows.is_empty() && model.version.is_some() {
        return Err(Error::stale(model.table));
    }
    Ok(Some(rows))
}

/// Each column as the bytes that would be sent.
// Called where a row is loaded, compared and saved: inlined, it would be a
// kilobyte of each model.
#[inline(never)]
fn encoded<M: Model>(row: &M) -> Vec<Value> {
    let values = row.values();
    values.into_iter().map(Value::new).collect()
}

impl<M: Model> Deref for Edit<M> {
    type Target = M;

    fn deref(&self) -> &M {
        if !self.remembered.is_undone() {
            return &self.row;
        }
        let taken_back = self.taken_back.get_or_init(|| self.read_taken_back());
        taken_back.as_deref().unwrap_or(&self.row)
    }
}

impl<M: Model> DerefMut for Edit<M> {
    fn deref_mut(&mut self) -> &mut M {
        self.take_back();
        &mut self.row
    }
}

impl<M: Clone> Clone for Edit<M> {
    fn clone(&self) -> Self {
        Self {
            row: self.row.clone(),
            remembered: self.remembered.clone(),
            taken_back: OnceCell::new(),
        }
    }
}

impl<M: fmt::Debug> fmt::Debug for Edit<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Edit").field(&self.row).finish()
    }
}
