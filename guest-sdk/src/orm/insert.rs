//! Inserting drafts.

use super::draft::DraftValues;
use super::model::Model;
use super::query_set::decode_rows;
use super::related::Related;
use super::sql;
use crate::database::PARAMETERS_MAX;
use crate::{Db, Error, Result};

/// More rows in one statement win nothing, and its text grows with them.
const BATCH_ROWS_MAX: usize = 200;

/// Inserts one row and returns it as the table has it, with its key and
/// defaults; `draft.insert(db)` is this.
///
/// # Errors
///
/// When the statement fails, such as for a violated constraint.
pub fn insert<M: Model>(draft: &M::New, db: &Db) -> Result<M> {
    let rows = db.query_statement(&sql::insert(M::META, &[draft])?)?;
    let row = decode_rows(&rows, &Related::default())?.pop();
    row.ok_or_else(|| Error::not_found(M::META.table))
}

/// Inserts rows in batches of one size, so that the text of all but the last
/// is the same and its prepared statement serves for them all.
pub(super) fn many<M: Model>(drafts: &[M::New], db: &Db) -> Result<Vec<M>> {
    let batch_rows = BATCH_ROWS_MAX.min(PARAMETERS_MAX / M::META.columns.len());
    if drafts.len() <= batch_rows {
        return batch(drafts, db);
    }
    db.atomic(|db| {
        let mut rows = Vec::with_capacity(drafts.len());
        for drafts in drafts.chunks(batch_rows) {
            rows.append(&mut batch(drafts, db)?);
        }
        Ok(rows)
    })
}

fn batch<M: Model>(drafts: &[M::New], db: &Db) -> Result<Vec<M>> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let values: Vec<&dyn DraftValues> = drafts.iter().map(|draft| draft as _).collect();
    let rows = db.query_statement(&sql::insert(M::META, &values)?)?;
    decode_rows(&rows, &Related::default())
}
