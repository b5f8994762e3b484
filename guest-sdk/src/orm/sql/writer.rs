use super::scope::Scope;
use crate::database::{Parameters, Statement};
use crate::orm::meta::{ColumnMeta, ModelMeta};
use crate::orm::value::Value;
use crate::{Error, Result};

/// The text of a statement as it grows, its parameters, and the tables that
/// columns are found in.
pub(super) struct Writer {
    text: String,
    pub(super) parameters: Parameters,
    pub(super) scope: Scope,
    /// Whether columns are written with their table, `t0."id"`.
    pub(super) is_qualified: bool,
}

impl Writer {
    pub(super) fn new(root: &'static ModelMeta) -> Self {
        Self {
            text: String::with_capacity(256),
            parameters: Parameters::default(),
            scope: Scope::new(root),
            is_qualified: false,
        }
    }

    pub(super) fn finish(self) -> Statement {
        Statement::from_parts(self.text, self.parameters)
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A name between double quotes, those in it doubled.
    pub(super) fn name(&mut self, name: &str) {
        self.push("\"");
        for (index, part) in name.split('"').enumerate() {
            self.push(if index == 0 { "" } else { "\"\"" });
            self.push(part);
        }
        self.push("\"");
    }

    /// A table under the name of its number.
    pub(super) fn table(&mut self, name: &str, number: usize) {
        self.name(name);
        if self.is_qualified {
            self.push(" AS ");
            self.alias(number);
        }
    }

    /// A column of a table in the statement.
    pub(super) fn column(&mut self, table: usize, column: &ColumnMeta) {
        if self.is_qualified {
            self.alias(table);
            self.push(".");
        }
        self.name(column.name);
    }

    /// All columns of a model, for a row of it.
    pub(super) fn columns(&mut self, table: usize, model: &ModelMeta) {
        for (index, column) in model.columns.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.column(table, column);
        }
    }

    pub(super) fn value(&mut self, value: &Value) -> Result<()> {
        let bytes = value.bytes().map_err(Error::encode)?;
        let number = self.parameters.push_encoded(value.oid, bytes)?;
        self.parameter(number);
        Ok(())
    }

    /// `$1` and so on.
    pub(super) fn parameter(&mut self, number: usize) {
        self.push("$");
        self.number(number);
    }

    fn alias(&mut self, table: usize) {
        self.push("t");
        self.number(table);
    }

    // `write!` would bring the formatting machinery into every statement.
    fn number(&mut self, number: usize) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.text.push(char::from(
            b'0' + u8::try_from(number % 10).unwrap_or_default(),
        ));
    }
}
