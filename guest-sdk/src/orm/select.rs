mod narrow;
mod refusal;

use super::cte::Cte;
use super::meta::ModelMeta;
use super::node::{ColumnRef, Node, Op};
use super::order::OrderTerm;
use super::path::RelationPath;
use super::related::Related;
use super::selection::Selected;
use super::value::Value;
use crate::database::SqlType;

pub(crate) use refusal::text as refusal;

/// A query without its types: what the typed methods push to, and what
/// [`sql`](super::sql) compiles.
#[derive(Clone, Debug)]
pub(crate) struct Select {
    pub(crate) model: &'static ModelMeta,
    /// All must hold.
    pub(crate) conditions: Vec<Node>,
    pub(crate) order: Vec<OrderTerm>,
    pub(crate) limit: Option<u64>,
    pub(crate) offset: Option<u64>,
    /// The relations whose rows are loaded too.
    pub(crate) loads: Vec<RelationPath>,
    /// What is read instead of whole rows, unless it is nothing.
    pub(crate) values: Vec<Selected>,
    /// What is grouped by, where that is not all plain values.
    pub(crate) group: Vec<Node>,
    /// What must hold of a group.
    pub(crate) having: Vec<Node>,
    pub(crate) is_distinct: bool,
    /// What rows must differ in, where that is not all.
    pub(crate) distinct_on: Vec<Node>,
    /// The queries with a name before it.
    pub(crate) ctes: Vec<Cte>,
    pub(crate) deleted: Deleted,
    /// What it was about before it was moved.
    pub(crate) moved: Option<OwnRows>,
    pub(crate) lock: Option<Lock>,
    /// The fields whose rows are loaded with further statements.
    pub(crate) prefetches: Vec<&'static str>,
    /// What makes no sense in it, and is told when it is compiled.
    pub(crate) mistake: Option<Box<str>>,
    /// The keys that its rows are matched with, where that takes Postgres.
    pub(crate) asked: Option<Box<Asked>>,
}

/// Keys that rows are asked for by, as a table beside that of the rows: the
/// keys, each once, and their places from 1.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) keys: Vec<Value>,
    pub(crate) sql: SqlType,
}

impl Asked {
    /// The key.
    pub(crate) fn key() -> Node {
        Node::sql(&["asked.asked_key"], Vec::new())
    }

    /// Its place.
    pub(crate) fn place() -> Node {
        Node::sql(&["asked.asked_place"], Vec::new())
    }
}

/// Which rows are meant of a model with soft deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    /// Those that are not deleted.
    Hidden,
    /// All.
    Included,
    /// Those that are deleted.
    Only,
    /// Ties of which none are kept once they are removed: a mistake that is told
    /// when the query is compiled.
    NoTies,
}

/// Which rows of a model's table a query is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnRows {
    pub(crate) model: &'static ModelMeta,
    /// Where they are, from the query's model.
    pub(crate) path: RelationPath,
    pub(crate) deleted: Deleted,
}

/// How rows are locked that another transaction may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    Wait,
    NoWait,
    SkipLocked,
}

impl Select {
    pub(crate) fn new(model: &'static ModelMeta) -> Self {
        Self {
            model,
            conditions: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: None,
            loads: Vec::new(),
            values: Vec::new(),
            group: Vec::new(),
            having: Vec::new(),
            is_distinct: false,
            distinct_on: Vec::new(),
            ctes: Vec::new(),
            deleted: Deleted::Hidden,
            moved: None,
            lock: None,
            prefetches: Vec::new(),
            mistake: None,
            asked: None,
        }
    }

