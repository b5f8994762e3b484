use crate::orm::meta::ModelMeta;

/// The models so that each comes after those it refers to, as far as they do
/// not refer to each other; each table once, otherwise in the order given.
pub(super) fn referred_first(models: &[&'static ModelMeta]) -> Vec<&'static ModelMeta> {
    let mut order = Order {
        models,
        visited: Vec::new(),
        sorted: Vec::new(),
    };
    models.iter().for_each(|model| order.visit(model));
    order.sorted
}

struct Order<'a> {
    models: &'a [&'static ModelMeta],
    visited: Vec<&'static str>,
    sorted: Vec<&'static ModelMeta>,
}

impl Order<'_> {
    fn visit(&mut self, model: &'static ModelMeta) {
        if self.visited.contains(&model.table) {
            return;
        }
        self.visited.push(model.table);
        for relation in model.relations {
            let target = (relation.target)();
            if self.models.iter().any(|model| model.table == target.table) {
                self.visit(target);
            }
        }
        self.sorted.push(model);
    }
}
