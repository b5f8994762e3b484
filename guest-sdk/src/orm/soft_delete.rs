//! Rows that are marked when they are deleted.

use super::model::{Model, run_deletion};
use super::query_set::QuerySet;
use super::select::Deleted;
use super::sql;
use super::to_many::ToMany;
use crate::{Db, Result};

/// A model whose rows stay in the table when they are deleted, with the time of
/// their deletion: django-safedelete's and others' soft deletion.
///
/// Its queries, updates and deletions leave out what is deleted. A foreign key
/// still points to it, so that `select_related` and conditions over a relation
/// find it.
///
/// ```
/// use plinth::prelude::*;
///
/// #[derive(Model)]
/// #[model(table = "posts", unique(slug, where = "deleted_at IS NULL"))]
/// pub struct Post {
///     #[model(key, auto)]
///     pub id: i64,
///     pub slug: String,
///     #[model(soft_delete)]
///     pub deleted_at: Option<Timestamp>,
/// }
///
/// assert_eq!(
///     Post::objects().to_sql()?.sql(),
///     "SELECT \"id\", \"slug\", \"deleted_at\" FROM \"posts\" WHERE \"deleted_at\" IS NULL"
/// );
///
/// fn restore(id: i64, db: &Db) -> Result<()> {
///     let mut post = Post::objects().only_deleted().filter(Post::id.eq(id)).get(db)?.edit();
///     post.deleted_at = None;
///     post.save(db)
/// }
/// # Ok::<(), plinth::Error>(())
/// ```
///
/// A deleted row still holds the values of its unique constraints, and what is
/// new may not have them: `get_or_create` then neither finds it nor can insert.
/// An `on_conflict` with `do_update` finds it, and updates a row that stays deleted.
/// A unique index of those rows only that are not deleted is the remedy, as above.
///
/// `on_delete` knows nothing of it: nothing is deleted for Postgres, so the rows
/// that refer to it stay.
#[diagnostic::on_unimplemented(
    message = "the rows of `{Self}` are really deleted",
    note = "for soft deletion add a field: `#[model(soft_delete)] deleted_at: Option<Timestamp>`"
)]
pub trait SoftDelete: Model {}

// The bound stands at the methods, so that the compiler says what is missing.
impl<M: Model> QuerySet<M> {
    /// Has the deleted rows too.
    pub fn with_deleted(self) -> Self
    where
        M: SoftDelete,
    {
        self.map_select(|select| select.deleted("with_deleted", Deleted::Included))
    }

    /// Has the deleted rows only.
    pub fn only_deleted(self) -> Self
    where
        M: SoftDelete,
    {
        self.map_select(|select| select.deleted("only_deleted", Deleted::Only))
    }

    /// Removes all the rows from the table in one statement and returns how many
    /// there were; deleted ones only after [`with_deleted`](Self::with_deleted) or
    /// [`only_deleted`](Self::only_deleted).
    ///
    /// # Errors
    ///
    /// As [`delete`](Self::delete).
    pub fn hard_delete(self, db: &Db) -> Result<u64>
    where
        M: SoftDelete,
    {
        db.change(M::META, &sql::hard_delete(&self.into_select())?)
    }
}

impl<Root, T: Model> ToMany<Root, T> {
    /// Has the deleted rows too.
    pub fn with_deleted(self) -> Self
    where
        T: SoftDelete,
    {
        self.map(QuerySet::with_deleted)
    }

    /// Has the deleted rows only.
    pub fn only_deleted(self) -> Self
    where
        T: SoftDelete,
    {
        self.map(QuerySet::only_deleted)
    }
}

/// Removes a row from its table, deleted or not; `row.hard_delete(db)` is this.
/// Its deletion has counted a `version` up: read the row again between the two.
///
/// # Errors
///
/// As [`delete`](super::delete).
pub fn hard_delete<M: SoftDelete>(row: &M, db: &Db) -> Result<()> {
    let statement = sql::hard_delete_row(M::META, &row.values())?;
    run_deletion(M::META, &statement, db)
}
