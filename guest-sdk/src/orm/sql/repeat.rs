//! Expressions that a query groups by, or keeps different rows of, and writes
//! again.
//!
//! Written twice with parameters of their own, Postgres could not tell that
//! they are equal, and would refuse the query. So the second time has the
//! parameters of the first.

use super::writer::Writer;
use crate::Result;
use crate::orm::node::Node;
use crate::orm::select::Select;

/// An expression that may be written again.
pub(super) struct Repeated {
    node: Node,
    /// The number of its first parameter, once it is written.
    first: Option<usize>,
}

impl Writer {
    /// Notes what the query groups by, or keeps different rows of.
    pub(super) fn repeat_groups(&mut self, select: &Select) {
        let groups = select.groups().into_iter().chain(&select.distinct_on);
        let groups = groups.filter(|node| node.has_value() && !matches!(node, Node::Value(_)));
        self.scope.repeated = groups
            .map(|node| Repeated {
                node: node.clone(),
                first: None,
            })
            .collect();
    }

    /// Which of the expressions to repeat this is.
    pub(super) fn repeated(&self, node: &Node) -> Option<usize> {
        if self.repeating.is_some() {
            return None;
        }
        let mut repeated = self.scope.repeated.iter();
        repeated.position(|repeated| repeated.node.is_same(node))
    }

    /// Writes an expression with the parameters that it had before.
    pub(super) fn repeat(&mut self, index: usize, node: &Node) -> Result<()> {
        let place = &mut self.scope.repeated[index].first;
        match *place {
            Some(first) => {
                self.repeating = Some(first);
                let written = self.plain_node(node);
                self.repeating = None;
                written
            }
            None => {
                *place = Some(self.parameters.count() + 1);
                self.plain_node(node)
            }
        }
    }
}
