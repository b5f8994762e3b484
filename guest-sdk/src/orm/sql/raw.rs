//! SQL of the author's own.

use super::writer::Writer;
use crate::orm::node::Node;
use crate::{Error, Result};

impl Writer {
    /// The text with its operands, in parentheses: what it consists of is the
    /// author's business.
    pub(super) fn raw(&mut self, sql: &'static str, operands: &[Node]) -> Result<()> {
        self.push("(");
        self.raw_text(sql, operands)?;
        self.push(")");
        Ok(())
    }

    pub(super) fn raw_text(&mut self, sql: &'static str, operands: &[Node]) -> Result<()> {
        let mut operands = operands.iter();
        let mut rest = sql;
        while let Some(at) = rest.find(['{', '}']) {
            let (text, brace) = rest.split_at(at);
            self.push(text);
            rest = match brace.get(..2) {
                Some("{{") => self.brace("{", brace),
                Some("}}") => self.brace("}", brace),
                Some("{}") => {
                    let operand = operands.next().ok_or_else(|| wrong(sql))?;
                    self.node(operand)?;
                    &brace[2..]
                }
                _ => return Err(wrong(sql)),
            };
        }
        self.push(rest);
        match operands.next() {
            None => Ok(()),
            Some(_) => Err(wrong(sql)),
        }
    }

    fn brace<'a>(&mut self, brace: &str, rest: &'a str) -> &'a str {
        self.push(brace);
        &rest[2..]
    }
}

fn wrong(sql: &str) -> Error {
    Error::invalid_query(format!(
        "`{sql}` does not have one `{{}}` for each operand; a brace of SQL's own is doubled"
    ))
}
