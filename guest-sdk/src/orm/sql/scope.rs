use super::repeat::Repeated;
use crate::orm::meta::{ColumnMeta, ModelMeta, VariantMeta};
use crate::orm::node::ColumnRef;
use crate::orm::path::{HOPS_MAX, RelationPath};
use crate::orm::routing::check_one_database;
use crate::{Error, Result};

/// The tables that a query reads: its model's as `t0`, and those joined to it as
/// `t1`, `t2`, … in the order in which they are needed. A query inside it goes
/// on counting, so that no name hides another.
pub(super) struct Scope {
    pub(super) root: &'static ModelMeta,
    /// Where the rows are that the query is about, if not in its own table.
    pub(super) about: RelationPath,
    pub(super) joins: Vec<Join>,
    /// The number in the name of the first table.
    pub(super) first: usize,
    /// Whether columns are written with their table, `t0."id"`.
    pub(super) is_qualified: bool,
    /// What the query groups by, where that has parameters.
    pub(super) repeated: Vec<Repeated>,
}

/// A table joined over a foreign key.
pub(super) struct Join {
    path: RelationPath,
    pub(super) model: &'static ModelMeta,
    /// The foreign key, and the table it stands in.
    pub(super) from: usize,
    pub(super) column: &'static ColumnMeta,
    /// Which of the table's rows are joined, where not all are the model's own.
    pub(super) variant: Option<&'static VariantMeta>,
    /// Whether the row can be missing, so that its columns read as NULL.
    nullable: bool,
}

/// A column found in a scope.
pub(super) struct Found {
    /// The number of its table.
    pub(super) table: usize,
    pub(super) column: &'static ColumnMeta,
    pub(super) nullable: bool,
}

impl Scope {
    pub(super) fn new(root: &'static ModelMeta) -> Self {
        Self {
            root,
            about: RelationPath::ROOT,
            joins: Vec::new(),
            first: 0,
            is_qualified: false,
            repeated: Vec::new(),
        }
    }

    /// The scope of a query inside one with this scope.
    pub(super) fn inner(&self, root: &'static ModelMeta) -> Self {
        Self {
            first: self.names_end(),
            is_qualified: true,
            ..Self::new(root)
        }
    }

    /// The number after that of the last name.
    fn names_end(&self) -> usize {
        if self.is_qualified {
            self.first + 1 + self.joins.len()
        } else {
            self.first
        }
    }

    /// Joins the tables that a column needs.
    pub(super) fn add_column(&mut self, column: ColumnRef) -> Result<()> {
        let column = self.without_needless_hop(column)?;
        self.add_path(column.path).map(drop)
    }

    /// Joins the tables on a path and returns the number of the last.
    pub(super) fn add_path(&mut self, path: RelationPath) -> Result<usize> {
        if path.is_too_long() {
            return Err(too_long());
        }
        if let Some(table) = self.table(path) {
            return Ok(table);
        }
        let Some((parent, relation)) = path.parent() else {
            return Ok(0);
        };
        let from = self.add_path(parent)?;
        let model = self.model(from);
        let relation = model.relations.get(relation).ok_or_else(unknown)?;
        let column = &model.columns[relation.column];
        let target = (relation.target)();
        check_one_database(model, target)?;
        let variant = target.variant.as_ref().filter(|_| path != self.about);
        self.joins.push(Join {
            path,
            model: target,
            from,
            column,
            variant,
            nullable: column.nullable || variant.is_some() || self.is_nullable(from),
        });
        Ok(self.joins.len())
    }

    /// Finds a column whose tables are joined.
    pub(super) fn find(&self, column: ColumnRef) -> Result<Found> {
        let column = self.without_needless_hop(column)?;
        let table = self.table(column.path).ok_or_else(unknown)?;
        let meta = self.model(table).columns.get(usize::from(column.index));
        let meta = meta.ok_or_else(unknown)?;
        Ok(Found {
            table,
            column: meta,
            nullable: meta.nullable || self.is_nullable(table),
        })
    }

    /// The key of a row that a foreign key points to is the foreign key itself,
    /// so `Book::author().id()` needs no join.
    fn without_needless_hop(&self, column: ColumnRef) -> Result<ColumnRef> {
        if column.path.is_too_long() {
            return Err(too_long());
        }
        let Some((parent, relation)) = column.path.parent() else {
            return Ok(column);
        };
        let model = self.model_at(parent)?;
        let relation = model.relations.get(relation).ok_or_else(unknown)?;
        let target = (relation.target)();
        let is_key = target.key == usize::from(column.index);
        // An equal key can be written otherwise than the foreign key is, and the
        // row can be of another variant.
        if !is_key || !target.is_equal_by_bytes(target.key) || target.variant.is_some() {
            return Ok(column);
        }
        Ok(ColumnRef {
            path: parent,
            index: u16::try_from(relation.column).map_err(|_| unknown())?,
        })
    }

    fn model_at(&self, path: RelationPath) -> Result<&'static ModelMeta> {
        path.hops().try_fold(self.root, |model, hop| {
            let relation = model.relations.get(hop).ok_or_else(unknown)?;
            Ok((relation.target)())
        })
    }

    fn table(&self, path: RelationPath) -> Option<usize> {
        if path.is_root() {
            return Some(0);
        }
        let join = self.joins.iter().position(|join| join.path == path)?;
        Some(join + 1)
    }

    fn model(&self, table: usize) -> &'static ModelMeta {
        match table.checked_sub(1) {
            Some(join) => self.joins[join].model,
            None => self.root,
        }
    }

    fn is_nullable(&self, table: usize) -> bool {
        table
            .checked_sub(1)
            .is_some_and(|join| self.joins[join].nullable)
    }
}

fn too_long() -> Error {
    Error::invalid_query(format!(
        "a path follows more than {HOPS_MAX} relations; filter in two queries instead"
    ))
}

fn unknown() -> Error {
    Error::invalid_query("a column or relation is not one of the query's model")
}
