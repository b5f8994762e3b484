use std::fmt;

use bytes::BytesMut;
use postgres_types::{Oid, Type};

use super::Cells;
use super::column_type::{ColumnType, DecodeError, type_of};
use super::parameters::put_cell;
use crate::bindings::plinth::host::database as host;
use crate::{Error, Result};

/// What a statement returned: its columns, which are there even when no row
/// is, and its rows, which are decoded as they are read.
pub struct Rows {
    types: Vec<Type>,
    names: String,
    count: usize,
    affected: u64,
    data: Vec<u8>,
}

impl Rows {
    pub(super) fn new(rows: host::Rows) -> Self {
        Self {
            types: rows.column_types.into_iter().map(type_of).collect(),
            names: rows.column_names,
            count: rows.count as usize,
            affected: rows.affected,
            data: rows.data,
        }
    }

    /// One row of values that are at hand, with their types; 0 is one that is
    /// not built into Postgres.
    pub(crate) fn of_row(
        types: impl Iterator<Item = Oid>,
        cells: &[Option<&[u8]>],
    ) -> Result<Self> {
        let mut data = BytesMut::new();
        for cell in cells {
            put_cell(*cell, &mut data).map_err(|e| Error::encode(e.to_string()))?;
        }
        let types = types.map(|oid| type_of(if oid == 0 { Oid::MAX } else { oid }));
        Ok(Self {
            types: types.collect(),
            names: String::new(),
            count: 1,
            affected: 1,
            data: data.into(),
        })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many rows the statement affected; of a query, how many it returned.
    #[must_use]
    pub fn affected(&self) -> u64 {
        self.affected
    }

    /// The names of the columns, in order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let count = self.types.len();
        self.names.split('\0').take(count)
    }

    /// The first row.
    #[must_use]
    pub fn first(&self) -> Option<Row<'_>> {
        self.iter().next()
    }

    /// The rows, in order.
    #[must_use]
    pub fn iter(&self) -> RowsIter<'_> {
        RowsIter {
            rows: self,
            left: self.count,
            cells: Cells::new(&self.data),
        }
    }

    /// Other rows of the same columns, laid out as those before.
    pub(crate) fn refill(&mut self, count: usize, data: Vec<u8>) {
        self.count = count;
        self.data = data;
    }

    pub(crate) fn types(&self) -> &[Type] {
        &self.types
    }

    pub(crate) fn cells(&self) -> Cells<'_> {
        Cells::new(&self.data)
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("columns", &self.columns().collect::<Vec<_>>())
            .field("len", &self.count)
            .finish_non_exhaustive()
    }
}

impl<'a> IntoIterator for &'a Rows {
    type Item = Row<'a>;
    type IntoIter = RowsIter<'a>;

    fn into_iter(self) -> RowsIter<'a> {
        self.iter()
    }
}

/// The rows of a [`Rows`], in order.
#[derive(Debug)]
pub struct RowsIter<'a> {
    rows: &'a Rows,
    left: usize,
    cells: Cells<'a>,
}

impl<'a> Iterator for RowsIter<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        self.left = self.left.checked_sub(1)?;
        let row = Row {
            rows: self.rows,
            cells: self.cells,
        };
        // A broken buffer shows as an error when this row is read.
        if self.cells.skip(self.rows.types.len()).is_err() {
            self.left = 0;
        }
        Some(row)
    }
}

/// One row of a [`Rows`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    rows: &'a Rows,
    cells: Cells<'a>,
}

impl Row<'_> {
    /// The value of a column, by its position from 0 or by its name.
    ///
    /// ```no_run
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let rows = db.query("SELECT title, country FROM books JOIN authors USING (id)", &[])?;
    /// for row in &rows {
    ///     let title: String = row.get("title")?;
    ///     let country: Option<String> = row.get(1)?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no such column, its type is another, or it is NULL and
    /// `T` is not an `Option`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a name or a number is easily passed"
    )]
    pub fn get<T: ColumnType>(&self, column: impl ColumnIndex) -> Result<T> {
        self.decode(&column, T::accepts, T::decode)
    }

    // Generic in the value alone, so that names and numbers share one copy.
    fn decode<T>(
        &self,
        column: &dyn ColumnIndex,
        accepts: fn(&Type) -> bool,
        decode: fn(&Type, Option<&[u8]>) -> Result<T, DecodeError>,
    ) -> Result<T> {
        let (ty, raw) = self.find(column, accepts)?;
        decode(ty, raw).map_err(|e| Error::decode(None, column.to_string(), e.to_string()))
    }

    fn find(
        &self,
        column: &dyn ColumnIndex,
        accepts: fn(&Type) -> bool,
    ) -> Result<(&Type, Option<&[u8]>)> {
        let failed = |reason: String| Error::decode(None, column.to_string(), reason);
        let index = column
            .index_in(self.rows)
            .filter(|index| *index < self.rows.types.len())
            .ok_or_else(|| failed("the result has no such column".into()))?;
        let ty = &self.rows.types[index];
        if !accepts(ty) {
            return Err(failed(format!(
                "its type is {ty}, which the Rust type does not take"
            )));
        }
        let mut cells = self.cells;
        let raw = cells.skip(index).and_then(|()| cells.next_cell());
        raw.map(|raw| (ty, raw)).map_err(|e| failed(e.to_string()))
    }
}

/// A column's position from 0, or its name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a column",
    note = "use the column's name, or its position as a `usize`"
)]
pub trait ColumnIndex: fmt::Display {
    /// Its position, if there is such a column.
    fn index_in(&self, rows: &Rows) -> Option<usize>;
}

impl ColumnIndex for usize {
    fn index_in(&self, _: &Rows) -> Option<usize> {
        Some(*self)
    }
}

impl ColumnIndex for &str {
    fn index_in(&self, rows: &Rows) -> Option<usize> {
        rows.columns().position(|name| name == *self)
    }
}