    /// All expressions in it.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        let values = self.values.iter().map(|value| &value.node);
        let order = self.order.iter().map(|term| &term.node);
        let conditions = self.conditions.iter().chain(&self.having);
        let others = self.group.iter().chain(&self.distinct_on);
        conditions.chain(values).chain(others).chain(order)
    }

    pub(crate) fn nodes_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        let values = self.values.iter_mut().map(|value| &mut value.node);
        let order = self.order.iter_mut().map(|term| &mut term.node);
        let conditions = self.conditions.iter_mut().chain(&mut self.having);
        let others = self.group.iter_mut().chain(&mut self.distinct_on);
        conditions.chain(values).chain(others).chain(order)
    }

    /// The rows of its own model.
    pub(crate) fn own_rows(&self) -> OwnRows {
        OwnRows {
            model: self.model,
            path: RelationPath::ROOT,
            deleted: self.deleted,
        }
    }

    /// Makes it a query for rows of another model, from which the path leads
    /// to what it was about.
    pub(crate) fn move_under(&mut self, model: &'static ModelMeta, path: RelationPath) {
        self.moved = Some(OwnRows {
            path,
            ..self.own_rows()
        });
        self.deleted = Deleted::Hidden;
        self.model = model;
        self.loads.clear();
        self.nodes_mut().for_each(|node| node.move_under(path));
    }

    pub(crate) fn is_slice(&self) -> bool {
        self.limit.is_some() || self.offset.is_some()
    }

    /// Drops its ordering, which says nothing of a set, unless it decides what
    /// is in it.
    pub(crate) fn forget_order(&mut self) {
        if !self.is_slice() && self.distinct_on.is_empty() {
            self.order.clear();
        }
    }

    /// Whether it leaves out rows that are like others.
    pub(crate) fn is_unique(&self) -> bool {
        self.drops_duplicates() || !self.distinct_on.is_empty()
    }

    /// Whether rows that are like others are to be left out, and there can be
    /// such rows.
    pub(crate) fn drops_duplicates(&self) -> bool {
        self.is_distinct && (self.is_grouped() || !self.has_key())
    }

    /// Whether the primary key is among what is read, in which no two rows
    /// agree.
    fn has_key(&self) -> bool {
        let key = ColumnRef::key(self.model);
        let is_key = |value: &Selected| matches!(value.node, Node::Column(column) if column == key);
        self.values.is_empty() || self.values.iter().any(is_key)
    }

    /// Whether its rows stand for groups of the table's.
    pub(crate) fn is_grouped(&self) -> bool {
        let values = self.values.iter().map(|value| &value.node);
        let order = self.order.iter().map(|term| &term.node);
        !self.group.is_empty()
            || !self.having.is_empty()
            || values.chain(order).any(Node::has_aggregate)
    }

    /// What its rows are grouped by: what is said, or all plain values.
    pub(crate) fn groups(&self) -> Vec<&Node> {
        if !self.group.is_empty() || !self.is_grouped() {
            return self.group.iter().collect();
        }
        let values = self.values.iter().map(|value| &value.node);
        values
            .filter(|node| !node.has_aggregate() && !node.has_window())
            .collect()
    }

    /// The same from its end; without an ordering, from the greatest key.
    pub(crate) fn reversed(&self) -> Self {
        let mut select = self.clone();
        select.order = self.order.iter().map(OrderTerm::reversed).collect();
        if select.order.is_empty() {
            let node = Node::Column(ColumnRef::key(self.model));
            select.order.push(OrderTerm {
                node,
                is_descending: true,
                is_null_first: true,
            });
        }
        select
    }

    /// The aggregates of all its rows; of a slice, those of the rows in it.
    pub(crate) fn aggregated(&self, values: Vec<Selected>) -> Self {
        let mut select = Self::new(self.model);
        select.values = values;
        select.ctes.clone_from(&self.ctes);
        select.deleted = self.deleted;
        select.mistake.clone_from(&self.mistake);
        if self.is_slice() || !self.distinct_on.is_empty() {
            select.conditions.push(self.has_key_of_rows());
        } else {
            select.conditions.clone_from(&self.conditions);
        }
        select
    }

    /// The condition that a row is one of these.
    fn has_key_of_rows(&self) -> Node {
        let key = Node::Column(ColumnRef::key(self.model));
        Node::binary(Op::InQuery, key, Node::Query(Box::new(self.keys())))
    }

    /// The query for the keys of its rows, to stand in one that has its named
    /// queries and locks its rows.
    pub(crate) fn keys(&self) -> Self {
        let mut select = self.clone();
        select.ctes.clear();
        select.loads.clear();
        select.lock = None;
        select.values = vec![Selected::key(self.model)];
        // No two rows have one key, and of distinct values Postgres orders by
        // none that is not selected.
        select.is_distinct = false;
        select.forget_order();
        select
    }

    pub(crate) fn related(&self) -> Related {
        Related::of(&self.loads)
    }
}
