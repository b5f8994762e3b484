//! What models may not share, and where they are.

use super::draft::is_same;
use super::meta::ModelMeta;

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

/// Whether the indexes of different tables have different names, as far as they
/// are the author's own. Postgres has one of a name in a schema, and `IF NOT
/// EXISTS` passes over the second, a unique one too.
#[doc(hidden)]
#[must_use]
pub const fn index_names_differ(models: &[&ModelMeta]) -> bool {
    let mut one = 0;
    while one < models.len() {
        let mut other = one + 1;
        while other < models.len() {
            if is_one_database(models[one], models[other])
                && !is_of_one_table(models[one], models[other])
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

const fn has_same_index_name(one: &ModelMeta, other: &ModelMeta) -> bool {
    let mut index = 0;
    while index < one.indexes.len() {
        if let Some(name) = one.indexes[index].name
            && has_index_name(other, name)
        {
            return true;
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
