//! The structure of a query without its values, as a key of bytes.

use std::ptr;

use bytes::BytesMut;
use postgres_types::Oid;

use super::select::Ask;
use crate::database::{Parameters, SqlType, write_array};
use crate::orm::meta::{ModelMeta, VariantMeta};
use crate::orm::node::{ColumnRef, Node, Op};
use crate::orm::select::{OwnRows, Select};
use crate::orm::selection::Selected;
use crate::orm::update::AssignTerm;
use crate::orm::value::Value;
use crate::{Error, Result};

/// A key, and the values that it leaves out.
pub(super) struct Shape<'a> {
    pub(super) key: Vec<u8>,
    pub(super) slots: Vec<Slot<'a>>,
}

/// A value that is a parameter of the statement.
pub(super) struct Slot<'a> {
    /// Where it is in memory, by which the compiler's parameters are found to
    /// be this one.
    pub(super) source: usize,
    value: SlotValue<'a>,
}

enum SlotValue<'a> {
    One(&'a Value),
    /// An array of those that are not NULL.
    Many(&'a [Node], Oid),
    /// A limit or an offset.
    Rows(u64),
    /// Which of its parent's rows a variant's are.
    Variant(&'static VariantMeta),
}

/// What the key of a usual query takes.
const KEY_BYTES: usize = 320;

/// Where something is in memory.
pub(super) fn address<T>(place: &T) -> usize {
    ptr::from_ref(place).addr()
}

impl<'a> Shape<'a> {
    /// That of the statement which answers `ask`; `None` where it has none.
    pub(super) fn of_select(select: &'a Select, ask: Ask) -> Option<Self> {
        let mut shape = Self::new(0);
        shape.select(select, ask)?;
        Some(shape)
    }

    pub(super) fn of_update(
        select: &'a Select,
        assigns: &'a [AssignTerm],
        is_returning: bool,
    ) -> Option<Self> {
        let mut shape = Self::new(1);
        shape.flag(is_returning);
        shape.count(assigns.len());
        for assign in assigns {
            shape.column(assign.column);
            shape.node(&assign.value)?;
        }
        shape.select(select, Ask::All)?;
        Some(shape)
    }

    pub(super) fn of_delete(select: &'a Select, is_hard: bool) -> Option<Self> {
        let mut shape = Self::new(2);
        shape.flag(is_hard);
        shape.select(select, Ask::All)?;
        Some(shape)
    }

    fn new(kind: u8) -> Self {
        let mut key = Vec::with_capacity(KEY_BYTES);
        key.push(kind);
        Self {
            key,
            slots: Vec::with_capacity(8),
        }
    }

    fn select(&mut self, select: &'a Select, ask: Ask) -> Option<()> {
        let Select {
            model,
            conditions,
            order,
            limit,
            offset,
            loads,
            values,
            group,
            having,
            is_distinct,
            distinct_on,
            ctes,
            deleted,
            moved,
            lock,
            prefetches: _,
            mistake,
            asked,
        } = select;
        let has_value = |value: &Selected| value.node.has_value();
        let is_by_value = select.is_grouped() && values.iter().any(has_value);
        let is_single = is_by_value || mistake.is_some() || asked.is_some();
        if is_single || !ctes.is_empty() || !having.is_empty() {
            return None;
        }
        self.model(model);
        self.key.push(ask as u8);
        self.key.push(*deleted as u8);
        self.key.push(lock.map_or(0, |lock| lock as u8 + 1));
        self.flag(*is_distinct);
        self.own_rows(moved.as_ref());
        self.nodes(conditions)?;
        self.count(values.len());
        for value in values {
            self.flag(value.nullable);
            self.node(&value.node)?;
        }
        self.count(loads.len());
        for path in loads {
            self.key.extend_from_slice(&path.to_bytes());
        }
        self.columns(group)?;
        self.columns(distinct_on)?;
        self.count(order.len());
        for term in order {
            self.flag(term.is_descending);
            self.flag(term.is_null_first);
            self.plain_node(&term.node)?;
        }
        self.rows(ask.limit(select), address(limit));
        self.rows(*offset, address(offset));
        Some(())
    }

    fn own_rows(&mut self, rows: Option<&OwnRows>) {
        self.flag(rows.is_some());
        if let Some(rows) = rows {
            self.model(rows.model);
            self.key.extend_from_slice(&rows.path.to_bytes());
            self.key.push(rows.deleted as u8);
        }
    }

    fn nodes(&mut self, nodes: &'a [Node]) -> Option<()> {
        self.count(nodes.len());
        nodes.iter().try_for_each(|node| self.node(node))
    }

    fn columns(&mut self, nodes: &'a [Node]) -> Option<()> {
        self.count(nodes.len());
        nodes.iter().try_for_each(|node| self.plain_node(node))
    }

    /// What is written by its place among the values if it is the same as one
    /// of them, which depends on the parameters in it.
    fn plain_node(&mut self, node: &'a Node) -> Option<()> {
        match node.has_value() || node.has_query() {
            true => None,
            false => self.node(node),
        }
    }

    fn node(&mut self, node: &'a Node) -> Option<()> {
        match node {
            Node::Column(column) => {
                self.key.push(0);
                self.column(*column);
            }
            Node::Outer(column) => {
                self.key.push(1);
                self.column(*column);
            }
            Node::Excluded(column) => {
                self.key.push(2);
                self.column(*column);
            }
            Node::Value(value) => {
                self.key.push(3 + u8::from(value.is_null()));
                self.value(value)?;
            }
            Node::Query(select) => {
                self.key.push(5);
                self.select(select, Ask::All)?;
            }
            Node::Op(Op::In { array_oid }, operands) => self.membership(*array_oid, operands)?,
            Node::Op(op, operands) => {
                self.key.push(6);
                self.op(*op)?;
                self.nodes(operands)?;
            }
        }
        Some(())
    }

    /// Of any number of values, that there are some, and whether NULL is one.
    fn membership(&mut self, array_oid: Oid, operands: &'a [Node]) -> Option<()> {
        let (value, members) = operands.split_first()?;
        let mut first = None;
        let mut has_null = false;
        for member in members {
            match member {
                Node::Value(value) if value.is_null() => has_null = true,
                Node::Value(value) => first = first.or(Some(value)),
                // Such a list is written member by member.
                _ => return None,
            }
        }
        if array_oid == 0 {
            return None;
        }
        self.key.push(7);
        self.number(array_oid);
        self.flag(has_null);
        self.flag(first.is_some());
        if let Some(first) = first {
            self.text(first.type_name.unwrap_or_default());
            self.slots.push(Slot {
                source: address(first),
                value: SlotValue::Many(members, array_oid),
            });
        }
        self.node(value)
    }

    fn value(&mut self, value: &'a Value) -> Option<()> {
        self.number(value.oid);
        self.text(value.type_name.unwrap_or_default());
        value.bytes().ok()?;
        self.slots.push(Slot {
            source: address(value),
            value: SlotValue::One(value),
        });
        Some(())
    }

    fn rows(&mut self, rows: Option<u64>, source: usize) {
        self.flag(rows.is_some());
        if let Some(rows) = rows {
            let value = SlotValue::Rows(rows);
            self.slots.push(Slot { source, value });
        }
    }

    fn op(&mut self, op: Op) -> Option<()> {
        let code = match op {
            Op::And => 0,
            Op::Or => 1,
            Op::Not => 2,
            Op::Eq => 3,
            Op::Ne => 4,
            Op::Gt => 5,
            Op::Gte => 6,
            Op::Lt => 7,
            Op::Lte => 8,
            Op::Between => 9,
            Op::Like => 10,
            Op::ILike => 11,
            Op::IsNull => 12,
            Op::IsNotNull => 13,
            Op::Add => 14,
            Op::Sub => 15,
            Op::Mul => 16,
            Op::Div => 17,
            Op::Rem => 18,
            Op::Neg => 19,
            Op::OrEmpty => 20,
            Op::Greatest => 21,
            Op::Least => 22,
            Op::Coalesce => 23,
            Op::Case => 24,
            Op::Filtered => 25,
            Op::Partition => 26,
            Op::Over(None) => 27,
            Op::Exists => 28,
            Op::InQuery => 29,
            Op::Function(_) => 30,
            Op::Sql { .. } => 31,
            Op::Cast(_) => 32,
            Op::Aggregate { .. } => 33,
            Op::Ordering { .. } => 34,
            Op::InTree { .. } => 35,
            Op::Raw { .. } => 36,
            Op::SearchConfig(_) => 37,
            Op::NullSafe(_) => 38,
            Op::ArrayTest { .. } => 39,
            // Its distances are parameters, and an array has one of its own.
            Op::Over(Some(_)) | Op::Array(_) | Op::In { .. } | Op::Around(_) | Op::TooDeep => {
                return None;
            }
        };
        self.key.push(code);
        self.details(op);
        Some(())
    }

    /// What an operation is besides its name.
    fn details(&mut self, op: Op) {
        match op {
            Op::Function(name) | Op::SearchConfig(name) => self.text(name),
            Op::Sql { pieces, nulls } => {
                self.key.push(nulls as u8);
                self.pieces(pieces);
            }
            // There are few, each of which lasts as long as the plugin.
            Op::NullSafe(sql) => self.key.extend_from_slice(&address(sql).to_le_bytes()),
            Op::ArrayTest { test, nullable } => {
                self.key.push(test as u8);
                self.flag(nullable);
            }
            Op::Cast(ty) => self.sql_type(ty),
            Op::Aggregate {
                name,
                is_distinct,
                nullable,
            } => {
                self.text(name);
                self.flag(is_distinct);
                self.flag(nullable);
            }
            Op::Ordering {
                is_descending,
                is_null_first,
            } => {
                self.flag(is_descending);
                self.flag(is_null_first);
            }
            Op::InTree { path, is_up } => {
                self.key.extend_from_slice(&path.to_bytes());
                self.flag(is_up);
            }
            Op::Raw { sql, nullable } => {
                self.text(sql);
                self.flag(nullable);
            }
            _ => {}
        }
    }

    fn pieces(&mut self, pieces: &[&str]) {
        self.count(pieces.len());
        pieces.iter().for_each(|piece| self.text(piece));
    }

    fn sql_type(&mut self, ty: SqlType) {
        self.text(ty.name);
        self.number(ty.oid);
        self.flag(ty.is_array);
    }

    /// A model has one description, which lasts as long as the plugin.
    fn model(&mut self, model: &'static ModelMeta) {
        self.key.extend_from_slice(&address(model).to_le_bytes());
        if let Some(variant) = &model.variant {
            self.slots.push(Slot {
                source: address(variant),
                value: SlotValue::Variant(variant),
            });
        }
    }

    fn column(&mut self, column: ColumnRef) {
        self.key.extend_from_slice(&column.path.to_bytes());
        self.key.extend_from_slice(&column.index.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.key.extend_from_slice(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.number(u32::try_from(count).unwrap_or(u32::MAX));
    }

    fn number(&mut self, number: u32) {
        self.key.extend_from_slice(&number.to_le_bytes());
    }

    fn flag(&mut self, flag: bool) {
        self.key.push(u8::from(flag));
    }
}

impl Slot<'_> {
    pub(super) fn push(&self, parameters: &mut Parameters) -> Result<()> {
        match self.value {
            SlotValue::One(value) => {
                let bytes = value.bytes().map_err(Error::encode)?;
                parameters.push_encoded(value.oid, bytes)?;
            }
            SlotValue::Many(members, array_oid) => {
                let mut array = BytesMut::new();
                write_members(members, &mut array)?;
                parameters.push_encoded(array_oid, Some(&array))?;
            }
            SlotValue::Rows(rows) => {
                parameters.push(&rows_parameter(rows))?;
            }
            SlotValue::Variant(variant) => {
                parameters.push(&variant.value)?;
            }
        }
        Ok(())
    }
}

/// Postgres counts rows in a bigint; more than that is all.
pub(super) fn rows_parameter(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

fn write_members(members: &[Node], array: &mut BytesMut) -> Result<()> {
    let values = members.iter().filter_map(|member| match member {
        Node::Value(value) if !value.is_null() => Some(value),
        _ => None,
    });
    let element = values.clone().next().map_or(0, |value| value.oid);
    let cells = values.map(Value::bytes).collect::<Result<Vec<_>, _>>();
    let cells = cells.map_err(Error::encode)?;
    write_array(element, &cells, array).map_err(|e| Error::encode(e.to_string()))
}
