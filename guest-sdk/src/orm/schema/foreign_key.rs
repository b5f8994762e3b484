//! Foreign keys, of which some must wait for the table they point to.

use std::fmt::Write as _;

use super::names::{constraint, quoted, quoted_text};
use super::push_new;
use crate::orm::meta::{ModelMeta, OnDelete, RelationMeta};

pub(super) fn foreign_key(model: &ModelMeta, relation: &RelationMeta) -> String {
    let column = model.columns[relation.column].name;
    let target = (relation.target)();
    let mut text = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
        quoted(&constraint(model.table, &[column], "fkey")),
        quoted(column),
        quoted(target.table),
        quoted(target.key_column().name)
    );
    text.push_str(match relation.on_delete {
        OnDelete::NoAction => "",
        OnDelete::Restrict => " ON DELETE RESTRICT",
        OnDelete::Cascade => " ON DELETE CASCADE",
        OnDelete::SetNull => " ON DELETE SET NULL",
    });
    text
}

/// Whether the table a foreign key points to is created only later, because
/// the two refer to each other.
pub(super) fn is_late(
    relation: &RelationMeta,
    created: &[&str],
    models: &[&'static ModelMeta],
) -> bool {
    let target = (relation.target)().table;
    !created.contains(&target) && models.iter().any(|model| model.table == target)
}

/// The foreign keys that point to this table from tables created before it.
pub(super) fn late_foreign_keys(
    model: &ModelMeta,
    created: &[&str],
    models: &[&'static ModelMeta],
) -> Vec<String> {
    let mut ddl = Vec::new();
    for table in created.iter().filter(|table| **table != model.table) {
        for other in models.iter().filter(|other| other.table == *table) {
            let relations = other.relations.iter();
            let pointing = relations.filter(|r| (r.target)().table == model.table);
            push_new(&mut ddl, pointing.map(|r| add_foreign_key(other, r)));
        }
    }
    ddl
}

/// Adds a foreign key that is not there; `ADD CONSTRAINT` has no words for that.
fn add_foreign_key(model: &ModelMeta, relation: &RelationMeta) -> String {
    let name = constraint(model.table, &[model.columns[relation.column].name], "fkey");
    let (table, name) = (quoted_text(&quoted(model.table)), quoted_text(&name));
    let mut text =
        String::from("DO $plinth$ BEGIN\n  IF NOT EXISTS (\n    SELECT 1 FROM pg_constraint");
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        " WHERE conrelid = {table}::regclass AND conname = {name}\n  ) THEN\n    \
         ALTER TABLE {} ADD {};\n  END IF;\nEND $plinth$",
        quoted(model.table),
        foreign_key(model, relation)
    );
    text
}
