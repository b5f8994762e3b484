//! What Postgres computes: functions, cases, aggregates.

use super::condition::wrong_number;
use super::writer::Writer;
use crate::database::SqlType;
use crate::orm::node::{Node, NullSafe, Op};
use crate::{Error, Result};

impl Writer {
    /// SQL with its operands between the pieces.
    pub(super) fn pieces(&mut self, pieces: &[&str], operands: &[Node]) -> Result<()> {
        for (index, piece) in pieces.iter().enumerate() {
            if let Some(before) = index.checked_sub(1) {
                let operand = operands.get(before).ok_or_else(wrong_number)?;
                self.node(operand)?;
            }
            self.push(piece);
        }
        if operands.len() + 1 == pieces.len() {
            return Ok(());
        }
        Err(wrong_number())
    }

    /// SQL that keeps its subject where another operand is NULL.
    pub(super) fn null_safe(&mut self, sql: &NullSafe, operands: &[Node]) -> Result<()> {
        let mut has_null = false;
        for (index, operand) in operands.iter().enumerate() {
            let counts = sql.subject != Some(index);
            has_null |= counts && (self.is_nullable(operand)? || self.lists_null(operand)?);
        }
        self.pieces(if has_null { sql.of_null } else { sql.usual }, operands)
    }

    pub(super) fn or_empty(&mut self, text: &Node) -> Result<()> {
        if !self.is_nullable(text)? {
            // As it would be written by hand, so that an index on it is found.
            return self.node(text);
        }
        self.push("COALESCE(");
        self.postfix(text, ", '')")
    }

    pub(super) fn search_config(&mut self, name: &str) -> Result<()> {
        if !name.split('.').all(is_identifier) {
            return Err(not_a_config(name));
        }
        self.push("'");
        self.push(name);
        self.push("'");
        Ok(())
    }

    pub(super) fn function(&mut self, name: &str, operands: &[Node]) -> Result<()> {
        self.push(name);
        self.push("(");
        self.list(&operands.iter().collect::<Vec<_>>())?;
        self.push(")");
        Ok(())
    }

    pub(super) fn case(&mut self, operands: &[Node]) -> Result<()> {
        self.push("CASE");
        for operands in operands.chunks(2) {
            match operands {
                [condition, value] => {
                    self.push(" WHEN ");
                    self.infix(condition, " THEN ", value)?;
                }
                _ => {
                    self.push(" ELSE ");
                    self.list(&operands.iter().collect::<Vec<_>>())?;
                }
            }
        }
        self.push(" END");
        Ok(())
    }

    pub(super) fn cast(&mut self, operand: &Node, ty: SqlType) -> Result<()> {
        self.push("CAST(");
        self.node(operand)?;
        self.push(" AS ");
        self.push(ty.name);
        self.push(if ty.is_array { "[])" } else { ")" });
        Ok(())
    }

    /// `SUM("stock")`, and of no operand `COUNT(*)`.
    pub(super) fn aggregate(
        &mut self,
        name: &str,
        is_distinct: bool,
        operands: &[Node],
    ) -> Result<()> {
        self.push(name);
        self.push(if is_distinct { "(DISTINCT " } else { "(" });
        if operands.is_empty() {
            self.push("*");
        }
        let is_ordering = |node: &&Node| matches!(node, Node::Op(Op::Ordering { .. }, _));
        let (order, arguments): (Vec<&Node>, Vec<&Node>) = operands.iter().partition(is_ordering);
        self.list(&arguments)?;
        if !order.is_empty() {
            self.push(" ORDER BY ");
            self.list(&order)?;
        }
        self.push(")");
        Ok(())
    }

    pub(super) fn filtered(&mut self, aggregate: &Node, condition: &Node) -> Result<()> {
        self.infix(aggregate, " FILTER (WHERE ", condition)?;
        self.push(")");
        Ok(())
    }
}

fn is_identifier(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
}

fn not_a_config(name: &str) -> Error {
    Error::invalid_query(format!(
        "`{name}` is not the name of a configuration for full-text search; \
         `\\dF` in psql lists those that there are"
    ))
}
