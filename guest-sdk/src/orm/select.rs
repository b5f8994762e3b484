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
    pub(crate) related: Related,
    pub(crate) has_long_path: bool,
}

impl Select {
    pub(crate) fn new(model: &'static ModelMeta) -> Self {
        Self {
            model,
            conditions: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: None,
            related: Related::default(),
            has_long_path: false,
        }
    }

    pub(crate) fn load(&mut self, path: RelationPath) {
        self.has_long_path |= path.is_too_long();
        self.related.insert(path);
    }

    pub(crate) fn is_slice(&self) -> bool {
        self.limit.is_some() || self.offset.is_some()
    }

    /// The models whose columns make up a row.
    pub(crate) fn row_models(&self) -> Vec<&'static ModelMeta> {
        let mut models = vec![self.model];
        self.related.visit(RelationPath::ROOT, self.model, &mut |_, model| models.push(model));
        models
    }
}
