//! Indexes, and unique constraints of several columns.

use super::names::{hash, quoted};
use super::part::{Kind, Part};
use super::unique::unique;
use crate::orm::meta::{IndexMeta, IndexMethod, IndexTerm, ModelMeta};

/// The unique constraints of several columns.
pub(super) fn constraints(model: &'static ModelMeta) -> impl Iterator<Item = Part> {
    let indexes = model.indexes.iter().filter(|index| is_constraint(index));
    indexes.map(|index| {
        let definition = unique(&columns(model, index), index.nulls_not_distinct);
        part(Kind::Unique, model, index, definition)
    })
}

pub(super) fn indexes(model: &'static ModelMeta) -> impl Iterator<Item = Part> {
    let columns = model.columns.iter().enumerate();
    let indexed = columns.filter(|(position, column)| column.index && !leads(model, *position));
    let of_columns = indexed.map(|(_, column)| {
        let definition = format!("({})", quoted(column.name));
        let words = [column.name, "idx"];
        Part::new(Kind::Index, model, None, &words, definition).of_columns(&[column.name])
    });
    let others = model.indexes.iter().filter(|index| !is_constraint(index));
    of_columns.chain(others.map(|index| {
        let kind = if index.unique {
            Kind::UniqueIndex
        } else {
            Kind::Index
        };
        part(kind, model, index, definition(model, index))
    }))
}

pub(super) fn create(part: &Part) -> String {
    let unique = match part.kind {
        Kind::UniqueIndex => "UNIQUE ",
        _ => "",
    };
    let (name, table) = (quoted(&part.name), quoted(part.table));
    let definition = &part.definition;
    format!("CREATE {unique}INDEX IF NOT EXISTS {name} ON {table} {definition}")
}

/// Whether SQL has a constraint for it; a part of the rows, or what is made of
/// columns, is unique by an index only.
fn is_constraint(index: &IndexMeta) -> bool {
    index.unique && index.is_plain()
}

/// Whether another index begins with the column, and so serves it too.
fn leads(model: &ModelMeta, column: usize) -> bool {
    let mut indexes = model.indexes.iter();
    indexes.any(|index| index.leading_column() == Some(column))
}

/// It has the name that Postgres itself would give it. One that is more than its
/// columns has a hash in it: several can be of the same columns, and another
/// condition makes another index, which `IF NOT EXISTS` would otherwise pass
/// over.
fn part(kind: Kind, model: &ModelMeta, index: &IndexMeta, sql: String) -> Part {
    let mut words = columns(model, index);
    let hash = format!("{:08x}", hash(&definition(model, index)));
    if !index.is_plain() {
        words.push(&hash);
    }
    words.push(if index.unique { "key" } else { "idx" });
    let terms = index.terms.iter().filter_map(|term| column(model, *term));
    Part::new(kind, model, index.name, &words, sql).of_columns(&terms.collect::<Vec<_>>())
}

fn columns(model: &ModelMeta, index: &IndexMeta) -> Vec<&'static str> {
    let terms = index.terms.iter();
    terms
        .map(|term| column(model, *term).unwrap_or("expr"))
        .collect()
}

fn column(model: &ModelMeta, term: IndexTerm) -> Option<&'static str> {
    match term {
        IndexTerm::Column(column) | IndexTerm::Descending(column) => {
            Some(model.columns[column].name)
        }
        IndexTerm::Expression(_) => None,
    }
}

/// What stands after `ON` and the table.
fn definition(model: &ModelMeta, index: &IndexMeta) -> String {
    let mut text = match index.method {
        IndexMethod::BTree => String::new(),
        method => format!("USING {} ", method.name()),
    };
    let terms = index
        .terms
        .iter()
        .map(|term| term_text(model, index, *term));
    text.push('(');
    text.push_str(&terms.collect::<Vec<_>>().join(", "));
    text.push(')');
    if index.nulls_not_distinct {
        text.push_str(" NULLS NOT DISTINCT");
    }
    if let Some(condition) = index.condition {
        text.push_str(" WHERE ");
        text.push_str(condition);
    }
    text
}

fn term_text(model: &ModelMeta, index: &IndexMeta, term: IndexTerm) -> String {
    let mut text = match term {
        IndexTerm::Column(column) | IndexTerm::Descending(column) => {
            quoted(model.columns[column].name)
        }
        IndexTerm::Expression(expression) => format!("({expression})"),
    };
    if let Some(opclass) = index.opclass {
        text.push(' ');
        text.push_str(opclass);
    }
    if matches!(term, IndexTerm::Descending(_)) {
        text.push_str(" DESC");
    }
    text
}
