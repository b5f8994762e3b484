//! Inserting drafts.

use super::conflict::Conflict;
use super::draft::{Draft, DraftValues};
use super::meta::ModelMeta;
use super::model::Model;
use super::query_set::decode_rows;
use super::related::Related;
use super::sql;
use super::values::only;
use crate::database::{PARAMETERS_MAX, Rows};
use crate::{Db, Error, Result};

/// How many rows are inserted with one statement whose text grows with them.
const VALUES_ROWS_MAX: usize = 200;

/// How many are, where each column is one parameter. They all come back.
const TABLE_ROWS_MAX: usize = 1000;

/// Inserts one row and returns it as the table has it, with its key and
/// defaults; `draft.insert(db)` is this.
///
/// # Errors
///
/// When the statement fails, such as for a violated constraint, and
/// [`is_skipped`](Error::is_skipped) when a trigger of the table leaves it out.
pub fn insert<M: Model>(draft: &M::New, db: &Db) -> Result<M> {
    read_one(&send(M::META, draft, None, db)?)
}

/// The row that an insert returned.
pub(super) fn read_one<M: Model>(rows: &Rows) -> Result<M> {
    check_all_there(M::META, rows.len(), 1)?;
    only(decode(rows)?, M::META.table)
}

/// # Errors
///
/// When fewer rows were inserted than were given: the others were left out by a
/// trigger, for nothing else keeps one from being inserted and is no error.
pub(super) fn check_all_there(model: &ModelMeta, inserted: usize, given: usize) -> Result<()> {
    match given.checked_sub(inserted) {
        None | Some(0) => Ok(()),
        Some(left_out) => Err(Error::skipped(model.table, left_out, given)),
    }
}

/// The part of an insert that is the same for all models.
fn send(
    model: &'static ModelMeta,
    draft: &dyn DraftValues,
    conflict: Option<&Conflict>,
    db: &Db,
) -> Result<Rows> {
    db.write(model, &sql::insert(model, &[draft], conflict)?)
}

/// Inserts one row unless one is in its way, whatever the constraint.
pub(super) fn unless_there<M: Model>(draft: &M::New, db: &Db) -> Result<Option<M>> {
    let any = Conflict {
        target: Vec::new(),
        assigns: Vec::new(),
    };
    Ok(decode(&send(M::META, draft, Some(&any), db)?)?.pop())
}

pub(super) fn many<M: Model>(drafts: &[M::New], db: &Db) -> Result<Vec<M>> {
    let insert = |drafts: &[M::New], db: &Db| decode(&batch(drafts, None, db)?);
    in_batches::<M, _>(drafts, db, insert, |rows, _| {
        check_all_there(M::META, rows.len(), drafts.len())
    })
}

/// Inserts rows in batches of one size, so that the text of all but the last
/// is the same and its prepared statement serves for them all; then checks the
/// rows, in the transaction that several batches have.
pub(super) fn in_batches<M: Model, T>(
    drafts: &[M::New],
    db: &Db,
    insert: impl Fn(&[M::New], &Db) -> Result<Vec<T>>,
    check: impl Fn(&[T], &Db) -> Result<()>,
) -> Result<Vec<T>> {
    let values: Vec<&dyn DraftValues> = drafts.iter().map(|draft| draft as _).collect();
    let batch_rows = match sql::is_uniform(M::META, &values) {
        true => TABLE_ROWS_MAX,
        // A variant has its discriminator besides.
        false => VALUES_ROWS_MAX.min(PARAMETERS_MAX / (M::META.columns.len() + 1)),
    };
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    if drafts.len() <= batch_rows {
        let rows = insert(drafts, db)?;
        check(&rows, db)?;
        return Ok(rows);
    }
    db.join_or_begin(M::META, |db| {
        let mut rows = Vec::with_capacity(drafts.len());
        for drafts in drafts.chunks(batch_rows) {
            rows.append(&mut insert(drafts, db)?);
        }
        check(&rows, db)?;
        Ok(rows)
    })
}

pub(super) fn batch<D: Draft>(drafts: &[D], conflict: Option<&Conflict>, db: &Db) -> Result<Rows> {
    let values: Vec<&dyn DraftValues> = drafts.iter().map(|draft| draft as _).collect();
    let model = D::Model::META;
    db.write(model, &sql::insert(model, &values, conflict)?)
}

pub(super) fn decode<M: Model>(rows: &Rows) -> Result<Vec<M>> {
    decode_rows(rows, &Related::default())
}
