use std::fmt;

use postgres_types::Type;

use super::meta::{ColumnMeta, ModelMeta};
use crate::database::{Cells, ColumnType, Rows};
use crate::{Error, Result};

/// Reads the columns of rows one after the other, by their position.
pub struct RowReader<'a> {
    /// The models whose columns make up a row.
    models: &'a [&'static ModelMeta],
    types: &'a [Type],
    cells: Cells<'a>,
    column: usize,
}

impl<'a> RowReader<'a> {
    /// A reader of the columns of `models`.
    ///
    /// # Errors
    ///
    /// When the columns are others, or a type is one that the model's field
    /// cannot be read from.
    pub(crate) fn new(rows: &'a Rows, models: &'a [&'static ModelMeta]) -> Result<Self> {
        let reader = Self {
            models,
            types: rows.types(),
            cells: rows.cells(),
            column: 0,
        };
        reader.check_types()?;
        Ok(reader)
    }

    /// The next value.
    ///
    /// # Errors
    ///
    /// When it does not fit, with the table and the column named.
    #[expect(
        clippy::should_implement_trait,
        reason = "each value has a type of its own"
    )]
    pub fn next<T: ColumnType>(&mut self) -> Result<T> {
        let (ty, raw) = self.next_cell()?;
        T::decode(ty, raw).map_err(|e| self.failed(self.column - 1, &e))
    }

    /// Passes over values.
    ///
    /// # Errors
    ///
    /// When the row ends before.
    pub fn skip(&mut self, count: usize) -> Result<()> {
        self.cells
            .skip(count)
            .map_err(|e| self.failed(self.column, &e))?;
        self.column += count;
        Ok(())
    }

    pub(crate) fn begin_row(&mut self) {
        self.column = 0;
    }

    fn next_cell(&mut self) -> Result<(&'a Type, Option<&'a [u8]>)> {
        let ty = self.types.get(self.column);
        let ty = ty.ok_or_else(|| self.failed(self.column, &"the row ends before it"))?;
        let raw = self
            .cells
            .next_cell()
            .map_err(|e| self.failed(self.column, &e))?;
        self.column += 1;
        Ok((ty, raw))
    }

    fn check_types(&self) -> Result<()> {
        let mut count = 0;
        for (index, (_, column)) in self.columns().enumerate() {
            let Some(ty) = self.types.get(index) else {
                return Err(self.failed(index, &"the result has no such column"));
            };
            if ty.oid() != column.sql.oid && !(column.accepts)(ty) {
                let reason = format!("its type is {ty}, where the model has {}", column.sql);
                return Err(self.failed(index, &reason));
            }
            count += 1;
        }
        if count == self.types.len() {
            return Ok(());
        }
        Err(self.failed(count, &"the result has more columns than the model"))
    }

    fn columns(&self) -> impl Iterator<Item = (&'static ModelMeta, &'static ColumnMeta)> {
        let models = self.models.iter();
        models.flat_map(|model| model.columns.iter().map(move |column| (*model, column)))
    }

    fn failed(&self, index: usize, reason: &dyn fmt::Display) -> Error {
        let found = self.columns().nth(index);
        let table = found.map(|(model, _)| model.table);
        let column = found.map_or_else(|| index.to_string(), |(_, column)| column.name.to_owned());
        Error::decode(table, column, reason.to_string())
    }
}

impl fmt::Debug for RowReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowReader")
            .field("column", &self.column)
            .finish_non_exhaustive()
    }
}
