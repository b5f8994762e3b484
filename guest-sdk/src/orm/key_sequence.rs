use super::meta::{ColumnMeta, ModelMeta};
use super::model::Model;
use crate::database::{Rows, Statement};
use crate::{Db, Error, Result};

/// Moves the sequence of a model's `auto` key behind the greatest key in its
/// table: Django's `sqlsequencereset`.
///
/// A row that is inserted with a key of the author's own does not move it, so
/// that a later insert without one would get a key that is taken. Call it once
/// after such rows, as of an import.
///
/// ```no_run
/// # use plinth::prelude::*;
/// # #[derive(Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
/// # fn f(old: Vec<(i64, String)>, mut db: Db) -> Result<()> {
/// let books = old.into_iter().map(|(id, title)| create!(Book { id, title }));
/// Book::objects().copy_in(books, &mut db)?;
/// plinth::orm::sync_key_sequence::<Book>(&db)?;
/// # Ok(()) }
/// ```
///
/// It goes on and never back, however many others insert meanwhile; what it
/// passes over is used by no one, also when the transaction is rolled back. Keys
/// of one's own that others insert at the same time it may not see.
///
/// # Errors
///
/// [`is_invalid_query`](Error::is_invalid_query) when the key is not `auto`, has
/// no sequence in the database, or is more than ten million numbers before it,
/// which only the owner of the sequence can pass over at once; and when a
/// statement fails.
pub fn sync_key_sequence<M: Model>(db: &Db) -> Result<()> {
    sync(M::META, db)
}

/// A plugin's role may take the next number and not set it. Ten million take a
/// few seconds.
const NUMBERS_MAX: i64 = 10_000_000;

fn sync(model: &ModelMeta, db: &Db) -> Result<()> {
    let key = model.key_column();
    if !key.auto {
        return Err(Error::invalid_query(format!(
            "the key of `{}` is not `auto`, so it has no sequence",
            model.table
        )));
    }
    let (table, column) = (quoted(model.table), quoted(key.name));
    let greatest = format!("SELECT CAST(MAX({column}) AS bigint) FROM {table}");
    let greatest = number(&db.write(model, &Statement::new(greatest, &[])?)?)?;
    let Some(greatest) = greatest else {
        return Ok(());
    };
    let first = take(model, 1, db)?;
    let missing = greatest.saturating_sub(first);
    if missing <= 0 {
        return Ok(());
    }
    if missing > NUMBERS_MAX {
        return Err(too_far(model, key, missing));
    }
    take(model, missing, db).map(drop)
}

/// Takes so many numbers of the sequence and returns the last.
fn take(model: &ModelMeta, numbers: i64, db: &Db) -> Result<i64> {
    let key = model.key_column();
    let sql = "SELECT MAX(NEXTVAL(CAST(PG_GET_SERIAL_SEQUENCE($1, $2) AS regclass))) \
               FROM GENERATE_SERIES(1, $3)";
    let statement = Statement::new(sql, &[&quoted(model.table), &key.name, &numbers])?;
    let last = number(&db.write(model, &statement)?)?;
    last.ok_or_else(|| {
        Error::invalid_query(format!(
            "the key `{}.{}` has no sequence in the database",
            model.table, key.name
        ))
    })
}

fn number(rows: &Rows) -> Result<Option<i64>> {
    rows.first().map_or(Ok(None), |row| row.get(0))
}

fn too_far(model: &ModelMeta, key: &ColumnMeta, missing: i64) -> Error {
    let (table, column) = (quoted(model.table), quoted(key.name));
    Error::invalid_query(format!(
        "the sequence of `{}.{}` is {missing} numbers behind, which would be taken one by one; \
         as its owner run SELECT setval(pg_get_serial_sequence('{}', '{}'), max({column})) \
         FROM {table}",
        model.table, key.name, table, key.name,
    ))
}

/// Names of tables and columns have no quotes in them.
fn quoted(name: &str) -> String {
    ["\"", name, "\""].concat()
}
