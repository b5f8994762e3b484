//! What models may not share, and where they are.

use super::draft::is_same;
use super::meta::{JunctionMeta, ModelMeta, ToManyMeta, Via};

/// Whether no two models are of one table, variants apart: its columns would be
/// those of the first alone.
#[doc(hidden)]
#[must_use]
pub const fn tables_differ(models: &[&ModelMeta]) -> bool {
    let mut one = 0;
    while one < models.len() {
        let mut other = one + 1;
        while other < models.len() {
            let is_shared = models[one].variant.is_some() || models[other].variant.is_some();
            let is_one = is_same(models[one].model.as_bytes(), models[other].model.as_bytes());
            if !is_shared && !is_one && is_of_one_table(models[one], models[other]) {
                return false;
            }
            other += 1;
        }
        one += 1;
    }
    true
}

/// Whether the indexes of different tables have different names, and no table's,
/// as far as they are the author's own. Postgres has one of a name in a schema,
/// and `IF NOT EXISTS` passes over the second, a unique one too.
#[doc(hidden)]
#[must_use]
pub const fn index_names_differ(models: &[&ModelMeta]) -> bool {
    let mut one = 0;
    while one < models.len() {
        let mut other = 0;
        while other < models.len() {
            if is_one_database(models[one], models[other])
                && has_same_index_name(models[one], models[other])
            {
                return false;
            }
            other += 1;
        }
        one += 1;
    }
    true
}

/// Whether each table between two models is that of one relation alone, and no
/// model's.
#[doc(hidden)]
#[must_use]
pub const fn junctions_differ(models: &[&ModelMeta]) -> bool {
    let mut one = 0;
    while one < models.len() {
        let mut field = 0;
        while field < models[one].to_many.len() {
            if let Some((table, meta)) = junction(&models[one].to_many[field])
                && is_taken(table, &meta, models)
            {
                return false;
            }
            field += 1;
        }
        one += 1;
    }
    true
}

/// Whether a model or another relation has the table.
const fn is_taken(table: &ModelMeta, meta: &JunctionMeta, models: &[&ModelMeta]) -> bool {
    let mut one = 0;
    while one < models.len() {
        if is_of_one_table(table, models[one]) {
            return true;
        }
        let mut field = 0;
        while field < models[one].to_many.len() {
            if let Some((other, its)) = junction(&models[one].to_many[field])
                && is_of_one_table(table, other)
                && !is_one_relation(table, meta, other, &its)
            {
                return true;
            }
            field += 1;
        }
        one += 1;
    }
    false
}

const fn junction(many: &ToManyMeta) -> Option<(&'static ModelMeta, JunctionMeta)> {
    match many.via {
        Via::Junction { table, .. } => match table.junction {
            Some(junction) => Some((table, junction)),
            None => None,
        },
        Via::ForeignKey { .. } => None,
    }
}

/// Whether two fields are of one relation: the same one of one table, or its
/// two sides.
const fn is_one_relation(
    one: &ModelMeta,
    meta: &JunctionMeta,
    other: &ModelMeta,
    its: &JunctionMeta,
) -> bool {
    let is_same_side =
        is_same(meta.owner.as_bytes(), its.owner.as_bytes()) && has_columns(one, other, 1, 2);
    is_same_side || has_columns(one, other, 2, 1)
}

/// Whether the columns of one, which are its foreign keys, are called as these of
/// the other.
const fn has_columns(one: &ModelMeta, other: &ModelMeta, first: usize, second: usize) -> bool {
    let columns = (one.columns[1].name, one.columns[2].name);
    is_same(columns.0.as_bytes(), other.columns[first].name.as_bytes())
        && is_same(columns.1.as_bytes(), other.columns[second].name.as_bytes())
}

/// Whether two models are in one database, as a foreign key needs it.
#[doc(hidden)]
#[must_use]
pub const fn is_one_database(one: &ModelMeta, other: &ModelMeta) -> bool {
    is_same(
        one.database_or_default().as_bytes(),
        other.database_or_default().as_bytes(),
    )
}

const fn is_of_one_table(one: &ModelMeta, other: &ModelMeta) -> bool {
    is_one_database(one, other) && is_same(one.table.as_bytes(), other.table.as_bytes())
}

/// Whether an index of one has the name of the other, or of an index that is not
/// of the same table.
const fn has_same_index_name(one: &ModelMeta, other: &ModelMeta) -> bool {
    let mut index = 0;
    while index < one.indexes.len() {
        if let Some(name) = one.indexes[index].name {
            let is_another = !is_of_one_table(one, other) && has_index_name(other, name);
            if is_another || is_same(name.as_bytes(), other.table.as_bytes()) {
                return true;
            }
        }
        index += 1;
    }
    false
}

const fn has_index_name(model: &ModelMeta, name: &str) -> bool {
    let mut index = 0;
    while index < model.indexes.len() {
        if let Some(other) = model.indexes[index].name
            && is_same(other.as_bytes(), name.as_bytes())
        {
            return true;
        }
        index += 1;
    }
    false
}
