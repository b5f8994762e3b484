use std::fmt;
use std::marker::PhantomData;

use super::model::Model;
use super::node::{ColumnRef, Node};
use super::query_set::decode_rows;
use super::related::Related;
use super::select::Select;
use super::selection::{SelectedValues, Selection};
use super::sql;
use super::values::{only, read_rows};
use crate::database::Statement;
use crate::{Db, Result};

/// A column and what an update sets it to: `Book::stock.set(0)`.
#[derive(Clone, Debug)]
#[must_use = "an assignment does nothing until an update has it"]
pub struct Assign<M> {
    pub(crate) term: AssignTerm,
    model: PhantomData<fn() -> M>,
}

/// An assignment without its types.
#[derive(Clone, Debug)]
pub(crate) struct AssignTerm {
    pub(crate) column: ColumnRef,
    pub(crate) value: Node,
}

impl<M> Assign<M> {
    pub(crate) fn new(column: ColumnRef, value: Node) -> Self {
        Self {
            term: AssignTerm { column, value },
            model: PhantomData,
        }
    }
}

/// An update of rows of `M`; made by
/// [`QuerySet::update`](super::QuerySet::update).
///
/// Columns declared `auto_now` are set to the time unless they are assigned.
#[must_use = "an update does nothing until `execute` or `returning`"]
pub struct Update<M> {
    select: Select,
    assigns: Vec<AssignTerm>,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> Update<M> {
    pub(super) fn new(select: Select, assigns: impl IntoIterator<Item = Assign<M>>) -> Self {
        Self {
            select,
            assigns: assigns.into_iter().map(|assign| assign.term).collect(),
            model: PhantomData,
        }
    }

    /// Runs it and returns how many rows it changed.
    ///
    /// # Errors
    ///
    /// When the statement fails;
    /// [`is_invalid_query`](crate::Error::is_invalid_query) when it assigns nothing,
    /// assigns a column twice, one of another table or the `version`, updates a
    /// slice, or is not to wait for locked rows.
    pub fn execute(self, db: &Db) -> Result<u64> {
        db.change(M::META, &self.to_sql()?)
    }

    /// Returns the rows as they are after the update, without what
    /// `select_related` or `prefetch_related` would load: with those it is refused.
    ///
    /// ```no_run
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32 }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let book = Book::objects()
    ///     .filter(Book::id.eq(7))
    ///     .update([Book::stock.set(Book::stock - 1)])
    ///     .returning()
    ///     .one(db)?;
    /// # Ok(()) }
    /// ```
    pub fn returning(self) -> Returning<M> {
        Returning { update: self }
    }

    /// Returns values of the rows as they are after the update.
    ///
    /// ```no_run
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32 }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let stock = Book::objects()
    ///     .filter(Book::id.eq(7))
    ///     .update([Book::stock.set(Book::stock - 1)])
    ///     .returning_values(Book::stock)
    ///     .one(db)?;
    /// # Ok(()) }
    /// ```
    pub fn returning_values<S: Selection<M>>(mut self, selection: S) -> ReturningValues<M, S> {
        self.select.values = SelectedValues::of(selection);
        ReturningValues {
            update: self,
            types: PhantomData,
        }
    }

    /// The statement that [`execute`](Self::execute) runs.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute), without the database's.
    pub fn to_sql(&self) -> Result<Statement> {
        sql::update(&self.select, &self.assigns, false)
    }
}

/// An update that returns its rows.
#[derive(Debug)]
#[must_use = "an update does nothing until `all` or `one`"]
pub struct Returning<M> {
    update: Update<M>,
}

impl<M: Model> Returning<M> {
    /// Runs it and returns the rows, in no certain order.
    ///
    /// # Errors
    ///
    /// As [`Update::execute`], and when a value does not fit its field.
    pub fn all(self, db: &Db) -> Result<Vec<M>> {
        let rows = db.write(M::META, &self.to_sql()?)?;
        decode_rows(&rows, &Related::default())
    }

    /// Runs it and returns the only row.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all); [`is_not_found`](crate::Error::is_not_found) when it
    /// changed none, and [`is_multiple_objects`](crate::Error::is_multiple_objects)
    /// when it changed several: they stay changed, unless a transaction around
    /// it fails with this error.
    pub fn one(self, db: &Db) -> Result<M> {
        only(self.all(db)?, M::META.table)
    }

    /// The statement that it runs.
    ///
    /// # Errors
    ///
    /// As [`Update::to_sql`].
    pub fn to_sql(&self) -> Result<Statement> {
        let Update {
            select, assigns, ..
        } = &self.update;
        select.refuse_related("returning")?;
        sql::update(select, assigns, true)
    }
}

/// An update that returns values of its rows.
#[derive(Debug)]
#[must_use = "an update does nothing until `all` or `one`"]
pub struct ReturningValues<M, S> {
    update: Update<M>,
    types: PhantomData<fn() -> S>,
}

impl<M: Model, S: Selection<M>> ReturningValues<M, S> {
    /// Runs it and returns the values of each row, in no certain order.
    ///
    /// # Errors
    ///
    /// As [`Update::execute`], and when a value does not fit its type.
    pub fn all(self, db: &Db) -> Result<Vec<S::Row>> {
        let rows = db.write(M::META, &self.to_sql()?)?;
        read_rows::<M, S>(&rows, &self.update.select)
    }

    pub(super) fn into_select(self) -> Select {
        self.update.select
    }

    /// Runs it and returns the values of the only row.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all) and [`Returning::one`].
    pub fn one(self, db: &Db) -> Result<S::Row> {
        only(self.all(db)?, M::META.table)
    }

    /// The statement that it runs.
    ///
    /// # Errors
    ///
    /// As [`Update::to_sql`].
    pub fn to_sql(&self) -> Result<Statement> {
        let Update {
            select, assigns, ..
        } = &self.update;
        select.refuse_prefetches("returning_values")?;
        sql::update(select, assigns, true)
    }
}

impl<M> Clone for Update<M> {
    fn clone(&self) -> Self {
        Self {
            select: self.select.clone(),
            assigns: self.assigns.clone(),
            model: PhantomData,
        }
    }
}

impl<M> fmt::Debug for Update<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("select", &self.select)
            .field("assigns", &self.assigns)
            .finish_non_exhaustive()
    }
}
