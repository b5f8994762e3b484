//! Functions over windows.

use super::writer::Writer;
use crate::orm::node::{Node, Op};
use crate::orm::window::{Bound, Frame};
use crate::{Error, Result};

impl Writer {
    /// `SUM("stock") OVER (PARTITION BY … ORDER BY … ROWS …)`.
    pub(super) fn over(
        &mut self,
        function: &Node,
        window: &[Node],
        frame: Option<Frame>,
    ) -> Result<()> {
        self.node(function)?;
        self.push(" OVER (");
        let mut word = "";
        for part in window {
            match part {
                Node::Op(Op::Partition, operands) => {
                    self.push("PARTITION BY ");
                    self.list(&operands.iter().collect::<Vec<_>>())?;
                    word = " ";
                }
                ordering => {
                    self.push(word);
                    self.push(if word == ", " { "" } else { "ORDER BY " });
                    self.node(ordering)?;
                    word = ", ";
                }
            }
        }
        if let Some(frame) = frame {
            self.push(if word.is_empty() { "" } else { " " });
            self.frame(frame)?;
        }
        self.push(")");
        Ok(())
    }

    fn frame(&mut self, frame: Frame) -> Result<()> {
        let Frame { unit, start, end } = frame;
        if let (Some(start), Some(end)) = (start, end)
            && start > end
        {
            return Err(backwards(start, end));
        }
        self.push(unit);
        self.push(" BETWEEN ");
        self.bound(start, "UNBOUNDED PRECEDING")?;
        self.push(" AND ");
        self.bound(end, "UNBOUNDED FOLLOWING")
    }

    fn bound(&mut self, bound: Bound, unbounded: &str) -> Result<()> {
        let Some(rows) = bound.filter(|rows| *rows != 0) else {
            self.push(bound.map_or(unbounded, |_| "CURRENT ROW"));
            return Ok(());
        };
        let distance = i64::try_from(rows.unsigned_abs()).unwrap_or(i64::MAX);
        let number = self.parameters.push(&distance)?;
        self.parameter(number);
        self.push(if rows < 0 { " PRECEDING" } else { " FOLLOWING" });
        Ok(())
    }
}

fn backwards(start: i64, end: i64) -> Error {
    Error::invalid_query(format!(
        "the frame of a window begins at {start} and ends at {end}, which is before; \
         write the lesser first, as in `rows(-3..=0)`"
    ))
}
