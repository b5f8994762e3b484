use super::meta::ModelMeta;
use super::node::Node;
use super::order::OrderTerm;
use super::path::RelationPath;
use super::related::Related;

/// A query without its types: what the typed methods push to, and what
/// [`sql`](super::sql) compiles.
#[derive(Clone, Debug)]
pub(crate) struct Select {
    pub(crate) model: &'static ModelMeta,
    /// All must hold.
    pub(crate) conditions: Vec<Node>,
    pub(crate) order: Vec<OrderTerm>,
    pub(crate) limit: Option<u64>,
    pub(crate) offset: Option<u64>,
    /// The relations whose rows are loaded too.
    pub(crate) loads: Vec<RelationPath>,
}

impl Select {
    pub(crate) fn new(model: &'static ModelMeta) -> Self {
        Self {
            model,
            conditions: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: None,
            loads: Vec::new(),
        }
    }

    pub(crate) fn is_slice(&self) -> bool {
        self.limit.is_some() || self.offset.is_some()
    }

    pub(crate) fn related(&self) -> Related {
        Related::of(&self.loads)
    }
}
