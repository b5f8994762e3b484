use super::shared::SharedTable;
use crate::orm::meta::ModelMeta;

/// The tables so that each comes after those it refers to, as far as they do
/// not refer to each other; each once, otherwise in the order given.
pub(super) fn referred_first(models: &[&'static ModelMeta]) -> Vec<SharedTable> {
    let mut order = Order {
        models,
        visited: Vec::new(),
        sorted: Vec::new(),
    };
    models.iter().for_each(|model| order.visit(model.table));
    order.sorted
}

struct Order<'a> {
    models: &'a [&'static ModelMeta],
    visited: Vec<&'static str>,
    sorted: Vec<SharedTable>,
}

impl Order<'_> {
    fn visit(&mut self, table: &'static str) {
        if self.visited.contains(&table) {
            return;
        }
        self.visited.push(table);
        let Some(shared) = SharedTable::of(table, self.models) else {
            return;
        };
        for relation in shared.models().flat_map(|model| model.relations) {
            self.visit((relation.target)().table);
        }
        self.sorted.push(shared);
    }
}
