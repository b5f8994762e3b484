//! Indexes, and unique constraints of several columns.

use super::create_table::unique;
use super::names::{constraint, hash, quoted};
use crate::orm::meta::{IndexMeta, IndexMethod, IndexTerm, ModelMeta};

/// The unique constraints of several columns.
pub(super) fn constraints(model: &'static ModelMeta) -> impl Iterator<Item = String> {
    let indexes = model.indexes.iter().filter(|index| is_constraint(index));
    indexes.map(|index| {
        unique(
            &name(model, index),
            &columns(model, index),
            index.nulls_not_distinct,
        )
    })
}

/// The statements that create the indexes.
pub(super) fn indexes(model: &'static ModelMeta) -> Vec<String> {
    let columns = model.columns.iter().enumerate();
    let indexed = columns.filter(|(position, column)| column.index && !leads(model, *position));
    let mut ddl: Vec<String> = indexed
        .map(|(_, column)| {
            let name = constraint(model.table, &[column.name], "idx");
            create("INDEX", &name, model, &format!("({})", quoted(column.name)))
        })
        .collect();
    let others = model.indexes.iter().filter(|index| !is_constraint(index));
    ddl.extend(others.map(|index| {
        let what = if index.unique {
            "UNIQUE INDEX"
        } else {
            "INDEX"
        };
        create(what, &name(model, index), model, &definition(model, index))
    }));
    ddl
}

fn create(what: &str, name: &str, model: &ModelMeta, definition: &str) -> String {
    let (name, table) = (quoted(name), quoted(model.table));
    format!("CREATE {what} IF NOT EXISTS {name} ON {table} {definition}")
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

/// The name that Postgres itself would give it. One that is more than its
/// columns has a hash in it: several can be of the same columns, and another
/// condition makes another index, which `IF NOT EXISTS` would otherwise pass
/// over.
fn name(model: &ModelMeta, index: &IndexMeta) -> String {
    if let Some(name) = index.name {
        return name.to_owned();
    }
    let mut parts = columns(model, index);
    let hash = format!("{:08x}", hash(&definition(model, index)));
    if !index.is_plain() {
        parts.push(&hash);
    }
    constraint(
        model.table,
        &parts,
        if index.unique { "key" } else { "idx" },
    )
}

fn columns(model: &ModelMeta, index: &IndexMeta) -> Vec<&'static str> {
    let terms = index.terms.iter();
    terms
        .map(|term| match term {
            IndexTerm::Column(column) | IndexTerm::Descending(column) => {
                model.columns[*column].name
            }
            IndexTerm::Expression(_) => "expr",
        })
        .collect()
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
