use std::collections::HashMap;
use std::hash::Hash;

use super::QuerySet;
use crate::database::ColumnType;
use crate::orm::column::Column;
use crate::orm::condition::Q;
use crate::orm::model::Model;
use crate::orm::node::{Node, Op};
use crate::orm::operand::Operand;
use crate::{Db, Result};

impl<M: Model> QuerySet<M> {
    /// The rows with these values in a column, by the value and each in the
    /// query's order; values without a row are left out.
    ///
    /// # Errors
    ///
    /// As [`in_bulk`](Self::in_bulk).
    pub(crate) fn by_column<T>(
        &self,
        column: Column<M, T>,
        values: &[T],
        db: &Db,
    ) -> Result<HashMap<T, Vec<M>>>
    where
        T: ColumnType + Eq + Hash,
    {
        self.select.refuse_slice("by_column")?;
        let mut operands = vec![column.node()];
        operands.extend(values.iter().map(|value| Operand::value(value).0));
        let array_oid = T::SQL.array_oid;
        let has_value = Q::new(Node::op(Op::In { array_oid }, operands));
        let rows = self.clone().without_prefetches();
        let rows = rows.filter(has_value).annotate(column).all(db)?;
        let (mut rows, values): (Vec<M>, Vec<T>) = rows.into_iter().unzip();
        self.prefetch(&mut rows, db)?;

        let mut groups = HashMap::<T, Vec<M>>::new();
        for (row, value) in rows.into_iter().zip(values) {
            groups.entry(value).or_default().push(row);
        }
        Ok(groups)
    }
}
