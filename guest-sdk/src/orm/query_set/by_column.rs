use super::QuerySet;
use crate::database::ColumnType;
use crate::orm::by_key::ByKey;
use crate::orm::column::Column;
use crate::orm::model::Model;
use crate::orm::path::RelationPath;
use crate::orm::selection::Selected;
use crate::orm::value::Value;
use crate::{Db, Result};

impl<M: Model> QuerySet<M> {
    /// The rows with each of these values in a column, in the order of the
    /// values, and those of one value in the query's.
    ///
    /// # Errors
    ///
    /// As [`in_bulk`](Self::in_bulk).
    pub(crate) fn by_column<T: ColumnType>(
        &self,
        column: Column<M, T>,
        values: &[T],
        db: &Db,
    ) -> Result<Vec<Vec<M>>> {
        self.select.refuse_slice("by_column")?;
        let by = ByKey {
            select: self.select.clone(),
            prefix: RelationPath::ROOT,
            key: Selected::of::<T>(column.node()),
            column: None,
        };
        let values: Vec<Value> = values.iter().map(|value| Value::new(value)).collect();
        self.rows_by(by, &values, db)
    }
}
