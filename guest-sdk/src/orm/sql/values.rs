//! Values instead of rows, and their groups.

use std::ptr;

use super::writer::Writer;
use crate::orm::node::Node;
use crate::orm::select::Select;
use crate::orm::selection::Selected;
use crate::{Error, Result};

/// Tells the mistake in a query before what follows from it.
fn check_queries(node: &Node) -> Result<()> {
    match node {
        Node::Query(select) => select.check(),
        Node::Op(_, operands) => operands.iter().try_for_each(check_queries),
        _ => Ok(()),
    }
}

impl Writer {
    /// What is selected, each in a type that has a place for what it can be.
    pub(super) fn values(&mut self, values: &[Selected]) -> Result<()> {
        for (index, value) in values.iter().enumerate() {
            if !value.nullable && self.is_nullable(&value.node)? {
                check_queries(&value.node)?;
                return Err(self.no_place_for_null(index, &value.node));
            }
            self.push(if index == 0 { "" } else { ", " });
            self.node(&value.node)?;
        }
        Ok(())
    }

    /// The groups, and what must hold of them.
    pub(super) fn group_by(&mut self, select: &Select) -> Result<()> {
        for (index, node) in select.groups().into_iter().enumerate() {
            self.push(if index == 0 { " GROUP BY " } else { ", " });
            self.node_or_place(node, &select.values)?;
        }
        if !select.having.is_empty() {
            self.push(" HAVING ");
            self.conditions(&select.having)?;
        }
        Ok(())
    }

    /// An expression, or its place among the values: written twice its
    /// parameters were two, and Postgres could not tell that they are equal.
    pub(super) fn node_or_place(&mut self, node: &Node, values: &[Selected]) -> Result<()> {
        let place = match node {
            Node::Column(_) => None,
            _ => values.iter().position(|value| {
                // No query is the same as another, but it is as itself.
                ptr::eq(&raw const value.node, node) || value.node.is_same(node)
            }),
        };
        match place {
            Some(place) => self.number(place + 1),
            None => self.node(node)?,
        }
        Ok(())
    }

    fn no_place_for_null(&self, index: usize, node: &Node) -> Error {
        let column = match node {
            Node::Column(column) => column.model_and_meta(self.scope.root),
            _ => None,
        };
        let what = match column {
            Some((model, column)) => format!("`{}.{}`", model.table, column.name),
            None => format!("value {} of the query", index + 1),
        };
        Error::invalid_query(format!(
            "{what} can be NULL here, which its type has no place for; \
             add `.optional()` to make it an `Option`"
        ))
    }
}
