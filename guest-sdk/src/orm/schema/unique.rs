//! Primary keys, and unique constraints of one column.

use super::names::{list, quoted};
use super::part::{Kind, Part};
use crate::orm::meta::ModelMeta;

pub(super) fn primary_key(model: &ModelMeta) -> Part {
    let column = model.key_column().name;
    let definition = format!("PRIMARY KEY ({})", quoted(column));
    Part::new(Kind::Unique, model, None, &["pkey"], definition).of_columns(&[column])
}

pub(super) fn columns(model: &'static ModelMeta) -> impl Iterator<Item = Part> {
    let columns = model.columns.iter().filter(|column| column.unique);
    columns.map(|column| {
        let definition = unique(&[column.name], false);
        let words = [column.name, "key"];
        Part::new(Kind::Unique, model, None, &words, definition).of_columns(&[column.name])
    })
}

pub(super) fn unique(columns: &[&str], nulls_not_distinct: bool) -> String {
    let nulls = if nulls_not_distinct {
        "NULLS NOT DISTINCT "
    } else {
        ""
    };
    format!("UNIQUE {nulls}({})", list(columns))
}
