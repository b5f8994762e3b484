//! The rows that have each of some keys, with one statement.
//!
//! Where equal keys have equal bytes, the rows are told apart by these. Where
//! they may not, as 1.5 and 1.50, Postgres matches the rows with the keys and
//! says with each row which key it has.

use std::collections::HashMap;

use super::meta::ModelMeta;
use super::model::Model;
use super::node::{Node, Op};
use super::path::RelationPath;
use super::query_set::QuerySet;
use super::row_reader::RowReader;
use super::select::{Asked, Select};
use super::selection::{Selected, SelectedValues};
use super::sql::{self, Ask};
use super::value::Value;
use crate::database::Cells;
use crate::{Db, Error, Result};

/// A query for rows by what they have in a column.
pub(super) struct ByKey {
    pub(super) select: Select,
    /// Where the rows are, from the query's model.
    pub(super) prefix: RelationPath,
    pub(super) key: Selected,
    /// Which of the rows' own columns the key is, unless it is read beside
    /// them.
    pub(super) column: Option<usize>,
}

impl<T: Model> QuerySet<T> {
    /// The rows that have each of the keys, in the order of the keys. A row is
    /// decoded for each key that it has, which needs no `Clone` of the model.
    pub(super) fn rows_by(&self, by: ByKey, keys: &[Value], db: &Db) -> Result<Vec<Vec<T>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let related = self.as_select().related();
        let values = SelectedValues::of_rows::<T>(by.prefix, &related);
        let keys = Keys::of(keys)?;
        let (select, tells) = by.ask(&keys, values);
        if select.lock.is_some() {
            db.require_transaction()?;
        }
        let rows = db.read(T::META, &sql::select(&select, Ask::All)?)?;
        let mut reader = RowReader::of_values(&rows, &select)?;
        let positions = keys.positions(&mut reader, rows.len(), tells, select.values.len())?;

        let mut decoded = Vec::new();
        for position in keys.of_each(&positions).flatten() {
            reader.seek(*position);
            decoded.push(T::decode(&mut reader, &related)?);
        }
        self.prefetch(&mut decoded, db)?;
        let mut decoded = decoded.into_iter();
        let counts = keys.of_each(&positions).map(<[_]>::len);
        Ok(counts
            .map(|count| decoded.by_ref().take(count).collect())
            .collect())
    }
}

/// What tells which key a row has, and behind how many values it is.
#[derive(Clone, Copy)]
enum Tells {
    Key(usize),
    Place(usize),
}

impl ByKey {
    /// The statement for the rows with these keys, each row with its `values`.
    fn ask(self, keys: &Keys<'_>, values: Vec<Selected>) -> (Select, Tells) {
        let Self { select, key, .. } = self;
        let is_by_bytes = key.is_equal_by_bytes(select.model);
        let mut select = Select { values, ..select };
        let width = select.values.len();
        if !is_by_bytes {
            select.values.push(Selected::of::<i64>(Asked::place()));
            select.conditions.push(keys.match_with(key.node));
            let keys = keys.distinct.iter().map(|key| (*key).clone()).collect();
            let sql = key.sql;
            select.asked = Some(Box::new(Asked { keys, sql }));
            return (select, Tells::Place(width));
        }
        select.conditions.push(keys.have(&key));
        if self.column.is_none() {
            select.values.push(key);
        }
        (select, Tells::Key(self.column.unwrap_or(width)))
    }
}

impl Selected {
    /// Whether rows of the model have equal values in it only if the bytes are.
    fn is_equal_by_bytes(&self, model: &'static ModelMeta) -> bool {
        let column = match &self.node {
            Node::Column(column) => column.model_and_meta(model).zip(Some(column.index)),
            _ => None,
        };
        column.is_some_and(|((model, _), index)| model.is_equal_by_bytes(usize::from(index)))
    }
}

/// Keys by their bytes, `None` for NULL.
struct Keys<'k> {
    /// Each once, in the order in which they were first given.
    distinct: Vec<&'k Value>,
    /// Where among these each is.
    places: HashMap<Option<&'k [u8]>, usize>,
    /// Where among these are those that were given.
    given: Vec<usize>,
}

impl<'k> Keys<'k> {
    fn of(keys: &'k [Value]) -> Result<Self> {
        let mut distinct = Vec::with_capacity(keys.len());
        let mut places = HashMap::with_capacity(keys.len());
        let mut given = Vec::with_capacity(keys.len());
        for key in keys {
            let bytes = key.bytes().map_err(Error::encode)?;
            given.push(*places.entry(bytes).or_insert_with(|| {
                distinct.push(key);
                distinct.len() - 1
            }));
        }
        Ok(Self {
            distinct,
            places,
            given,
        })
    }

    /// That a row has one of them.
    fn have(&self, key: &Selected) -> Node {
        let mut operands = vec![key.node.clone()];
        let keys = self.given.iter().map(|place| self.distinct[*place]);
        operands.extend(keys.cloned().map(Node::Value));
        let array_oid = key.sql.array_oid;
        Node::op(Op::In { array_oid }, operands)
    }

    /// That a row has the one beside it.
    fn match_with(&self, key: Node) -> Node {
        let equal = Node::binary(Op::Eq, key.clone(), Asked::key());
        if !self.places.contains_key(&None) {
            return equal;
        }
        let both = [key, Asked::key()].map(|node| Node::unary(Op::IsNull, node));
        Node::op(Op::Or, vec![equal, Node::op(Op::And, both.into())])
    }

    /// Where the rows of each begin, of those that are distinct.
    fn positions<'a>(
        &self,
        reader: &mut RowReader<'a>,
        rows: usize,
        tells: Tells,
        width: usize,
    ) -> Result<Vec<Vec<Cells<'a>>>> {
        let mut positions = vec![Vec::new(); self.distinct.len()];
        let (Tells::Key(before) | Tells::Place(before)) = tells;
        for _ in 0..rows {
            reader.begin_row();
            let start = reader.position();
            reader.skip(before)?;
            let place = match tells {
                Tells::Key(_) => self.places.get(&reader.next_bytes()?).copied(),
                Tells::Place(_) => usize::try_from(reader.next::<i64>()? - 1).ok(),
            };
            reader.skip(width - before - 1)?;
            if let Some(of_key) = place.and_then(|place| positions.get_mut(place)) {
                of_key.push(start);
            }
        }
        Ok(positions)
    }

    /// The same of those that were given.
    fn of_each<'p, P>(&'p self, positions: &'p [Vec<P>]) -> impl Iterator<Item = &'p [P]> {
        self.given.iter().map(|place| &*positions[*place])
    }
}
