use std::mem;

use postgres_types::Oid;

use super::scope::Scope;
use super::shape::address;
use crate::database::{Parameters, Statement};
use crate::orm::meta::{CITEXT, ColumnMeta, ModelMeta};
use crate::orm::node::ColumnRef;
use crate::orm::routing::check_one_database;
use crate::orm::value::Value;
use crate::{Error, Result};

/// The text of a statement as it grows, its parameters, and the tables that
/// columns are found in.
pub(super) struct Writer {
    text: String,
    pub(super) parameters: Parameters,
    /// Where in memory each parameter comes from, 0 where nowhere lasting.
    pub(super) sources: Vec<usize>,
    pub(super) scope: Scope,
    /// Those of the queries around it, the nearest last.
    outer: Vec<Scope>,
    /// The number of the next parameter of an expression that is written
    /// again.
    pub(super) repeating: Option<usize>,
    /// Where in the text which parameter stands, for those who ask.
    pub(super) places: Option<Vec<(usize, usize)>>,
}

/// What the text of a usual query takes.
const TEXT_BYTES: usize = 640;

impl Writer {
    pub(super) fn new(root: &'static ModelMeta) -> Self {
        Self {
            text: String::with_capacity(TEXT_BYTES),
            parameters: Parameters::default(),
            sources: Vec::new(),
            scope: Scope::new(root),
            outer: Vec::new(),
            repeating: None,
            places: None,
        }
    }

    /// Writes a query inside the one that is being written.
    pub(super) fn inside(
        &mut self,
        root: &'static ModelMeta,
        write: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        check_one_database(self.scope.root, root)?;
        let inner = self.scope.inner(root);
        self.outer.push(mem::replace(&mut self.scope, inner));
        let written = write(self);
        if let Some(outer) = self.outer.pop() {
            self.scope = outer;
        }
        written
    }

    pub(super) fn text(&self) -> &str {
        &self.text
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
        if self.scope.is_qualified {
            self.push(" AS ");
            self.alias(self.scope.first + number);
        }
    }

    /// A column of a table in the statement.
    pub(super) fn column(&mut self, table: usize, column: &ColumnMeta) {
        if self.scope.is_qualified {
            self.alias(self.scope.first + table);
            self.push(".");
        }
        self.name(column.name);
    }

    /// A column of the query around.
    pub(super) fn outer_column(&mut self, column: ColumnRef) -> Result<()> {
        let scope = self.outer_scope()?;
        let (found, first) = (scope.find(column)?, scope.first);
        self.alias(first + found.table);
        self.push(".");
        self.name(found.column.name);
        Ok(())
    }

    pub(super) fn outer_scope(&self) -> Result<&Scope> {
        self.outer.last().ok_or_else(|| {
            Error::invalid_query("a query that is correlated with another stands alone")
        })
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
        self.push_parameter(value.oid, bytes, address(value))?;
        self.as_type(value.type_name);
        Ok(())
    }

    /// A parameter; while an expression is repeated, the one that was there.
    pub(super) fn push_parameter(
        &mut self,
        oid: Oid,
        value: Option<&[u8]>,
        source: usize,
    ) -> Result<()> {
        let number = match &mut self.repeating {
            Some(next) => {
                *next += 1;
                *next - 1
            }
            None => {
                self.sources.push(source);
                self.parameters.push_encoded(oid, value)?
            }
        };
        self.parameter(number);
        Ok(())
    }

    /// A cast of what was written to a type that its parameter does not tell.
    pub(super) fn as_type(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            self.push("::");
            self.push(name);
        }
    }

    /// A cast of a parameter that is compared with a column, where Postgres
    /// would not compare in the column's type.
    pub(super) fn as_column(&mut self, model: &ModelMeta, column: usize) {
        self.as_type(model.is_citext(column).then_some(CITEXT));
    }

    /// `$1` and so on.
    pub(super) fn parameter(&mut self, number: usize) {
        if let Some(places) = &mut self.places {
            places.push((self.text.len(), number));
        }
        self.push("$");
        self.number(number);
    }

    pub(super) fn alias(&mut self, table: usize) {
        self.push("t");
        self.number(table);
    }

    // `write!` would bring the formatting machinery into every statement.
    pub(super) fn number(&mut self, number: usize) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.text.push(char::from(
            b'0' + u8::try_from(number % 10).unwrap_or_default(),
        ));
    }
}
