//! Which names are taken, over all tables of one database.

use super::part::Part;
use crate::orm::meta::ModelMeta;

/// Gives a hash to the generated names that are another's too, each of them, so
/// that no name depends on the order of models.
pub(super) fn settle<'p>(models: &[&'static ModelMeta], parts: impl Iterator<Item = &'p mut Part>) {
    let mut parts: Vec<&mut Part> = parts.collect();
    let mut open: Vec<usize> = (0..parts.len()).collect();
    open.retain(|&part| parts[part].is_generated());
    for round in 0.. {
        open.retain(|&part| is_contested(parts[part], models, &parts));
        if open.is_empty() {
            return;
        }
        for &part in &open {
            parts[part].name = parts[part].hashed_name(round);
        }
    }
}

/// Tables, indexes and the constraints that are indexes share one namespace;
/// the constraints of a table another.
fn is_contested(part: &Part, models: &[&'static ModelMeta], parts: &[&mut Part]) -> bool {
    let mut tables = models.iter();
    let mut others = parts.iter();
    (part.is_relation() && tables.any(|model| model.table == part.name))
        || others.any(|other| part.name == other.name && part.is_beside(other))
}
