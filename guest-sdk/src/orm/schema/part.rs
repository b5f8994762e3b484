//! What a table has that has a name of its own: constraints and indexes.

use super::names::{hashed, plain, quoted};
use super::shared::SharedTable;
use super::{check, foreign_key, index, push_new, unique};
use crate::orm::meta::ModelMeta;

/// A constraint or an index.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) table: &'static str,
    /// The author's name for it, or the one that is settled.
    pub(super) name: String,
    /// What a generated name is made of: the table, the columns and a last
    /// word. The author's is made of nothing.
    pub(super) words: Vec<String>,
    /// Its columns, in order.
    pub(super) columns: Vec<&'static str>,
    /// What stands behind its name, and for an index behind the table's too.
    pub(super) definition: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// A primary key or a unique constraint, each of which is an index too.
    Unique,
    Check,
    /// A foreign key to a table.
    ForeignKey(&'static str),
    Index,
    UniqueIndex,
}

impl Part {
    /// One of the author's name, if there is one, and otherwise called after
    /// what it is of.
    pub(super) fn new(
        kind: Kind,
        model: &ModelMeta,
        given: Option<&str>,
        words: &[&str],
        definition: String,
    ) -> Self {
        let table = model
            .junction
            .map_or(model.table, |junction| junction.full_name);
        let words = [&[table], words].concat();
        Self {
            kind,
            table: model.table,
            name: given.map_or_else(|| plain(&words), str::to_owned),
            words: match given {
                Some(_) => Vec::new(),
                None => words.iter().map(|&word| word.to_owned()).collect(),
            },
            columns: Vec::new(),
            definition,
        }
    }

    pub(super) fn of_columns(self, columns: &[&'static str]) -> Self {
        Self {
            columns: columns.to_vec(),
            ..self
        }
    }

    pub(super) fn is_generated(&self) -> bool {
        !self.words.is_empty()
    }

    pub(super) fn is_index(&self) -> bool {
        matches!(self.kind, Kind::Index | Kind::UniqueIndex)
    }

    /// Whether its name is one of those of tables.
    pub(super) fn is_relation(&self) -> bool {
        self.is_index() || self.kind == Kind::Unique
    }

    /// Whether the two are of different words and cannot have one name.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        let are_relations = self.is_relation() && other.is_relation();
        let are_constraints = !self.is_index() && !other.is_index();
        (are_relations || (are_constraints && self.table == other.table))
            // Variants say again what their parent says.
            && (self.table != other.table || self.words != other.words)
    }

    pub(super) fn points_to(&self, model: &ModelMeta) -> bool {
        self.kind == Kind::ForeignKey(model.table)
    }

    /// The name it has if it is its own alone.
    pub(super) fn plain_name(&self) -> String {
        plain(&self.words())
    }

    /// Another name, of which each round has one.
    pub(super) fn hashed_name(&self, round: usize) -> String {
        hashed(&self.words(), round)
    }

    fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// `CONSTRAINT "books_pkey" PRIMARY KEY ("id")`
    pub(super) fn constraint(&self) -> String {
        format!("CONSTRAINT {} {}", quoted(&self.name), self.definition)
    }
}

/// All of a table, each once: variants say again what their parent says.
pub(super) fn parts(shared: &SharedTable) -> Vec<Part> {
    let mut parts = vec![unique::primary_key(shared.base)];
    push_new(&mut parts, shared.models().flat_map(unique::columns));
    push_new(&mut parts, shared.models().flat_map(index::constraints));
    push_new(&mut parts, shared.models().flat_map(check::of_columns));
    push_new(&mut parts, check::of_rows(shared));
    parts.extend(check::of_variants(shared));
    push_new(&mut parts, shared.models().flat_map(foreign_key::of));
    push_new(&mut parts, shared.models().flat_map(index::indexes));
    parts
}
