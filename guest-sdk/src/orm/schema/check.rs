//! CHECK constraints: of columns, of rows and of the rows of variants.

use super::names::{quoted, quoted_text};
use super::part::{Kind, Part};
use super::shared::SharedTable;
use crate::orm::meta::{ColumnMeta, ModelMeta};

/// What columns' values must be: one of their choices, or within their range.
pub(super) fn of_columns(model: &'static ModelMeta) -> impl Iterator<Item = Part> {
    let columns = model.columns.iter();
    columns.filter_map(|column| {
        let condition = choices(column).or_else(|| column.check.map(str::to_owned))?;
        let words = [column.name, "check"];
        Some(check(model, None, &words, &condition).of_columns(&[column.name]))
    })
}

fn choices(column: &ColumnMeta) -> Option<String> {
    let texts: Vec<String> = column
        .choices
        .iter()
        .map(|text| quoted_text(text))
        .collect();
    (!texts.is_empty()).then(|| format!("{} IN ({})", quoted(column.name), texts.join(", ")))
}

/// What whole rows must be. Those without a name are called as Postgres would
/// call them: `books_check`, `books_check1` and so on.
pub(super) fn of_rows(shared: &SharedTable) -> impl Iterator<Item = Part> {
    let (base, mut unnamed) = (shared.base, 0);
    let checks = shared.models().flat_map(|model| model.checks);
    checks.map(move |meta| {
        unnamed += usize::from(meta.name.is_none());
        let word = match unnamed {
            0 | 1 => "check".to_owned(),
            _ => format!("check{}", unnamed - 1),
        };
        check(base, meta.name, &[&word], meta.condition)
    })
}

/// What the rows of a variant must have: `NOT NULL` for these alone.
pub(super) fn of_variants(shared: &SharedTable) -> impl Iterator<Item = Part> {
    shared
        .required_of_variants()
        .filter_map(|(variant, column)| {
            let discriminator = variant.column()?.name;
            let condition = format!(
                "{} <> {} OR {} IS NOT NULL",
                quoted(discriminator),
                quoted_text(variant.value),
                quoted(column.name)
            );
            let words = [variant.value, column.name, "check"];
            let check = check(shared.base, None, &words, &condition);
            Some(check.of_columns(&[discriminator, column.name]))
        })
}

fn check(model: &ModelMeta, given: Option<&str>, words: &[&str], condition: &str) -> Part {
    let definition = format!("CHECK ({condition})");
    Part::new(Kind::Check, model, given, words, definition)
}
