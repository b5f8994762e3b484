use std::fmt;
use std::marker::PhantomData;

use super::model::Model;
use super::query_set::QuerySet;
use super::row_reader::RowReader;
use super::selection::{SelectedValues, Selection};
use super::values::Values;
use crate::Result;

/// A whole row of `M` among the values of a query, with the rows that
/// [`select_related`](QuerySet::select_related) loads; made by
/// [`QuerySet::annotate`].
pub struct WholeRow<M>(PhantomData<fn() -> M>);

impl<M: Model> WholeRow<M> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<M: Model> Selection<M> for WholeRow<M> {
    type Row = M;

    fn select(self, values: &mut SelectedValues) {
        values.push_rows::<M>();
    }

    fn read(row: &mut RowReader<'_>) -> Result<M> {
        row.next_row()
    }
}

impl<M: Model> QuerySet<M> {
    /// Reads whole rows, each with values that Postgres computes for it:
    /// Django's `annotate`.
    ///
    /// ```no_run
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32, pub sold: i32 }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let left = Book::stock - Book::sold;
    /// let books: Vec<(Book, i32)> = Book::objects()
    ///     .annotate(left.clone())
    ///     .filter(left.clone().gt(0))
    ///     .order_by([left.desc()])
    ///     .all(db)?;
    /// # Ok(()) }
    /// ```
    ///
    /// What is annotated has no name: rows are filtered and ordered by the
    /// expression itself.
    pub fn annotate<S: Selection<M>>(self, values: S) -> Values<M, (WholeRow<M>, S)> {
        let select = self.into_select_for("annotate");
        Values::new(select, (WholeRow::new(), values))
    }
}

impl<M: Model> fmt::Debug for WholeRow<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", M::META.model)
    }
}
