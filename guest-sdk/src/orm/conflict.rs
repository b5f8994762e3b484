//! Inserting rows that may be there already.

mod upsert;

use std::marker::PhantomData;
use std::slice;

use super::column::Column;
use super::draft::DraftValues;
use super::expression::Expr;
use super::insert;
use super::meta::{ColumnMeta, ModelMeta};
use super::model::Model;
use super::node::{ColumnRef, Node};
use super::related::Related;
use super::row_reader::RowReader;
use super::select::Select;
use super::update::{Assign, AssignTerm};
use super::value::Value;
use super::values::only;
use crate::database::Rows;
use crate::{Db, Error, Result};

/// What an insert does about a row that is there already.
#[derive(Clone, Debug)]
pub(crate) struct Conflict {
    /// The columns of the unique constraint; of any, when there are none.
    pub(crate) target: Vec<ColumnRef>,
    /// What the row that is there is set to; nothing when it stays as it is.
    pub(crate) assigns: Vec<AssignTerm>,
}

/// An insert that a row may be in the way of: a draft's `on_conflict`, or
/// [`QuerySet::on_conflict`](super::QuerySet::on_conflict) for many.
#[derive(Debug)]
#[must_use = "an insert does nothing until `insert` or `bulk_create`"]
pub struct OnConflict<M, D> {
    draft: D,
    target: Vec<ColumnRef>,
    /// Why the query set that it was made from can't insert.
    refusal: Option<Error>,
    model: PhantomData<fn() -> M>,
}

/// An insert that leaves a row which is there already as it is.
#[derive(Debug)]
#[must_use = "an insert does nothing until `insert` or `bulk_create`"]
pub struct InsertOrNothing<M, D>(Upsert<M, D>);

/// An insert that updates a row which is there already.
#[derive(Debug)]
#[must_use = "an insert does nothing until `insert` or `bulk_create`"]
pub struct InsertOrUpdate<M, D>(Upsert<M, D>);

#[derive(Debug)]
struct Upsert<M, D> {
    draft: D,
    conflict: Conflict,
    refusal: Option<Error>,
    model: PhantomData<fn() -> M>,
}

impl<M: Model, D> OnConflict<M, D> {
    #[doc(hidden)]
    pub fn new(draft: D, columns: impl ConflictTarget<M>) -> Self {
        let mut target = ConflictColumns::default();
        columns.collect(&mut target);
        Self {
            draft,
            target: target.0,
            refusal: None,
            model: PhantomData,
        }
    }

    /// Leaves the row that is there as it is.
    pub fn do_nothing(self) -> InsertOrNothing<M, D> {
        InsertOrNothing(self.with(Vec::new()))
    }

    /// Updates the row that is there; [`excluded`] is the value that was to be
    /// inserted. Columns declared `auto_now` are set too.
    pub fn do_update(self, assigns: impl IntoIterator<Item = Assign<M>>) -> InsertOrUpdate<M, D> {
        InsertOrUpdate(self.with(assigns.into_iter().map(|assign| assign.term).collect()))
    }

    fn with(self, assigns: Vec<AssignTerm>) -> Upsert<M, D> {
        Upsert {
            draft: self.draft,
            conflict: Conflict {
                target: self.target,
                assigns,
            },
            refusal: self.refusal,
            model: PhantomData,
        }
    }
}

impl<M: Model> OnConflict<M, ()> {
    /// That of a query set, which must not be narrowed.
    pub(super) fn of_query(select: &Select, columns: impl ConflictTarget<M>) -> Self {
        Self {
            refusal: select.refuse_narrowing("bulk_create").err(),
            ..Self::new((), columns)
        }
    }
}

impl<M: Model> InsertOrNothing<M, M::New> {
    /// Inserts the row and returns it, or `None` when there is one already.
    ///
    /// # Errors
    ///
    /// When the statement fails, such as for another constraint.
    pub fn insert(self, db: &Db) -> Result<Option<M>> {
        let rows = insert::batch(&[self.0.draft], Some(&self.0.conflict), db)?;
        Ok(insert::decode::<M>(&rows)?.pop())
    }
}

impl<M: Model> InsertOrNothing<M, ()> {
    /// Inserts those rows that are not there, all of these or none, and returns
    /// them.
    ///
    /// # Errors
    ///
    /// As [`QuerySet::bulk_create`](super::QuerySet::bulk_create), but for rows that a
    /// trigger leaves out: they are not among those that were inserted.
    pub fn bulk_create(self, rows: impl IntoIterator<Item = M::New>, db: &Db) -> Result<Vec<M>> {
        self.0.check()?;
        let drafts: Vec<_> = rows.into_iter().collect();
        let insert = |drafts: &[M::New], db: &Db| {
            insert::decode(&insert::batch(drafts, Some(&self.0.conflict), db)?)
        };
        insert::in_batches::<M, _>(&drafts, db, insert, |_, _| Ok(()))
    }
}

