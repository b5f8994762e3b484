use std::marker::PhantomData;

use super::node::{Node, Op};

/// One part of a query's ordering: `Book::title.asc()`.
#[derive(Clone, Debug)]
#[must_use = "an ordering does nothing until a query is ordered by it"]
pub struct Order<M> {
    pub(crate) term: OrderTerm,
    model: PhantomData<fn() -> M>,
}

/// An ordering without its model.
#[derive(Clone, Debug)]
pub(crate) struct OrderTerm {
    pub(crate) node: Node,
    pub(crate) is_descending: bool,
    pub(crate) is_null_first: bool,
}

impl<M> Order<M> {
    /// Puts NULL before all values: `NULLS FIRST`.
    pub fn nulls_first(mut self) -> Self {
        self.term.is_null_first = true;
        self
    }

    /// Puts NULL after all values: `NULLS LAST`.
    pub fn nulls_last(mut self) -> Self {
        self.term.is_null_first = false;
        self
    }

    pub(crate) fn new(node: Node, is_descending: bool) -> Self {
        Self {
            term: OrderTerm {
                node,
                is_descending,
                is_null_first: is_descending,
            },
            model: PhantomData,
        }
    }
}

impl OrderTerm {
    /// It as a part of an expression that orders rows for itself.
    pub(crate) fn into_node(self) -> Node {
        let op = Op::Ordering {
            is_descending: self.is_descending,
            is_null_first: self.is_null_first,
        };
        Node::unary(op, self.node)
    }

    /// The same from its end.
    pub(crate) fn reversed(&self) -> Self {
        Self {
            node: self.node.clone(),
            is_descending: !self.is_descending,
            is_null_first: !self.is_null_first,
        }
    }
}
