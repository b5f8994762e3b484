//! Models that share a table: single-table inheritance.

use super::draft::is_same;
use super::meta::{ColumnMeta, ModelMeta, TextEquality, VariantMeta};

/// What is wrong with a variant, as far as it is not one of its columns.
#[doc(hidden)]
#[must_use]
pub const fn variant_mistake(model: &ModelMeta) -> Option<&'static str> {
    let Some(VariantMeta { parent, value }) = model.variant else {
        return None;
    };
    let Some(discriminator) = parent.discriminator else {
        return Some(
            "the parent does not say which column tells its variants apart: \
             add `#[model(discriminator = field)]` to it",
        );
    };
    if !is_same(model.table.as_bytes(), parent.table.as_bytes()) {
        return Some("a variant is in the table of its parent");
    }
    let (key, other) = (&model.columns[model.key], &parent.columns[parent.key]);
    if !is_same(key.name.as_bytes(), other.name.as_bytes()) {
        return Some("a variant has the primary key of its parent");
    }
    let discriminator = &parent.columns[discriminator];
    if find(model, discriminator.name).is_some() {
        return Some(
            "a variant has no field for the discriminator: it is the same in all its rows",
        );
    }
    if !discriminator.choices.is_empty() && !has_text(discriminator.choices, value) {
        return Some("the parent's discriminator has no such variant");
    }
    if model.version.is_some() != parent.version.is_some() {
        return Some("a variant has a `version` if its parent has one");
    }
    if model.soft_delete.is_some() != parent.soft_delete.is_some() {
        return Some("a variant has `soft_delete` if its parent has it");
    }
    if model.append_only != parent.append_only || model.unlogged != parent.unlogged {
        return Some("a variant is `append_only` or `unlogged` if its parent is");
    }
    if lacks_column(model, parent) {
        return Some("a variant has those of its parent's columns that every row must have");
    }
    None
}

/// Whether a variant's column is one of its own, or what the parent's is.
#[doc(hidden)]
#[must_use]
pub const fn variant_column_fits(parent: &ModelMeta, column: &ColumnMeta) -> bool {
    match find(parent, column.name) {
        None => true,
        Some(index) => {
            let other = &parent.columns[index];
            fits(column, other) && other.nullable == column.nullable
        }
    }
}

/// Whether the variants among models that share a table mean the same by the
/// columns of one name.
#[doc(hidden)]
#[must_use]
pub const fn variants_agree(models: &[&ModelMeta]) -> bool {
    let mut one = 0;
    while one < models.len() {
        let mut other = one + 1;
        while other < models.len() && models[one].variant.is_some() {
            if models[other].variant.is_some() && !agree(models[one], models[other]) {
                return false;
            }
            other += 1;
        }
        one += 1;
    }
    true
}

const fn agree(one: &ModelMeta, other: &ModelMeta) -> bool {
    if !is_same(one.table.as_bytes(), other.table.as_bytes()) {
        return true;
    }
    let mut index = 0;
    while index < one.columns.len() {
        let column = &one.columns[index];
        if let Some(found) = find(other, column.name)
            && !fits(column, &other.columns[found])
        {
            return false;
        }
        index += 1;
    }
    true
}

/// Whether two columns can be one: of one type, both computed or none, compared in
/// one way, and with one range if both have one.
const fn fits(column: &ColumnMeta, other: &ColumnMeta) -> bool {
    let is_one_range = match (column.check, other.check) {
        (Some(check), Some(other)) => is_same(check.as_bytes(), other.as_bytes()),
        _ => true,
    };
    column.sql.oid == other.sql.oid
        && is_one_range
        && column.generated.is_some() == other.generated.is_some()
        && is_one_equality(column, other)
}

const fn is_one_equality(column: &ColumnMeta, other: &ColumnMeta) -> bool {
    match (column.text_equality, other.text_equality) {
        (None, None) | (Some(TextEquality::Citext), Some(TextEquality::Citext)) => true,
        (Some(TextEquality::Collation(name)), Some(TextEquality::Collation(other))) => {
            is_same(name.as_bytes(), other.as_bytes())
        }
        _ => false,
    }
}

/// Whether a column of the parent is missing which an insert must give.
const fn lacks_column(model: &ModelMeta, parent: &ModelMeta) -> bool {
    let mut index = 0;
    while index < parent.columns.len() {
        let column = &parent.columns[index];
        let is_given = column.nullable
            || column.auto
            || column.default.is_some()
            || column.generated.is_some();
        let is_discriminator = match parent.discriminator {
            Some(discriminator) => discriminator == index,
            None => false,
        };
        if !is_given && !is_discriminator && find(model, column.name).is_none() {
            return true;
        }
        index += 1;
    }
    false
}

const fn find(model: &ModelMeta, name: &str) -> Option<usize> {
    let mut index = 0;
    while index < model.columns.len() {
        if is_same(model.columns[index].name.as_bytes(), name.as_bytes()) {
            return Some(index);
        }
        index += 1;
    }
    None
}

const fn has_text(texts: &[&str], text: &str) -> bool {
    let mut index = 0;
    while index < texts.len() {
        if is_same(texts[index].as_bytes(), text.as_bytes()) {
            return true;
        }
        index += 1;
    }
    false
}
