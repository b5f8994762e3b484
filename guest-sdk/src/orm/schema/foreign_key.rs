//! Foreign keys, of which some must wait for the table they point to.

use super::names::{quoted, quoted_text};
use super::part::{Kind, Part};
use crate::orm::meta::{Checked, ModelMeta, OnDelete, RelationMeta};

pub(super) fn of(model: &'static ModelMeta) -> impl Iterator<Item = Part> {
    let relations = model.relations.iter();
    relations.map(|relation| foreign_key(model, relation))
}

fn foreign_key(model: &ModelMeta, relation: &RelationMeta) -> Part {
    let column = model.columns[relation.column].name;
    let target = (relation.target)();
    let on_delete = match relation.on_delete {
        OnDelete::NoAction => "",
        OnDelete::Restrict => " ON DELETE RESTRICT",
        OnDelete::Cascade => " ON DELETE CASCADE",
        OnDelete::SetNull => " ON DELETE SET NULL",
    };
    let checked = match relation.checked {
        Checked::AtOnce => "",
        Checked::Deferrable => " DEFERRABLE INITIALLY IMMEDIATE",
        Checked::Deferred => " DEFERRABLE INITIALLY DEFERRED",
    };
    let definition = format!(
        "FOREIGN KEY ({}) REFERENCES {} ({}){on_delete}{checked}",
        quoted(column),
        quoted(target.table),
        quoted(target.key_column().name)
    );
    let kind = Kind::ForeignKey(target.table);
    Part::new(kind, model, None, &[column, "fkey"], definition).of_columns(&[column])
}

/// Adds a foreign key that is not there; `ADD CONSTRAINT` has no words for that.
pub(super) fn add(part: &Part) -> String {
    let table = quoted(part.table);
    format!(
        "DO $plinth$ BEGIN\n  IF NOT EXISTS (\n    \
         SELECT 1 FROM pg_constraint WHERE conrelid = {}::regclass AND conname = {}\n  ) THEN\n    \
         ALTER TABLE {table} ADD {};\n  END IF;\nEND $plinth$",
        quoted_text(&table),
        quoted_text(&part.name),
        part.constraint()
    )
}
