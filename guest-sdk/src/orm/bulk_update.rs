//! Writing many rows back at once.

use super::model::Model;
use super::node::Node;
use super::query_set::QuerySet;
use super::selection::{SelectedValues, Selection};
use super::sql;
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
    /// What the rows hold in other columns is not written. Of a row that is
    /// given twice, one of the two is. A `version` is counted up, and not
    /// compared.
    ///
    /// # Errors
    ///
    /// When a statement fails, then no row is changed;
    /// [`is_invalid_query`](Error::is_invalid_query) when what is named are no
    /// columns of the model itself.
    pub fn bulk_update<'r>(
        self,
        rows: impl IntoIterator<Item = &'r M>,
        columns: impl Selection<M>,
        db: &Db,
    ) -> Result<u64> {
        let columns = own_columns(columns)?;
        let rows: Vec<_> = rows.into_iter().map(Model::values).collect();
        let update = |rows: &[_], db: &Db| {
            let statement = sql::bulk_update(self.as_select(), &columns, rows)?;
            db.change(M::META, &statement)
        };
        match rows.len() {
            0 => Ok(0),
            1..=BATCH_ROWS_MAX => update(&rows, db),
            _ => db.join_or_begin(M::META, |db| {
                let batches = rows.chunks(BATCH_ROWS_MAX);
                batches.map(|rows| update(rows, db)).sum()
            }),
        }
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
