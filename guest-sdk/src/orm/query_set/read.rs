//! Reading the rows of a query set.

use std::collections::HashMap;
use std::hash::Hash;

use super::QuerySet;
use crate::database::{Rows, Statement};
use crate::orm::by_key::ByKey;
use crate::orm::column::Column;
use crate::orm::meta::ModelMeta;
use crate::orm::model::Model;
use crate::orm::path::RelationPath;
use crate::orm::related::Related;
use crate::orm::row_reader::RowReader;
use crate::orm::select::Select;
use crate::orm::selection::Selected;
use crate::orm::sql::{self, Ask};
use crate::orm::value::Value;
use crate::orm::values::only;
use crate::{Db, Error, Result};

impl<M: Model> QuerySet<M> {
    /// The rows.
    ///
    /// # Errors
    ///
    /// When the statement fails, or a value does not fit its field.
    pub fn all(&self, db: &Db) -> Result<Vec<M>> {
        self.rows(Ask::All, db)
    }

    /// The first row, if there is one; by primary key when no ordering is
    /// given.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn first(&self, db: &Db) -> Result<Option<M>> {
        Ok(self.rows(Ask::First, db)?.pop())
    }

    /// The last row, if there is one; by primary key when no ordering is given.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all), and
    /// [`is_invalid_query`](Error::is_invalid_query) for a slice.
    pub fn last(&self, db: &Db) -> Result<Option<M>> {
        self.select.refuse_slice("last")?;
        let mut last = self.clone();
        last.select = self.select.reversed();
        Ok(last.rows(Ask::First, db)?.pop())
    }

    /// The row with the greatest value in a column, whatever the ordering; one
    /// with NULL only if there is no other.
    ///
    /// # Errors
    ///
    /// As [`last`](Self::last).
    pub fn latest<T>(&self, column: Column<M, T>, db: &Db) -> Result<Option<M>> {
        self.select.refuse_slice("latest")?;
        self.clone()
            .order_by([column.desc().nulls_last()])
            .first(db)
    }

    /// The row with the smallest value in a column, whatever the ordering; one
    /// with NULL only if there is no other.
    ///
    /// # Errors
    ///
    /// As [`last`](Self::last).
    pub fn earliest<T>(&self, column: Column<M, T>, db: &Db) -> Result<Option<M>> {
        self.select.refuse_slice("earliest")?;
        self.clone().order_by([column.asc().nulls_last()]).first(db)
    }

    /// The rows with these primary keys, each by the key that was asked for; keys
    /// without a row are left out.
    ///
    /// # Errors
    ///
    /// As [`last`](Self::last).
    pub fn in_bulk(
        &self,
        keys: impl IntoIterator<Item = M::Key>,
        db: &Db,
    ) -> Result<HashMap<M::Key, M>>
    where
        M::Key: Eq + Hash,
    {
        self.select.refuse_slice("in_bulk")?;
        let keys: Vec<M::Key> = keys.into_iter().collect();
        let by = ByKey {
            select: self.select.clone(),
            prefix: RelationPath::ROOT,
            key: Selected::key(M::META),
            column: Some(M::META.key),
        };
        let values: Vec<Value> = keys.iter().map(|key| Value::new(key)).collect();
        let rows = self.rows_by(by, &values, db)?;
        let rows = keys.into_iter().zip(rows);
        Ok(rows
            .filter_map(|(key, mut rows)| Some((key, rows.pop()?)))
            .collect())
    }

    /// The only row.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) when there is none,
    /// [`is_multiple_objects`](Error::is_multiple_objects) when there are
    /// several, and as [`all`](Self::all).
    pub fn get(&self, db: &Db) -> Result<M> {
        only(self.rows(Ask::Two, db)?, M::META.table)
    }

    /// The only row, as [`get`](Self::get); for handlers, where its absence is
    /// the client's 404 and no fault of the plugin: Django's
    /// `get_object_or_404`.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_or_404(&self, db: &Db) -> Result<M> {
        self.get(db)
    }

    /// Whether there is any row.
    ///
    /// # Errors
    ///
    /// When the statement fails.
    pub fn exists(&self, db: &Db) -> Result<bool> {
        Ok(!self.run(Ask::Exists, db)?.is_empty())
    }

    /// How many rows there are; of a slice, how many it has.
    ///
    /// # Errors
    ///
    /// When the statement fails.
    pub fn count(&self, db: &Db) -> Result<i64> {
        let rows = self.run(Ask::Count, db)?;
        let row = rows
            .first()
            .ok_or_else(|| Error::not_found(M::META.table))?;
        row.get(0)
    }

    /// The statement that [`all`](Self::all) runs.
    ///
    /// ```
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
    /// let statement = Book::objects().filter(Book::title.eq("Dune")).to_sql()?;
    /// assert_eq!(
    ///     statement.to_string(),
    ///     "-- SELECT (1 parameter)\n\
    ///      SELECT \"id\", \"title\" FROM \"books\" WHERE \"title\" = $1\n\
    ///      --   $1 = 'Dune'"
    /// );
    /// # Ok::<(), plinth::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`is_invalid_query`](Error::is_invalid_query) when the query makes no
    /// sense, and [`is_encode`](Error::is_encode) when Postgres cannot hold a
    /// value in it.
    pub fn to_sql(&self) -> Result<Statement> {
        sql::select(&self.select, Ask::All)
    }

    pub(super) fn rows(&self, ask: Ask, db: &Db) -> Result<Vec<M>> {
        let rows = self.run(ask, db)?;
        let mut rows = decode_rows(&rows, &self.select.related())?;
        self.prefetch(&mut rows, db)?;
        Ok(rows)
    }

    fn run(&self, ask: Ask, db: &Db) -> Result<Rows> {
        run(&self.select, ask, db)
    }
}

/// Runs a query. Outside of a transaction its locks would be gone before its
/// rows are there.
pub(in crate::orm) fn run(select: &Select, ask: Ask, db: &Db) -> Result<Rows> {
    if select.lock.is_some() {
        db.require_transaction()?;
    }
    db.read(select.model, &sql::select(select, ask)?)
}

/// How many rows to make room for before they turn out to be there.
const CAPACITY_MAX: usize = 1024;

pub(in crate::orm) fn decode_rows<M: Model>(rows: &Rows, related: &Related) -> Result<Vec<M>> {
    let models = row_models(M::META, related);
    let mut reader = RowReader::new(rows, &models)?;
    let mut decoded = Vec::with_capacity(rows.len().min(CAPACITY_MAX));
    for _ in 0..rows.len() {
        reader.begin_row();
        decoded.push(M::decode(&mut reader, related)?);
    }
    Ok(decoded)
}

/// The models whose columns make up a row.
fn row_models(root: &'static ModelMeta, related: &Related) -> Vec<&'static ModelMeta> {
    let mut models = vec![root];
    models.extend(related.models(root).into_iter().map(|(_, model)| model));
    models
}
