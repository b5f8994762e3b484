//! The tables between models that are no models themselves.

use crate::orm::meta::{JunctionMeta, ModelMeta, Via};
use crate::orm::registered::is_one_database;

/// Adds them. Both sides may be tied by the same table, which is made once.
///
/// # Panics
///
/// When a table would be another's too, of which Postgres would make one.
pub(super) fn add(models: &mut Vec<&'static ModelMeta>) {
    let to_many = models.iter().flat_map(|model| model.to_many);
    let junctions = to_many.filter_map(|many| match many.via {
        Via::Junction { table, .. } => Some((table, table.junction?)),
        Via::ForeignKey { .. } => None,
    });
    for (table, meta) in junctions.collect::<Vec<_>>() {
        let mut others = models.iter();
        let known = others.find(|other| is_of_one_name(table, other));
        match known {
            Some(other) => refuse_another(table, meta, other),
            None => models.push(table),
        }
    }
}

fn is_of_one_name(one: &ModelMeta, other: &ModelMeta) -> bool {
    one.table == other.table && is_one_database(one, other)
}

fn refuse_another(table: &ModelMeta, meta: JunctionMeta, other: &ModelMeta) {
    let (field, name) = (meta.field, table.table);
    let Some(second) = other.junction else {
        panic!(
            "`{field}` is tied by a table `{name}`, which is that of the model `{}`: say \
             `#[model(through = {}(…, …))]`, or give the table another name with \
             `#[model(table = \"…\")]`",
            other.model, other.model
        );
    };
    assert!(
        ends(table).iter().all(|end| ends(other).contains(end)),
        "`{field}` and `{}` are both tied by a table `{name}`: give one of them another with \
         `#[model(table = \"…\")]`",
        second.field
    );
}

/// The columns that are foreign keys, and the tables they point to.
fn ends(junction: &ModelMeta) -> Vec<(&'static str, &'static str)> {
    let relations = junction.relations.iter();
    relations
        .map(|relation| {
            let column = junction.columns[relation.column].name;
            (column, (relation.target)().table)
        })
        .collect()
}