impl<M: Model> InsertOrUpdate<M, M::New> {
    /// Inserts or updates the row, and returns it with whether it was inserted.
    ///
    /// # Errors
    ///
    /// When the statement fails, such as for another constraint;
    /// [`is_invalid_query`](Error::is_invalid_query) when it updates nothing, or finds
    /// no row because a column is NULL by which it looks for one;
    /// [`is_unique_violation`](Error::is_unique_violation) when the row that is in the
    /// way is of another variant of the table, which stays as it is;
    /// [`is_skipped`](Error::is_skipped) when a trigger leaves it out.
    pub fn insert(self, db: &Db) -> Result<(M, bool)> {
        let drafts = slice::from_ref(&self.0.draft);
        only(upsert(&self.0.conflict, drafts, db)?, M::META.table)
    }
}

impl<M: Model> InsertOrUpdate<M, ()> {
    /// Inserts or updates the rows, all or none, and returns them in their
    /// order, each with whether it was inserted.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert) and
    /// [`QuerySet::bulk_create`](super::QuerySet::bulk_create);
    /// [`is_unique_violation`](Error::is_unique_violation) too when two of the rows are
    /// in each other's way. Then none is changed; in a transaction, once that is
    /// given up.
    pub fn bulk_create(
        self,
        rows: impl IntoIterator<Item = M::New>,
        db: &Db,
    ) -> Result<Vec<(M, bool)>> {
        self.0.check()?;
        let drafts: Vec<_> = rows.into_iter().collect();
        let upsert = |db: &Db| upsert(&self.0.conflict, &drafts, db);
        match M::META.variant {
            // The statement does not fail for a row of another variant.
            Some(_) => db.join_or_begin(M::META, upsert),
            None => upsert(db),
        }
    }
}

impl<M: Model, D> Upsert<M, D> {
    /// That the query set it was made from can insert.
    fn check(&self) -> Result<()> {
        self.refusal.clone().map_or(Ok(()), Err)
    }
}

/// Inserts or updates rows, in as many statements as they take.
fn upsert<M: Model>(conflict: &Conflict, drafts: &[M::New], db: &Db) -> Result<Vec<(M, bool)>> {
    let values: Vec<&dyn DraftValues> = drafts.iter().map(|draft| draft as _).collect();
    upsert::refuse_nulls(M::META, conflict, &values)?;
    let insert = |drafts: &[M::New], db: &Db| {
        let values: Vec<&dyn DraftValues> = drafts.iter().map(|draft| draft as _).collect();
        decode(&upsert::send(M::META, conflict, &values, db)?)
    };
    insert::in_batches::<M, _>(drafts, db, insert, |rows: &[(M, _)], db| {
        let keys = rows.iter().map(|(row, _)| Value::new(row.key()));
        upsert::check(M::META, conflict, &values, &keys.collect::<Vec<_>>(), db)
    })
}

/// What follows the columns of an upserted row.
const IS_INSERTED: &ModelMeta = &ModelMeta::new("", &[ColumnMeta::of::<bool>("is_inserted")]);

fn decode<M: Model>(rows: &Rows) -> Result<Vec<(M, bool)>> {
    let mut reader = RowReader::new(rows, &[M::META, IS_INSERTED])?;
    let mut decoded = Vec::new();
    for _ in 0..rows.len() {
        reader.begin_row();
        let row = M::decode(&mut reader, &Related::default())?;
        decoded.push((row, reader.next()?));
    }
    Ok(decoded)
}

/// The value that an insert had for a column, in the update that is done
/// instead: `EXCLUDED`.
///
/// ```no_run
/// # use plinth::create;
/// # #[derive(plinth::Model)]
/// # #[model(table = "stocks")]
/// # pub struct Stock { #[model(key)] pub isbn: String, pub copies: i32 }
/// # fn f(db: &plinth::Db) -> plinth::Result<()> {
/// use plinth::orm::excluded;
///
/// let (stock, is_new) = create!(Stock { isbn: "9780441013593", copies: 3 })
///     .on_conflict(Stock::isbn)
///     .do_update([Stock::copies.set(Stock::copies + excluded(Stock::copies))])
///     .insert(db)?;
/// # Ok(()) }
/// ```
pub fn excluded<M, T>(column: Column<M, T>) -> Expr<M, T> {
    match column.node() {
        Node::Column(at) => Expr::new(Node::Excluded(at)),
        node => Expr::new(node),
    }
}

/// The columns of a unique constraint of `M`: one, a tuple of up to four, or
/// `()` for whichever constraint it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name columns of `{M}`",
    label = "expected columns of `{M}`",
    note = "name those of a unique constraint, as in `on_conflict((Book::author_id, Book::title))`"
)]
pub trait ConflictTarget<M> {
    /// Adds the columns.
    fn collect(self, columns: &mut ConflictColumns);
}

/// Columns without their types.
#[derive(Clone, Debug, Default)]
pub struct ConflictColumns(Vec<ColumnRef>);

impl<M, T> ConflictTarget<M> for Column<M, T> {
    fn collect(self, columns: &mut ConflictColumns) {
        self.node().collect_columns(&mut columns.0);
    }
}

macro_rules! tuples {
    ($(($($C:ident $index:tt),*))*) => {$(
        impl<M, $($C: ConflictTarget<M>),*> ConflictTarget<M> for ($($C,)*) {
            #[allow(unused_variables, reason = "there is a tuple of none")]
            fn collect(self, columns: &mut ConflictColumns) {
                $(self.$index.collect(columns);)*
            }
        }
    )*};
}

tuples! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
}
