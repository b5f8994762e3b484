//! Loading the rows that belong to rows.

use std::collections::HashMap;

use super::model::Model;
use super::node::{Node, Op};
use super::related::Related;
use super::row_reader::RowReader;
use super::selection::{Selected, SelectedValues};
use super::sql::{self, Ask};
use super::to_many::ToMany;
use super::value::Value;
use crate::database::{Cells, ColumnType};
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
        let loaded = self.rows_of::<M>(&owners, db)?;
        for (row, loaded) in rows.iter_mut().zip(loaded) {
            field(row).set_loaded(loaded);
        }
        Ok(())
    }
}

impl<Root, T: Model> ToMany<Root, T> {
    /// The rows that belong to each of the owners.
    fn rows_of<M: Model>(&self, owners: &[Value], db: &Db) -> Result<Vec<Vec<T>>> {
        let (mut select, rows) = self.select();
        let related = self.rows.as_select().related();
        select
            .conditions
            .push(is_in::<M::Key>(Node::Column(rows.owner), owners));
        select.values = SelectedValues::of_rows::<T>(rows.prefix, &related);
        let width = select.values.len();
        select
            .values
            .push(Selected::own(select.model, rows.owner.index));

        let rows = db.read(T::META, &sql::select(&select, Ask::All)?)?;
        let mut reader = RowReader::of_values(&rows, &select)?;
        let positions = positions(&mut reader, rows.len(), width)?;
        self.deal(owners, &positions, &mut reader, &related, db)
    }

    /// Decodes for each owner the rows that belong to it. One that belongs to
    /// several is decoded for each, which needs no `Clone` of the model.
    fn deal<'a>(
        &self,
        owners: &[Value],
        positions: &HashMap<&[u8], Vec<Cells<'a>>>,
        reader: &mut RowReader<'a>,
        related: &Related,
        db: &Db,
    ) -> Result<Vec<Vec<T>>> {
        let mut decoded = Vec::new();
        let mut counts = Vec::with_capacity(owners.len());
        for owner in owners {
            let key = owner.bytes().map_err(Error::encode)?.unwrap_or_default();
            let positions = positions.get(key).map_or(&[][..], Vec::as_slice);
            counts.push(positions.len());
            for position in positions {
                reader.seek(*position);
                decoded.push(T::decode(reader, related)?);
            }
        }
        self.rows.prefetch(&mut decoded, db)?;
        let mut decoded = decoded.into_iter();
        let take = |count| decoded.by_ref().take(count).collect();
        Ok(counts.into_iter().map(take).collect())
    }
}

/// Where the rows of each owner begin; its key follows their `width` columns.
fn positions<'a>(
    reader: &mut RowReader<'a>,
    rows: usize,
    width: usize,
) -> Result<HashMap<&'a [u8], Vec<Cells<'a>>>> {
    let mut positions = HashMap::<_, Vec<_>>::new();
    for _ in 0..rows {
        reader.begin_row();
        let start = reader.position();
        reader.skip(width)?;
        if let Some(owner) = reader.next_bytes()? {
            positions.entry(owner).or_default().push(start);
        }
    }
    Ok(positions)
}

fn is_in<K: ColumnType>(column: Node, keys: &[Value]) -> Node {
    let mut operands = vec![column];
    operands.extend(keys.iter().cloned().map(Node::Value));
    let array_oid = K::SQL.array_oid;
    Node::op(Op::In { array_oid }, operands)
}

fn over_a_relation() -> Error {
    Error::invalid_query(
        "`prefetch_related` takes a relation of the query's own model; \
         prefetch over a foreign key in a query for the rows it points to",
    )
}
