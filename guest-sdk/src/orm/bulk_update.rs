//! Writing many rows back at once.

use super::model::Model;
use super::node::Node;
use super::query_set::QuerySet;
use super::select::{Deleted, Select};
use super::selection::{SelectedValues, Selection};
use super::sql;
use crate::database::Parameter;
use crate::{Db, Error, Result};

/// How many rows one statement updates. Those of more wait longer for their
/// locks and win nothing.
const BATCH_ROWS_MAX: usize = 1000;

impl<M: Model> QuerySet<M> {
    /// Writes columns of many rows, each with values of its own, and returns how
    /// many rows there were: Django's `bulk_update`.
    ///
    /// ```no_run
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub stock: i32 }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let mut books = Book::objects().filter(Book::stock.lt(10)).all(db)?;
    /// for book in &mut books {
    ///     book.title = book.title.trim().to_owned();
    /// }
    /// Book::objects().bulk_update(&books, Book::title, db)?;
    /// # Ok(()) }
    /// ```
    ///
    /// What the rows hold in other columns is not written. Those that the query
    /// set does not find stay as they are:
    /// `Book::objects().filter(Book::stock.gt(0)).bulk_update(…)`. Of a row that is
    /// given twice, one of the two is written.
    ///
    /// Of a model with a `version`, a row is only changed if it still has the version
    /// that is given, and is counted up in the table; to change the rows again,
    /// read them again. Where the query set is not narrowed, all of them must have
    /// it. A row that is given twice has it once.
    ///
    /// # Errors
    ///
    /// When a statement fails; [`is_stale`](Error::is_stale) when a row of a model
    /// with a `version` is gone or of another version, and no filter says that some
    /// may be left out. Then no row is changed; in a transaction, once that is given
    /// up. [`is_invalid_query`](Error::is_invalid_query) when what is named are no
    /// columns of the model itself, or the `version`, and for a slice.
    pub fn bulk_update<'r>(
        self,
        rows: impl IntoIterator<Item = &'r M>,
        columns: impl Selection<M>,
        db: &Db,
    ) -> Result<u64> {
        let columns = own_columns(columns)?;
        let rows: Vec<_> = rows.into_iter().map(Model::values).collect();
        update(self.as_select(), &columns, &rows, db)
    }
}

/// The part that is the same for all models.
fn update(
    select: &Select,
    columns: &[usize],
    rows: &[Vec<&dyn Parameter>],
    db: &Db,
) -> Result<u64> {
    sql::check_bulk_update(select, columns)?;
    let model = select.model;
    let is_narrowed = !select.conditions.is_empty() || select.deleted == Deleted::Only;
    let is_all_or_none = model.version.is_some() && !is_narrowed;
    let update = |rows: &[_], db: &Db| {
        let changed = db.change(model, &sql::bulk_update(select, columns, rows)?)?;
        match is_all_or_none && changed < rows.len() as u64 {
            true => Err(Error::stale(model.table)),
            false => Ok(changed),
        }
    };
    match rows.len() {
        0 => Ok(0),
        1 => update(rows, db),
        2..=BATCH_ROWS_MAX if !is_all_or_none => update(rows, db),
        _ => db.join_or_begin(model, |db| {
            let batches = rows.chunks(BATCH_ROWS_MAX);
            batches.map(|rows| update(rows, db)).sum()
        }),
    }
}

fn own_columns<M: Model>(columns: impl Selection<M>) -> Result<Vec<usize>> {
    let columns = SelectedValues::of(columns).into_iter();
    let columns = columns.map(|value| match value.node {
        Node::Column(column) if column.path.is_root() => Ok(usize::from(column.index)),
        _ => Err(Error::invalid_query(format!(
            "`bulk_update` of `{}` names what is no column of its own",
            M::META.table
        ))),
    });
    columns.collect()
}
