use std::marker::PhantomData;

use super::node::Node;

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
}

impl<M> Order<M> {
    pub(crate) fn new(node: Node, is_descending: bool) -> Self {
        Self {
            term: OrderTerm {
                node,
                is_descending,
            },
            model: PhantomData,
        }
    }
}
