use std::fmt;
use std::ops::{Deref, DerefMut};

use super::meta::ModelMeta;
use super::model::{self, Model};
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
#[must_use = "an edited row is not changed until `save`"]
pub struct Edit<M> {
    row: M,
    /// What each column held when the row was loaded or saved.
    loaded: Vec<Value>,
}

impl<M: Model> Edit<M> {
    /// Begins to change a row, which is as it is in the table.
    pub fn new(row: M) -> Self {
        let loaded = encoded(&row);
        Self { row, loaded }
    }

    /// The row, without what is remembered of it.
    #[must_use]
    pub fn into_inner(self) -> M {
        self.row
    }

    /// The names of the columns that differ from what they held, in the order
    /// of the fields.
    #[must_use]
    pub fn changed(&self) -> Vec<&'static str> {
        let values = encoded(&self.row);
        let columns = M::META.columns.iter().zip(values.iter().zip(&self.loaded));
        columns
            .filter(|(_, (value, before))| value.differs_from(before))
            .map(|(column, _)| column.name)
            .collect()
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
        let values = encoded(&self.row);
        if let Some(rows) = send(M::META, &self.loaded, &values, db)? {
            model::reload(&mut self.row, &rows)?;
            self.loaded = encoded(&self.row);
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
        model::refresh(&mut self.row, db)?;
        self.loaded = encoded(&self.row);
        Ok(())
    }
}

/// The part of a save that is the same for all models; `None` when nothing was
/// changed.
fn send(
    model: &'static ModelMeta,
    loaded: &[Value],
    values: &[Value],
    db: &Db,
) -> Result<Option<Rows>> {
    let Some(statement) = sql::save_row(model, loaded, values)? else {
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

impl<M> Deref for Edit<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.row
    }
}

impl<M> DerefMut for Edit<M> {
    fn deref_mut(&mut self) -> &mut M {
        &mut self.row
    }
}

impl<M: Clone> Clone for Edit<M> {
    fn clone(&self) -> Self {
        Self {
            row: self.row.clone(),
            loaded: self.loaded.clone(),
        }
    }
}

impl<M: fmt::Debug> fmt::Debug for Edit<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Edit").field(&self.row).finish()
    }
}
