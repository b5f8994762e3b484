use std::fmt;
use std::mem;

use postgres_types::Type;

use super::meta::{ColumnMeta, ModelMeta};
use super::model::Model;
use super::node::Node;
use super::related::Related;
use super::select::Select;
use super::selection::Selected;
use crate::database::{Cells, ColumnType, Rows, SqlType};
use crate::{Error, Result};

/// Reads the columns of rows one after the other, by their position.
pub struct RowReader<'a> {
    shape: Shape<'a>,
    types: &'a [Type],
    cells: Cells<'a>,
    column: usize,
    /// What whole rows among the values bring with them.
    related: Related,
}

impl<'a> RowReader<'a> {
    /// A reader of the columns of `models`.
    ///
    /// # Errors
    ///
    /// When the columns are others, or a type is one that the model's field
    /// cannot be read from.
    pub(crate) fn new(rows: &'a Rows, models: &'a [&'static ModelMeta]) -> Result<Self> {
        Self::open(rows, Shape::Models(models), Related::default())
    }

    /// A reader of the values of a query.
    ///
    /// # Errors
    ///
    /// When there are others, or a type is one that a value cannot be read
    /// from.
    pub(crate) fn of_values(rows: &'a Rows, select: &'a Select) -> Result<Self> {
        Self::open(rows, Shape::Values(select), select.related())
    }

    fn open(rows: &'a Rows, shape: Shape<'a>, related: Related) -> Result<Self> {
        let reader = Self {
            shape,
            types: rows.types(),
            cells: rows.cells(),
            column: 0,
            related,
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
    // One copy for each type and not for each field: inlined, reading would be
    // a kilobyte more of each model.
    #[inline(never)]
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

    /// Reads a whole row with what the query loads beside it.
    pub(super) fn next_row<M: Model>(&mut self) -> Result<M> {
        let related = mem::take(&mut self.related);
        let row = M::decode(self, &related);
        self.related = related;
        row
    }

    /// The bytes of the next value, `None` for NULL.
    pub(super) fn next_bytes(&mut self) -> Result<Option<&'a [u8]>> {
        Ok(self.next_cell()?.1)
    }

    /// Whether the value after so many is NULL.
    pub(super) fn is_null_after(&self, count: usize) -> Result<bool> {
        let mut cells = self.cells;
        let skipped = cells.skip(count).and_then(|()| cells.next_cell());
        let cell = skipped.map_err(|e| self.failed(self.column + count, &e))?;
        Ok(cell.is_none())
    }

    /// Where the next value is.
    pub(super) fn position(&self) -> Cells<'a> {
        self.cells
    }

    /// Goes to where a row begins.
    pub(super) fn seek(&mut self, row: Cells<'a>) {
        self.cells = row;
        self.begin_row();
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
        for (index, expected) in self.shape.columns().enumerate() {
            let Some(ty) = self.types.get(index) else {
                return Err(self.failed(index, &"the result has no such column"));
            };
            if ty.oid() != expected.sql.oid && !(expected.accepts)(ty) {
                let owner = self.shape.owner();
                let reason = format!("its type is {ty}, where the {owner} has {}", expected.sql);
                return Err(self.failed(index, &reason));
            }
            count += 1;
        }
        if count == self.types.len() {
            return Ok(());
        }
        let owner = self.shape.owner();
        Err(self.failed(
            count,
            &format!("the result has more columns than the {owner}"),
        ))
    }

    fn failed(&self, index: usize, reason: &dyn fmt::Display) -> Error {
        let found = self.shape.columns().nth(index);
        let (table, column) = found.and_then(|column| column.name).unzip();
        let column = column.map_or_else(|| index.to_string(), str::to_owned);
        Error::decode(table, column, reason.to_string())
    }
}

/// What a row consists of.
#[derive(Clone, Copy)]
enum Shape<'a> {
    /// The columns of models, one after the other.
    Models(&'a [&'static ModelMeta]),
    /// The values that a query selects.
    Values(&'a Select),
}

/// What is expected of a column of the result.
struct Expected {
    /// Its table and its own name, where it has them.
    name: Option<(&'static str, &'static str)>,
    sql: SqlType,
    accepts: fn(&Type) -> bool,
}

impl<'a> Shape<'a> {
    fn columns(self) -> impl Iterator<Item = Expected> + 'a {
        let (models, values) = match self {
            Self::Models(models) => (models, None),
            Self::Values(select) => (&[][..], Some(select)),
        };
        let columns = models.iter().flat_map(|model| {
            let columns = model.columns.iter();
            columns.map(|column| Expected::column(model, column))
        });
        let values = values.into_iter().flat_map(|select| {
            let values = select.values.iter();
            values.map(|value| Expected::value(select.model, value))
        });
        columns.chain(values)
    }

    /// What says which columns there are.
    fn owner(self) -> &'static str {
        match self {
            Self::Models(_) => "model",
            Self::Values(_) => "query",
        }
    }
}

impl Expected {
    fn column(model: &ModelMeta, column: &ColumnMeta) -> Self {
        Self {
            name: Some((model.table, column.name)),
            sql: column.sql,
            accepts: column.accepts,
        }
    }

    fn value(model: &'static ModelMeta, value: &Selected) -> Self {
        let name = match &value.node {
            Node::Column(column) => column.model_and_meta(model),
            _ => None,
        };
        Self {
            name: name.map(|(model, column)| (model.table, column.name)),
            sql: value.sql,
            accepts: value.accepts,
        }
    }
}

impl fmt::Debug for RowReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowReader")
            .field("column", &self.column)
            .finish_non_exhaustive()
    }
}
