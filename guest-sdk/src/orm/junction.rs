//! Writing the table between two models.

use super::meta::{ToManyMeta, Via};
use super::node::{ColumnRef, Node, Op};
use super::select::Select;
use super::selection::Selected;
use super::sql::{self, Tie};
use super::value::Value;
use crate::{Db, Error, Result};

pub(super) fn add(meta: &ToManyMeta, owner: &Value, targets: &[Value], db: &Db) -> Result<u64> {
    if targets.is_empty() {
        return Ok(0);
    }
    let tie = tie(meta)?;
    db.change(tie.table, &sql::tie(&tie, owner, targets)?)
}

pub(super) fn remove(meta: &ToManyMeta, owner: &Value, targets: &[Value], db: &Db) -> Result<u64> {
    let tie = tie(meta)?;
    delete(&tie, owner, Some(tie.is_target(targets)), db)
}

pub(super) fn clear(meta: &ToManyMeta, owner: &Value, db: &Db) -> Result<u64> {
    delete(&tie(meta)?, owner, None, db)
}

/// Changes ties in one transaction.
pub(super) fn join_or_begin<T>(
    meta: &ToManyMeta,
    db: &Db,
    work: impl FnOnce(&Db) -> Result<T>,
) -> Result<T> {
    db.join_or_begin(tie(meta)?.table, work)
}

/// Unties all but these.
pub(super) fn keep(meta: &ToManyMeta, owner: &Value, targets: &[Value], db: &Db) -> Result<u64> {
    let tie = tie(meta)?;
    delete(&tie, owner, Some(tie.is_target(targets).complement()), db)
}

fn delete(tie: &Tie, owner: &Value, condition: Option<Node>, db: &Db) -> Result<u64> {
    let mut select = Select::new(tie.table);
    let column = Node::Column(ColumnRef::own(tie.owner));
    let is_owner = Node::binary(Op::Eq, column, Node::Value(owner.clone()));
    select.conditions.push(is_owner);
    select.conditions.extend(condition);
    db.change(tie.table, &sql::delete(&select)?)
}

fn tie(meta: &ToManyMeta) -> Result<Tie> {
    match meta.via {
        Via::Junction {
            table,
            owner,
            target,
        } => Ok(Tie {
            table,
            owner,
            target,
        }),
        Via::ForeignKey { .. } => Err(Error::invalid_query(format!(
            "`{}` has no table between its models",
            meta.field
        ))),
    }
}

impl Tie {
    fn is_target(&self, targets: &[Value]) -> Node {
        let mut operands = vec![Node::Column(ColumnRef::own(self.target))];
        operands.extend(targets.iter().cloned().map(Node::Value));
        let array_oid = Selected::own(self.table, self.target).sql.array_oid;
        Node::op(Op::In { array_oid }, operands)
    }
}
