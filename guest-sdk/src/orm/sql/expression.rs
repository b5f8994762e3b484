//! What Postgres computes: functions, cases, aggregates.

use super::writer::Writer;
use crate::database::SqlType;
use crate::orm::node::{Node, Op};
use crate::{Error, Result};

impl Writer {
    /// SQL with its operands between the pieces.
    pub(super) fn pieces(&mut self, pieces: &[&str], operands: &[Node]) -> Result<()> {
        for (index, piece) in pieces.iter().enumerate() {
            if let Some(before) = index.checked_sub(1) {
                let operand = operands.get(before).ok_or_else(|| torn(pieces))?;
                self.node(operand)?;
            }
            self.push(piece);
        }
        if operands.len() + 1 == pieces.len() {
            return Ok(());
        }
        Err(torn(pieces))
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

fn torn(pieces: &[&str]) -> Error {
    Error::invalid_query(format!("{pieces:?} has a wrong number of operands"))
}
