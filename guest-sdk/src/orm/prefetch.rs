//! Loading the rows that belong to rows.

use super::by_key::ByKey;
use super::model::Model;
use super::selection::Selected;
use super::to_many::{Rows, ToMany};
use super::value::Value;
use crate::{Db, Error, Result};

/// A relation whose rows are to be loaded with rows of `M`.
pub(super) trait Prefetch<M> {
    fn load(&self, rows: &mut [M], db: &Db) -> Result<()>;
}

impl<M: Model, T: Model> Prefetch<M> for ToMany<M, T> {
    fn load(&self, rows: &mut [M], db: &Db) -> Result<()> {
        let field = self.field.ok_or_else(over_a_relation)?;
        let mut owners = Vec::with_capacity(rows.len());
        for row in &mut *rows {
            owners.push(field(row).owner_key()?.clone());
        }
        let loaded = self.rows_of(&owners, db)?;
        for (row, loaded) in rows.iter_mut().zip(loaded) {
            field(row).set_loaded(loaded);
        }
        Ok(())
    }
}

impl<Root, T: Model> ToMany<Root, T> {
    /// The rows that belong to each of the owners.
    fn rows_of(&self, owners: &[Value], db: &Db) -> Result<Vec<Vec<T>>> {
        let (select, Rows { owner, prefix }) = self.select();
        let by = ByKey {
            key: Selected::own(select.model, owner.index),
            select,
            prefix,
            column: None,
        };
        self.rows.rows_by(by, owners, db)
    }
}

fn over_a_relation() -> Error {
    Error::invalid_query(
        "`prefetch_related` takes a relation of the query's own model; \
         prefetch over a foreign key in a query for the rows it points to",
    )
}
