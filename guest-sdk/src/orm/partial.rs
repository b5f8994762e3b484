use std::fmt;
use std::marker::PhantomData;

use super::expression::Expression;
use super::model::Model;
use super::query_set::QuerySet;
use super::row_reader::RowReader;
use super::selection::{SelectedValues, Selection};
use super::values::Values;
use crate::Result;
use crate::database::ColumnType;

/// A struct of some of a model's columns; derived, never written by hand.
///
/// See [`#[derive(Partial)]`](derive@crate::Partial).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a part of a model",
    note = "derive it: `#[derive(Partial)] #[partial(model = Book)]`"
)]
pub trait Partial: Sized {
    /// The model it is a part of.
    type Model: Model;

    /// Adds what is selected.
    fn select(values: &mut SelectedValues);

    /// Reads one row.
    ///
    /// # Errors
    ///
    /// When a value does not fit its field.
    fn read(row: &mut RowReader<'_>) -> Result<Self>;
}

/// Adds a value of type `T` to what is selected, for `#[derive(Partial)]`.
#[doc(hidden)]
pub fn select_value<M, T: ColumnType, E: Expression<M, Value = T>>(
    value: E,
    values: &mut SelectedValues,
) {
    values.push::<T>(value.into_operand().0);
}

/// The selection that [`QuerySet::only`] makes of a [`Partial`].
pub struct Only<P>(PhantomData<fn() -> P>);

impl<P: Partial> Selection<P::Model> for Only<P> {
    type Row = P;

    fn select(self, values: &mut SelectedValues) {
        P::select(values);
    }

    fn read(row: &mut RowReader<'_>) -> Result<P> {
        P::read(row)
    }
}

impl<M: Model> QuerySet<M> {
    /// Reads some columns into a struct of their own: Django's `only`, and by
    /// leaving columns out its `defer`.
    ///
    /// ```no_run
    /// use plinth::Partial;
    /// use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "authors")]
    /// # pub struct Author { #[model(key, auto)] pub id: i64, pub name: String }
    /// # #[derive(Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book {
    /// #     #[model(key, auto)] pub id: i64, pub title: String, pub text: String,
    /// #     pub author: ForeignKey<Author>
    /// # }
    ///
    /// #[derive(Partial)]
    /// #[partial(model = Book)]
    /// struct BookCard {
    ///     id: i64,
    ///     title: String,
    ///     #[partial(value = Book::author().name())]
    ///     author: String,
    /// }
    ///
    /// # fn f(db: &Db) -> Result<()> {
    /// let cards = Book::objects().order_by([Book::title.asc()]).only::<BookCard>().all(db)?;
    /// # Ok(()) }
    /// ```
    ///
    /// A row that was read in part is of another type than the model, and has no
    /// `save` that could write over what it did not read.
    pub fn only<P: Partial<Model = M>>(self) -> Values<M, Only<P>> {
        Values::new(self.into_select_for("only"), Only(PhantomData))
    }
}

impl<P> fmt::Debug for Only<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Only")
    }
}
