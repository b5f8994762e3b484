//! What attributes may not be together.

use proc_macro2::Ident;
use syn::{Expr, ExprRange, RangeLimits};

use super::attributes::TableAttributes;
use super::default;
use super::field::Field;
use crate::errors::Errors;

pub(super) fn fields(fields: &[Field], errors: &mut Errors) {
    for field in fields {
        check_auto(field, errors);
        check_auto_now(field, errors);
        check_on_delete(field, errors);
        check_deferrable(field, errors);
        check_generated(field, errors);
        check_nulls(field, errors);
        if let Some(range) = &field.attributes.range {
            errors.take(range_sql(&field.column, range));
        }
        if let Some(equality) = &field.attributes.text_equality {
            errors.take(equality.check(&field.inner));
        }
        if let Some(default) = &field.attributes.default {
            errors.take(default.expand(field));
        }
    }
    check_names(fields, errors);
}

/// The position of the primary key; 0 where it is wrong, which is an error.
pub(super) fn key(model: &Ident, fields: &[Field], errors: &mut Errors) -> usize {
    let mut keys = fields
        .iter()
        .enumerate()
        .filter(|(_, f)| f.attributes.key.is_some());
    let Some((position, key)) = keys.next() else {
        let message = "a model has a primary key: mark a field, as in \
                       `#[model(key, auto)] id: i64`";
        errors.add(model, message);
        return 0;
    };
    if key.is_nullable || key.relation.is_some() {
        errors.add(
            &key.ty,
            "a primary key is a plain column that cannot be NULL",
        );
    }
    for (_, second) in keys {
        errors.add(
            &second.attributes.key,
            "the model has a primary key already",
        );
    }
    position
}

/// The position of the version, if there is one.
pub(super) fn version(fields: &[Field], errors: &mut Errors) -> Option<usize> {
    let versions = fields.iter().enumerate().filter_map(|(position, field)| {
        let version = field.attributes.version.as_ref()?;
        Some((position, field, version))
    });
    let mut found = None;
    for (position, field, version) in versions {
        let is_integer = matches!(field.type_name().as_deref(), Some("i32" | "i64"));
        if !is_integer || field.is_nullable {
            let message =
                "`version` counts the updates of a row, so the field is an `i32` or `i64`";
            errors.add(version, message);
        } else if field.attributes.key.is_some() || field.attributes.auto_now.is_some() {
            errors.add(version, "a version is a column of its own");
        }
        if found.is_some() {
            errors.add(version, "the model has a version already");
        }
        found.get_or_insert(position);
    }
    found
}

/// The position of the column that says when a row was deleted, if there is
/// one.
pub(super) fn soft_delete(fields: &[Field], errors: &mut Errors) -> Option<usize> {
    let marks = fields.iter().enumerate().filter_map(|(position, field)| {
        let mark = field.attributes.soft_delete.as_ref()?;
        Some((position, field, mark))
    });
    let mut found = None;
    for (position, field, mark) in marks {
        let is_time = field.type_name().as_deref() == Some("Timestamp");
        if !is_time || !field.is_nullable {
            let message = "`soft_delete` keeps the time of the deletion, and NULL before, \
                           so the field is an `Option<Timestamp>`";
            errors.add(mark, message);
        } else if field.attributes.auto_now.is_some() || field.attributes.default.is_some() {
            errors.add(mark, "a row is not deleted when it is inserted");
        }
        if found.is_some() {
            errors.add(mark, "the model has soft deletion already");
        }
        found.get_or_insert(position);
    }
    found
}

/// Rows that are only added have nothing that is changed.
pub(super) fn append_only(attributes: &TableAttributes, fields: &[Field], errors: &mut Errors) {
    if attributes.append_only.is_none() {
        return;
    }
    let message = "the rows of this table are added only (`append_only`), and never changed";
    for field in fields {
        let attributes = &field.attributes;
        let changed = [
            &attributes.auto_now,
            &attributes.version,
            &attributes.soft_delete,
        ];
        for attribute in changed.into_iter().flatten() {
            errors.add(attribute, message);
        }
        let on_delete = attributes.on_delete.as_ref();
        if let Some(on_delete) = on_delete.filter(|on_delete| *on_delete != "restrict") {
            errors.add(on_delete, message);
        }
    }
}

fn check_auto(field: &Field, errors: &mut Errors) {
    let is_integer = matches!(field.type_name().as_deref(), Some("i16" | "i32" | "i64"));
    let auto = field.attributes.auto.as_ref();
    if let Some(auto) = auto.filter(|_| !is_integer || field.is_nullable) {
        errors.add(auto, "`auto` numbers the rows, so the field is an `i64`");
    }
}

