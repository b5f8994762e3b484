use super::draft::Draft;
use super::meta::ModelMeta;
use super::path::Relation;
use super::query_set::decode_rows;
use super::related::Related;
use super::row_reader::RowReader;
use super::sql;
use super::values::only;
use crate::database::{ColumnType, Parameter, Rows, Statement};
use crate::{Db, Error, Result};

/// A table whose rows are values of this type, Django's `models.Model`; derived,
/// never written by hand.
///
/// See [`#[derive(Model)]`](derive@crate::Model) for the attributes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    note = "derive it: `#[derive(Model)] #[model(table = \"…\")]`"
)]
pub trait Model: Sized + 'static {
    /// The type of the primary key.
    type Key: ColumnType + Clone;

    /// A row that is about to be inserted; see [`create!`](crate::create!).
    type New: Draft<Model = Self>;

    /// The columns and relations seen over a relation of `Root`.
    type Path<Root: 'static>: Relation<Root>;

    /// The table's description.
    const META: &'static ModelMeta;

    /// The value of the primary key.
    fn key(&self) -> &Self::Key;

    /// Reads one row, with the relations that the query loaded.
    ///
    /// # Errors
    ///
    /// When a value does not fit its field.
    fn decode(row: &mut RowReader<'_>, related: &Related) -> Result<Self>;

    /// Its values, in the order of the columns.
    fn values(&self) -> Vec<&dyn Parameter>;

    /// Takes over the rows that were loaded with an earlier state of this row,
    /// as far as its foreign keys are what they were.
    fn keep_related(&mut self, _before: &mut Self) {}
}

/// Deletes a row by its key, or marks it if its model has
/// [soft deletion](super::SoftDelete); `row.delete(db)` is this.
///
/// Of a model with a `version`, only if the row is still of the version that is
/// given, as with [`Edit::save`](super::Edit::save).
///
/// # Errors
///
/// [`is_not_found`](Error::is_not_found) when it is gone already;
/// [`is_stale`](Error::is_stale) when the model has a `version` and the row is gone
/// or of another version; and when the statement fails, such as because others
/// refer to it.
pub fn delete<M: Model>(row: &M, db: &Db) -> Result<()> {
    let statement = sql::delete_row(M::META, &row.values())?;
    run_deletion(M::META, &statement, db)
}

/// The part of a row's deletion that is the same for all models.
pub(super) fn run_deletion(
    model: &'static ModelMeta,
    statement: &Statement,
    db: &Db,
) -> Result<()> {
    match (db.change(model, statement)?, model.version) {
        (0, Some(_)) => Err(Error::stale(model.table)),
        (0, None) => Err(Error::not_found(model.table)),
        _ => Ok(()),
    }
}

/// Reads a row again; `row.refresh(db)` is this.
///
/// # Errors
///
/// [`is_not_found`](Error::is_not_found) when it is gone, and when the
/// statement fails.
pub fn refresh<M: Model>(row: &mut M, db: &Db) -> Result<()> {
    let rows = db.read(M::META, &sql::select_row(M::META, row.key())?)?;
    reload(row, &rows)
}

/// Puts what a statement returned in a row's place.
pub(super) fn reload<M: Model>(row: &mut M, rows: &Rows) -> Result<()> {
    let mut fresh: M = only(decode_rows(rows, &Related::default())?, M::META.table)?;
    fresh.keep_related(row);
    *row = fresh;
    Ok(())
}
