//! Conditions and expressions.

use bytes::BytesMut;

use super::select::{Ask, too_deep};
use super::shape::address;
use super::writer::Writer;
use crate::database::write_array;
use crate::orm::meta::{CITEXT, CITEXTS};
use crate::orm::node::{ColumnRef, Node, NullSafe, Nulls, Op};
use crate::orm::value::Value;
use crate::{Error, Result};

impl Writer {
    /// Conditions that must all hold.
    pub(super) fn conditions(&mut self, conditions: &[Node]) -> Result<()> {
        self.group(conditions, " AND ", "TRUE")
    }

    pub(super) fn node(&mut self, node: &Node) -> Result<()> {
        match self.repeated(node) {
            Some(repeated) => self.repeat(repeated, node),
            None => self.plain_node(node),
        }
    }

    pub(super) fn plain_node(&mut self, node: &Node) -> Result<()> {
        match node {
            Node::Column(column) => self.column_ref(*column),
            Node::Value(value) => self.value(value),
            Node::Op(op, operands) => self.op(*op, operands),
            Node::Outer(column) => self.outer_column(*column),
            Node::Excluded(column) => self.excluded(*column),
            Node::Query(select) => self.query(select, Ask::All),
        }
    }

    fn op(&mut self, op: Op, operands: &[Node]) -> Result<()> {
        match (op, operands) {
            (Op::And, _) => self.group(operands, " AND ", "TRUE"),
            (Op::Or, _) => self.group(operands, " OR ", "FALSE"),
            (Op::Not, [operand]) => self.complement(operand),
            (Op::Eq, [left, right]) => self.equal(left, right),
            (Op::Ne, [left, right]) => self.not_equal(left, right),
            (Op::Gt, [left, right]) => self.compare(left, " > ", right),
            (Op::Gte, [left, right]) => self.compare(left, " >= ", right),
            (Op::Lt, [left, right]) => self.compare(left, " < ", right),
            (Op::Lte, [left, right]) => self.compare(left, " <= ", right),
            (Op::Between, [value, low, high]) => {
                self.compare(value, " BETWEEN ", low)?;
                self.push(" AND ");
                self.compared(high, self.is_citext(value)?)
            }
            (Op::In { array_oid }, [value, members @ ..]) => self.is_in(value, members, array_oid),
            (Op::Like, [text, pattern]) => self.like(text, " LIKE ", pattern),
            (Op::ILike, [text, pattern]) => self.like(text, " ILIKE ", pattern),
            (Op::IsNull, [value]) => self.postfix(value, " IS NULL"),
            (Op::IsNotNull, [value]) => self.postfix(value, " IS NOT NULL"),
            (Op::Add, [left, right]) => self.arithmetic(left, " + ", right),
            (Op::Sub, [left, right]) => self.arithmetic(left, " - ", right),
            (Op::Mul, [left, right]) => self.arithmetic(left, " * ", right),
            (
                Op::Aggregate {
                    name, is_distinct, ..
                },
                _,
            ) => self.aggregate(name, is_distinct, operands),
            (Op::Div, [left, right]) => self.arithmetic(left, " / ", right),
            (Op::Rem, [left, right]) => self.arithmetic(left, " % ", right),
            (Op::Neg, [operand]) => {
                self.push("(-");
                self.postfix(operand, ")")
            }
            (Op::Function(name), _) => self.function(name, operands),
            (Op::Sql { pieces, .. }, _) => self.pieces(pieces, operands),
            (Op::NullSafe(sql), _) => self.null_safe(sql, operands),
            (Op::ArrayTest { test, nullable }, [array, other]) => {
                self.array_test(test, nullable, array, other)
            }
            (Op::Array(element), _) => self.array_of(operands, element),
            (Op::OrEmpty, [text]) => self.or_empty(text),
            (Op::SearchConfig(name), []) => self.search_config(name),
            (Op::Coalesce, _) => self.function("COALESCE", operands),
            (Op::Greatest, _) => self.function("GREATEST", operands),
            (Op::Least, _) => self.function("LEAST", operands),
            (Op::Case, _) => self.case(operands),
            (Op::Cast(ty), [operand]) => self.cast(operand, ty),
            (Op::Filtered, [aggregate, condition]) => self.filtered(aggregate, condition),
            (
                Op::Ordering {
                    is_descending,
                    is_null_first,
                },
                [node],
            ) => {
                self.node(node)?;
                let is_null_first = self.is_nullable(node)?.then_some(is_null_first);
                self.direction_words(is_descending, is_null_first);
                Ok(())
            }
            (Op::Over(frame), [function, window @ ..]) => self.over(function, window, frame),
            (Op::Exists, [Node::Query(select)]) => {
                self.push("EXISTS ");
                self.query(select, Ask::Any)
            }
            (Op::InQuery, [value, query]) => self.infix(value, " IN ", query),
            (Op::InTree { path, is_up }, [key, Node::Query(start)]) => {
                self.in_tree(key, start, path, is_up)
            }
            (Op::Raw { sql, .. }, _) => self.raw(sql, operands),
            (Op::TooDeep, _) => Err(too_deep()),
            // Also in the place of a query.
            (_, [.., Node::Op(Op::TooDeep, _)]) => Err(too_deep()),
            (Op::Around(_), _) => Err(not_around()),
            _ => Err(wrong_number()),
        }
    }