fn check_auto_now(field: &Field, errors: &mut Errors) {
    let is_time = matches!(field.type_name().as_deref(), Some("Timestamp" | "Date"));
    let auto_now = field.attributes.auto_now.as_ref();
    if let Some(auto_now) = auto_now.filter(|_| !is_time) {
        errors.add(
            auto_now,
            "`auto_now` keeps the time of the last update in a `Timestamp`",
        );
    }
    if let (Some(auto_now), true) = (auto_now, field.attributes.default.is_some()) {
        errors.add(auto_now, "`auto_now` is the default already");
    }
}

fn check_on_delete(field: &Field, errors: &mut Errors) {
    let Some(on_delete) = &field.attributes.on_delete else {
        return;
    };
    if field.relation.is_none() {
        errors.add(on_delete, "`on_delete` is for a `ForeignKey<T>`");
    } else if !["cascade", "restrict", "set_null"]
        .iter()
        .any(|word| on_delete == word)
    {
        errors.add(
            on_delete,
            "`on_delete` is `cascade`, `restrict` or `set_null`",
        );
    } else if on_delete == "set_null" && !field.is_nullable {
        errors.add(
            on_delete,
            "`set_null` needs the field to be an `Option<ForeignKey<T>>`",
        );
    }
}

fn check_deferrable(field: &Field, errors: &mut Errors) {
    let deferrable = field.attributes.deferrable.as_ref();
    if let Some(deferrable) = deferrable.filter(|_| field.relation.is_none()) {
        errors.add(&deferrable.name, "`deferrable` is for a `ForeignKey<T>`");
    }
}

/// What Postgres computes is set by nothing else.
fn check_generated(field: &Field, errors: &mut Errors) {
    let attributes = &field.attributes;
    let Some(generated) = &attributes.generated else {
        return;
    };
    let set = [
        &attributes.key,
        &attributes.auto,
        &attributes.auto_now,
        &attributes.version,
        &attributes.soft_delete,
    ];
    let message = "the column is computed from others of the row (`generated`), so nothing else \
                   sets it";
    for attribute in set.into_iter().flatten() {
        errors.add(attribute, message);
    }
    if attributes.default.is_some() {
        errors.add(generated, message);
    }
    let on_delete = attributes.on_delete.as_ref();
    if let Some(on_delete) = on_delete.filter(|on_delete| *on_delete == "set_null") {
        errors.add(on_delete, message);
    }
}

fn check_nulls(field: &Field, errors: &mut Errors) {
    let nulls = field.attributes.nulls_not_distinct.as_ref();
    if let Some(nulls) = nulls.filter(|_| !field.is_nullable) {
        errors.add(nulls, "the column has no NULLs: `unique` says it all");
    }
}

/// The functions that every model has.
const FUNCTIONS: [&str; 5] = ["objects", "delete", "hard_delete", "edit", "refresh"];

fn check_names(fields: &[Field], errors: &mut Errors) {
    for (index, field) in fields.iter().enumerate() {
        if fields[..index]
            .iter()
            .any(|other| other.column == field.column)
        {
            let message = format!("the column `{}` is there already", field.column);
            errors.add(&field.name, &message);
        }
        if FUNCTIONS.iter().any(|function| field.name == function) {
            let message = "the model has a function of this name; call the field another, \
                           and its column as you like with `#[model(column = \"…\")]`";
            errors.add(&field.name, message);
        }
    }
}

/// A range as a condition in SQL.
pub(super) fn range_sql(column: &str, range: &ExprRange) -> syn::Result<String> {
    let low = range.start.as_deref().map(bound).transpose()?;
    let high = range.end.as_deref().map(bound).transpose()?;
    let below = match range.limits {
        RangeLimits::Closed(_) => "<=",
        RangeLimits::HalfOpen(_) => "<",
    };
    match (low, high) {
        (Some(low), Some(high)) if below == "<=" => {
            Ok(format!("\"{column}\" BETWEEN {low} AND {high}"))
        }
        (Some(low), Some(high)) => Ok(format!("\"{column}\" >= {low} AND \"{column}\" < {high}")),
        (Some(low), None) => Ok(format!("\"{column}\" >= {low}")),
        (None, Some(high)) => Ok(format!("\"{column}\" {below} {high}")),
        (None, None) => Err(syn::Error::new_spanned(
            range,
            "a range has a lower or an upper end",
        )),
    }
}

fn bound(expression: &Expr) -> syn::Result<String> {
    default::number(expression)
        .ok_or_else(|| syn::Error::new_spanned(expression, "the end of a range is a number"))
}
