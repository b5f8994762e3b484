//! Which names are taken, over all tables of one database.

use super::part::{Kind, Part};
use crate::orm::meta::ModelMeta;

/// Gives a hash to the generated names that are another's too, each of them, so
/// that no name depends on the order of models.
///
/// Tables, indexes and the constraints that are indexes share one namespace;
/// the constraints of a table another.
pub(super) fn settle<'p>(models: &[&'static ModelMeta], parts: impl Iterator<Item = &'p mut Part>) {
    let (mut pending, given): (Vec<_>, Vec<_>) = parts.partition(|part| part.is_generated());
    let mut taken: Vec<Claim> = models.iter().map(|model| Claim::of_table(model)).collect();
    taken.extend(given.iter().flat_map(|part| Claim::of(part)));
    for round in 0.. {
        let mut claims = taken.clone();
        claims.extend(pending.iter().flat_map(|part| Claim::of(part)));
        claims.sort();
        claims.dedup();
        let (mut clashing, settled): (Vec<_>, Vec<_>) = pending
            .into_iter()
            .partition(|part| Claim::of(part).any(|claim| claim.is_contested(&claims)));
        if clashing.is_empty() {
            return;
        }
        taken.extend(settled.iter().flat_map(|part| Claim::of(part)));
        for part in &mut clashing {
            part.name = part.hashed_name(round);
        }
        pending = clashing;
    }
}

/// A name that something wants to have.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    /// The table, for names of its constraints.
    table: Option<&'static str>,
    name: String,
    /// What a generated name is made of: variants claim what their parents do.
    words: Vec<String>,
}

impl Claim {
    fn of_table(model: &ModelMeta) -> Self {
        Self {
            table: None,
            name: model.table.to_owned(),
            words: Vec::new(),
        }
    }

    fn of(part: &Part) -> impl Iterator<Item = Self> {
        let is_relation = part.is_index() || part.kind == Kind::Unique;
        let is_constraint = !part.is_index();
        let places = [
            is_relation.then_some(None),
            is_constraint.then_some(Some(part.table)),
        ];
        places.into_iter().flatten().map(|table| Self {
            table,
            name: part.name.clone(),
            words: part.words.clone(),
        })
    }

    /// Whether another of the sorted claims is to the same name.
    fn is_contested(&self, claims: &[Self]) -> bool {
        let place = |claim: &Self| (claim.table, claim.name.clone());
        let own = place(self);
        let first = claims.partition_point(|claim| place(claim) < own);
        claims[first..]
            .iter()
            .take_while(|claim| place(claim) == own)
            .count()
            > 1
    }
}