    /// Any number of conditions, each in parentheses if it could be torn apart.
    fn group(&mut self, conditions: &[Node], operator: &str, of_none: &str) -> Result<()> {
        if let [condition] = conditions {
            return self.node(condition);
        }
        if conditions.is_empty() {
            self.push(of_none);
        }
        for (index, condition) in conditions.iter().enumerate() {
            self.push(if index == 0 { "" } else { operator });
            self.member(condition)?;
        }
        Ok(())
    }

    pub(super) fn member(&mut self, condition: &Node) -> Result<()> {
        match condition {
            // A group of one has no operator of its own, but what it has may.
            Node::Op(Op::And | Op::Or, operands) if operands.len() == 1 => {
                self.member(&operands[0])
            }
            Node::Op(Op::And | Op::Or, operands) if operands.len() > 1 => {
                self.push("(");
                self.node(condition)?;
                self.push(")");
                Ok(())
            }
            _ => self.node(condition),
        }
    }

    /// True of the rows of which the condition is not, also where SQL's `NOT`
    /// would be NULL.
    fn complement(&mut self, condition: &Node) -> Result<()> {
        match (condition, self.only_nullable_column(condition)?) {
            (Node::Op(Op::IsNull, operands), _) => self.op(Op::IsNotNull, operands),
            (Node::Op(Op::IsNotNull, operands), _) => self.op(Op::IsNull, operands),
            (_, Some(column)) => {
                self.push("(NOT (");
                self.node(condition)?;
                self.push(") OR ");
                self.column_ref(column)?;
                self.push(" IS NULL)");
                Ok(())
            }
            _ if self.is_nullable(condition)? => {
                self.push("(");
                self.node(condition)?;
                self.push(") IS NOT TRUE");
                Ok(())
            }
            (Node::Column(_) | Node::Op(Op::Exists, _), None) => {
                self.push("NOT ");
                self.node(condition)
            }
            _ => {
                self.push("NOT (");
                self.node(condition)?;
                self.push(")");
                Ok(())
            }
        }
    }

    fn equal(&mut self, left: &Node, right: &Node) -> Result<()> {
        if is_null(right) {
            return self.postfix(left, " IS NULL");
        }
        self.compare(left, " = ", right)
    }

    fn not_equal(&mut self, left: &Node, right: &Node) -> Result<()> {
        if is_null(right) {
            return self.postfix(left, " IS NOT NULL");
        }
        if self.is_nullable(left)? || self.is_nullable(right)? {
            return self.compare(left, " IS DISTINCT FROM ", right);
        }
        self.compare(left, " <> ", right)
    }

    fn is_in(&mut self, value: &Node, members: &[Node], array_oid: u32) -> Result<()> {
        let has_null = members.iter().any(is_null);
        let members: Vec<&Node> = members.iter().filter(|node| !is_null(node)).collect();
        match (members.is_empty(), has_null) {
            (true, true) => self.postfix(value, " IS NULL"),
            (true, false) => {
                self.push("FALSE");
                Ok(())
            }
            (false, false) => self.is_member(value, &members, array_oid),
            (false, true) => {
                self.push("(");
                self.is_member(value, &members, array_oid)?;
                self.push(" OR ");
                self.postfix(value, " IS NULL")?;
                self.push(")");
                Ok(())
            }
        }
    }

