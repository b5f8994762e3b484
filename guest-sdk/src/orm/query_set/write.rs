//! Writing the rows of a query set.

use super::QuerySet;
use crate::orm::conflict::{ConflictTarget, OnConflict};
use crate::orm::insert;
use crate::orm::model::Model;
use crate::orm::routing::Intent;
use crate::orm::selection::{SelectedValues, Selection};
use crate::orm::sql::{self, Ask};
use crate::orm::update::{Assign, Update};
use crate::orm::values::{only, read_rows};
use crate::{Db, Result};

impl<M: Model> QuerySet<M> {
    /// Sets columns of all the rows in one statement.
    ///
    /// ```no_run
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32 }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let sold = Book::objects()
    ///     .filter(Book::id.eq(7) & Book::stock.gt(0))
    ///     .update([Book::stock.set(Book::stock - 1)])
    ///     .execute(db)?;
    /// # Ok(()) }
    /// ```
    pub fn update(self, assigns: impl IntoIterator<Item = Assign<M>>) -> Update<M> {
        Update::new(self.select, assigns)
    }

    /// Deletes all the rows in one statement and returns values of them.
    ///
    /// # Errors
    ///
    /// As [`delete`](Self::delete), and when a value does not fit its type.
    pub fn delete_returning<S: Selection<M>>(self, selection: S, db: &Db) -> Result<Vec<S::Row>> {
        let mut select = self.select;
        select.refuse_prefetches("delete_returning")?;
        select.values = SelectedValues::of(selection);
        read_rows::<M, S>(&db.write(M::META, &sql::delete(&select)?)?, &select)
    }

    /// Deletes all the rows in one statement and returns how many there were.
    /// Rows with [soft deletion](crate::orm::SoftDelete) are marked.
    ///
    /// # Errors
    ///
    /// When the statement fails, and
    /// [`is_invalid_query`](crate::Error::is_invalid_query) for a slice, and where
    /// locked rows are not to be waited for.
    pub fn delete(self, db: &Db) -> Result<u64> {
        db.change(M::META, &sql::delete(&self.select)?)
    }

    /// The only row, or a new one if there is none; and whether it is new.
    ///
    /// ```no_run
    /// # use plinth::create;
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "tags")]
    /// # pub struct Tag { #[model(key, auto)] pub id: i64, #[model(unique)] pub name: String }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let (tag, is_new) = Tag::objects()
    ///     .filter(Tag::name.eq("novel"))
    ///     .get_or_create(create!(Tag { name: "novel" }), db)?;
    /// # Ok(()) }
    /// ```
    ///
    /// A unique constraint on what is filtered by makes it safe: of two
    /// requests at once one inserts the row and the other finds it.
    ///
    /// # Errors
    ///
    /// [`is_multiple_objects`](crate::Error::is_multiple_objects) when there are
    /// several, [`is_unique_violation`](crate::Error::is_unique_violation) when a row
    /// that the filter does not find is in the way of the new one,
    /// [`is_skipped`](crate::Error::is_skipped) when a trigger leaves it out,
    /// [`is_invalid_query`](crate::Error::is_invalid_query) when something is to be
    /// loaded with the row, which a new one would come without, and when a
    /// statement fails.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a draft is written in its place"
    )]
    pub fn get_or_create(&self, draft: M::New, db: &Db) -> Result<(M, bool)> {
        self.refuse_for_new("get_or_create")?;
        get_or_insert(&draft, db, |db| at_most_one(self.rows(Ask::Two, db)?))
    }

    /// Updates the only row, or creates one if there is none; returns it, and
    /// whether it is new.
    ///
    /// As with [`get_or_create`](Self::get_or_create), a unique constraint on
    /// what is filtered by makes it safe. With that, a draft's `on_conflict` does
    /// the same with one statement.
    ///
    /// # Errors
    ///
    /// As [`get_or_create`](Self::get_or_create) and
    /// [`Update::execute`]. After an error nothing is changed; in a transaction,
    /// once that is given up.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a draft is written in its place"
    )]
    pub fn update_or_create(
        self,
        assigns: impl IntoIterator<Item = Assign<M>>,
        draft: M::New,
        db: &Db,
    ) -> Result<(M, bool)> {
        self.refuse_for_new("update_or_create")?;
        self.select.refuse_slice("update_or_create")?;
        let update = self.update(assigns);
        db.join_or_begin(M::META, |db| {
            get_or_insert(&draft, db, |db| {
                at_most_one(update.clone().returning().all(db)?)
            })
        })
    }

    /// Refuses what a new row would come without.
    fn refuse_for_new(&self, method: &'static str) -> Result<()> {
        self.select.refuse_related(method)?;
        self.select.refuse_impatience(method)
    }

    /// Inserts many rows that others may be in the way of, those with the same
    /// values in these columns of a unique constraint: Django's
    /// `bulk_create` with `ignore_conflicts` or `update_conflicts`.
    ///
    /// ```no_run
    /// # use plinth::create;
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "tags")]
    /// # pub struct Tag { #[model(key, auto)] pub id: i64, #[model(unique)] pub name: String }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let names = ["novel", "essay", "poem"];
    /// let new = Tag::objects()
    ///     .on_conflict(Tag::name)
    ///     .do_nothing()
    ///     .bulk_create(names.map(|name| create!(Tag { name })), db)?;
    /// # Ok(()) }
    /// ```
    pub fn on_conflict(self, columns: impl ConflictTarget<M>) -> OnConflict<M, ()> {
        OnConflict::of_query(&self.select, columns)
    }

    /// Inserts many rows with few statements, all or none, and returns them in
    /// their order.
    ///
    /// ```no_run
    /// # use plinth::create;
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "tags")]
    /// # pub struct Tag { #[model(key, auto)] pub id: i64, pub name: String }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let names = ["novel", "essay", "poem"];
    /// let tags = Tag::objects().bulk_create(names.map(|name| create!(Tag { name })), db)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When a statement fails; then no row is inserted. Inside a transaction
    /// that transaction is to be given up, as after any failed statement.
    /// [`is_skipped`](crate::Error::is_skipped) when a trigger of the table leaves
    /// rows out: outside of a transaction the others are inserted if they fit into
    /// one statement, up to a thousand rows.
    /// [`is_invalid_query`](crate::Error::is_invalid_query) when the query set is
    /// narrowed, which an insert does not look at.
    pub fn bulk_create(self, rows: impl IntoIterator<Item = M::New>, db: &Db) -> Result<Vec<M>> {
        self.select.refuse_narrowing("bulk_create")?;
        insert::many(&rows.into_iter().collect::<Vec<_>>(), db)
    }
}

/// The row that `find` finds, or else a new one. One that comes in between is
/// found the second time; a row that is in the way and is not found is the
/// error of the last insert.
fn get_or_insert<M: Model>(
    draft: &M::New,
    db: &Db,
    find: impl Fn(&Db) -> Result<Option<M>>,
) -> Result<(M, bool)> {
    // Read where it is written: one that a replica does not have yet would be
    // there twice.
    db.database_for(M::META, Intent::Write)?;
    if let Some(row) = find(db)? {
        return Ok((row, false));
    }
    if let Some(row) = insert::unless_there(draft, db)? {
        return Ok((row, true));
    }
    match find(db)? {
        Some(row) => Ok((row, false)),
        None => Ok((insert::insert(draft, db)?, true)),
    }
}

fn at_most_one<M: Model>(rows: Vec<M>) -> Result<Option<M>> {
    match rows.is_empty() {
        true => Ok(None),
        false => only(rows, M::META.table).map(Some),
    }
}