    fn is_member(&mut self, value: &Node, members: &[&Node], array_oid: u32) -> Result<()> {
        self.node(value)?;
        let values: Option<Vec<&Value>> = members.iter().map(|node| as_value(node)).collect();
        match values {
            Some(values) if array_oid != 0 => {
                self.push(" = ANY(");
                self.array(&values, array_oid)?;
                self.push(if self.is_citext(value)? { CITEXTS } else { "" });
            }
            _ => {
                self.push(" IN (");
                self.members(members, self.is_citext(value)?)?;
            }
        }
        self.push(")");
        Ok(())
    }

    fn members(&mut self, members: &[&Node], is_citext: bool) -> Result<()> {
        for (index, member) in members.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.compared(member, is_citext)?;
        }
        Ok(())
    }

    pub(super) fn array(&mut self, values: &[&Value], array_oid: u32) -> Result<()> {
        let element = values.first().map_or(0, |value| value.oid);
        self.array_of_values(values, element, array_oid)
    }

    pub(super) fn array_of_values(
        &mut self,
        values: &[&Value],
        element: u32,
        array_oid: u32,
    ) -> Result<()> {
        let cells = values
            .iter()
            .map(|value| value.bytes())
            .collect::<Result<Vec<_>, _>>();
        let cells = cells.map_err(Error::encode)?;
        let mut array = BytesMut::new();
        write_array(element, &cells, &mut array).map_err(|e| Error::encode(e.to_string()))?;
        let source = values.first().map_or(0, |value| address(*value));
        self.push_parameter(array_oid, Some(&array), source)
    }

    pub(super) fn list(&mut self, members: &[&Node]) -> Result<()> {
        for (index, member) in members.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.node(member)?;
        }
        Ok(())
    }

    fn compare(&mut self, left: &Node, operator: &str, right: &Node) -> Result<()> {
        let is_citext = self.is_citext(left)? || self.is_citext(right)?;
        self.compared(left, is_citext)?;
        self.push(operator);
        self.compared(right, is_citext)
    }

    /// One side of a comparison. Beside a `text` Postgres compares a `citext` as
    /// it compares texts, so that has to be one too.
    fn compared(&mut self, node: &Node, is_citext: bool) -> Result<()> {
        if !is_citext || self.is_citext(node)? {
            return self.node(node);
        }
        if let Node::Value(value) = node {
            self.value(value)?;
            self.as_type(Some(CITEXT));
            return Ok(());
        }
        self.push("CAST(");
        self.node(node)?;
        self.push(" AS ");
        self.push(CITEXT);
        self.push(")");
        Ok(())
    }

    fn is_citext(&self, node: &Node) -> Result<bool> {
        let (column, root) = match node {
            Node::Column(column) | Node::Excluded(column) => (column, self.scope.root),
            Node::Outer(column) => (column, self.outer_scope()?.root),
            _ => return Ok(false),
        };
        let found = column.model_and_meta(root);
        Ok(found.is_some_and(|(model, _)| model.is_citext(usize::from(column.index))))
    }

    fn like(&mut self, text: &Node, operator: &str, pattern: &Node) -> Result<()> {
        self.infix(text, operator, pattern)?;
        self.push(" ESCAPE '\\'");
        Ok(())
    }

    fn arithmetic(&mut self, left: &Node, operator: &str, right: &Node) -> Result<()> {
        self.push("(");
        self.infix(left, operator, right)?;
        self.push(")");
        Ok(())
    }

    pub(super) fn infix(&mut self, left: &Node, operator: &str, right: &Node) -> Result<()> {
        self.node(left)?;
        self.push(operator);
        self.node(right)
    }

    pub(super) fn postfix(&mut self, value: &Node, operator: &str) -> Result<()> {
        self.node(value)?;
        self.push(operator);
        Ok(())
    }

    fn column_ref(&mut self, column: ColumnRef) -> Result<()> {
        let found = self.scope.find(column)?;
        self.column(found.table, found.column);
        Ok(())
    }

    /// Whether a node can be NULL.
    pub(super) fn is_nullable(&self, node: &Node) -> Result<bool> {
        match node {
            Node::Column(column) | Node::Excluded(column) => Ok(self.scope.find(*column)?.nullable),
            Node::Outer(column) => Ok(self.outer_scope()?.find(*column)?.nullable),
            Node::Value(value) => Ok(value.is_null()),
            Node::Query(select) => Ok(select.values.iter().any(|value| value.nullable)),
            Node::Op(op, operands) => self.is_op_nullable(*op, operands),
        }
    }

    fn is_op_nullable(&self, op: Op, operands: &[Node]) -> Result<bool> {
        match op {
            Op::Not | Op::IsNull | Op::IsNotNull | Op::Ne | Op::Exists => Ok(false),
            Op::Array(_) | Op::OrEmpty | Op::SearchConfig(_) => Ok(false),
            Op::Eq if operands.last().is_some_and(is_null) => Ok(false),
            Op::In { .. } => self.is_membership_nullable(operands),
            Op::Aggregate { nullable, .. } | Op::Raw { nullable, .. } => Ok(nullable),
            Op::Filtered | Op::Over(_) => self.is_any_nullable(&operands[..1]),
            Op::Sql { nulls, .. } | Op::NullSafe(&NullSafe { nulls, .. }) => match nulls {
                Nulls::Strict => self.is_any_nullable(operands),
                Nulls::First => self.is_any_nullable(&operands[..1]),
                Nulls::All => self.are_all_nullable(operands),
                Nulls::Maybe => Ok(true),
                Nulls::Never => Ok(false),
            },
            Op::Coalesce | Op::Greatest | Op::Least => self.are_all_nullable(operands),
            Op::Case => self.is_case_nullable(operands),
            _ => self.is_any_nullable(operands),
        }
    }

    fn is_case_nullable(&self, operands: &[Node]) -> Result<bool> {
        let has_else = operands.len() % 2 == 1;
        let mut values = operands.chunks(2).filter_map(<[Node]>::last);
        values.try_fold(
            !has_else,
            |found, node| Ok(found || self.is_nullable(node)?),
        )
    }

    fn is_membership_nullable(&self, operands: &[Node]) -> Result<bool> {
        let [value, members @ ..] = operands else {
            return Ok(false);
        };
        // A NULL among the members is written as a test of its own, after which
        // a NULL value is not unknown any more.
        let has_null = members.iter().any(is_null);
        let mut members = members.iter().filter(|node| !is_null(node)).peekable();
        if !has_null && members.peek().is_some() && self.is_nullable(value)? {
            return Ok(true);
        }
        members.try_fold(false, |found, node| Ok(found || self.is_nullable(node)?))
    }

    fn are_all_nullable(&self, nodes: &[Node]) -> Result<bool> {
        nodes
            .iter()
            .try_fold(true, |all, node| Ok(all && self.is_nullable(node)?))
    }

    pub(super) fn is_any_nullable(&self, nodes: &[Node]) -> Result<bool> {
        nodes
            .iter()
            .try_fold(false, |found, node| Ok(found || self.is_nullable(node)?))
    }

    /// The column of a comparison, when it alone is what can be NULL in it.
    fn only_nullable_column(&self, condition: &Node) -> Result<Option<ColumnRef>> {
        let (column, others) = match condition {
            Node::Op(op, operands) if op.is_comparison() => match operands.split_first() {
                Some((Node::Column(column), others)) => (*column, others),
                _ => return Ok(None),
            },
            Node::Column(column) => (*column, &[][..]),
            _ => return Ok(None),
        };
        let is_alone = self.is_nullable(condition)?
            && self.scope.find(column)?.nullable
            && !self.is_any_nullable(others)?;
        Ok(is_alone.then_some(column))
    }
}

/// Which operation it is would bring the names of all into every plugin.
pub(super) fn wrong_number() -> Error {
    Error::invalid_query("an operation has a wrong number of operands: a fault of the SDK itself")
}

fn not_around() -> Error {
    Error::invalid_query(
        "a column of the query around, as `filter_outer` gives it, is for the condition \
         that it is given for, and not for a query inside that",
    )
}

pub(super) fn is_null(node: &Node) -> bool {
    as_value(node).is_some_and(Value::is_null)
}

pub(super) fn as_value(node: &Node) -> Option<&Value> {
    match node {
        Node::Value(value) => Some(value),
        _ => None,
    }
}
