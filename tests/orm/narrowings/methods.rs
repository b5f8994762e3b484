//! What a method is expected to find and to change.

use plinth::prelude::*;

use super::{Item, Items, changes, composed, inserts, reads, streams};

/// A method that runs a query.
pub(super) struct Method {
    pub(super) name: &'static str,
    /// What a refusal can call it.
    pub(super) words: &'static [&'static str],
    pub(super) run: fn(Items, &mut Db) -> Result<Found>,
    /// What it finds and changes where these rows are left.
    pub(super) expected: fn(&[i64]) -> Expected,
    /// The narrowings that it refuses.
    pub(super) refuses: Vec<&'static str>,
    pub(super) is_ordered: bool,
    /// Whether it runs outside of a transaction.
    pub(super) is_outside: bool,
}

#[derive(Debug)]
pub(super) struct Expected {
    pub(super) found: Found,
    pub(super) changed: Vec<i64>,
}

#[derive(Debug)]
pub(super) enum Found {
    Items(Vec<Item>),
    Ids(Vec<i64>),
    Number(i64),
    Several,
    Missing,
}

pub(super) const SLICES: &[&str] = &["limit", "offset", "distinct_on"];
pub(super) const LOCKS: &[&str] = &["for_update", "nowait", "skip_locked"];
pub(super) const IMPATIENT: &[&str] = &["nowait", "skip_locked"];
pub(super) const PREFETCH: &[&str] = &["prefetch_related"];
pub(super) const RELATED: &[&str] = &["select_related", "prefetch_related"];

pub(super) fn all() -> Vec<Method> {
    let mut methods = reads::all();
    methods.extend(composed::combined());
    methods.extend(composed::inside());
    methods.extend(streams::all());
    methods.extend(changes::all());
    methods.extend(inserts::all());
    methods
}

impl Method {
    /// One that finds the rows.
    pub(super) fn reads(name: &'static str, run: fn(Items, &mut Db) -> Result<Found>) -> Self {
        Self {
            name,
            words: &[],
            run,
            expected: |rows| Expected::found(Found::Ids(rows.to_vec())),
            refuses: Vec::new(),
            is_ordered: true,
            is_outside: false,
        }
    }

    /// One that changes the rows.
    pub(super) fn changes(name: &'static str, run: fn(Items, &mut Db) -> Result<Found>) -> Self {
        Self {
            is_ordered: false,
            ..Self::reads(name, run).expects(|rows| Expected {
                found: Found::Ids(rows.to_vec()),
                changed: sorted(rows.to_vec()),
            })
        }
    }

    pub(super) fn expects(self, expected: fn(&[i64]) -> Expected) -> Self {
        Self { expected, ..self }
    }

    pub(super) fn refuses(mut self, narrowings: &[&'static str]) -> Self {
        self.refuses.extend(narrowings);
        self
    }

    /// Whether a refusal names it.
    pub(super) fn is_named_in(&self, text: &str) -> bool {
        let is_called = |word: &str| text.contains(&format!("`{word}`"));
        match self.words {
            [] => is_called(self.name),
            words => words.iter().any(|word| is_called(word)),
        }
    }

    pub(super) fn called(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }

    pub(super) fn unordered(self) -> Self {
        Self {
            is_ordered: false,
            ..self
        }
    }

    pub(super) fn outside(self) -> Self {
        Self {
            is_outside: true,
            ..self
        }
    }
}

impl Expected {
    pub(super) fn found(found: Found) -> Self {
        Self {
            found,
            changed: Vec::new(),
        }
    }
}

impl Found {
    /// Whether rows were loaded with what a query is to load.
    pub(super) fn has_loaded(&self, narrowing: &str) -> Result<(), String> {
        let Self::Items(items) = self else {
            return Ok(());
        };
        let is_loaded = |item: &Item| match narrowing {
            "select_related" => item.shelf.get().is_ok(),
            "prefetch_related" => item.notes.get().is_ok(),
            _ => true,
        };
        match items.iter().all(is_loaded) {
            true => Ok(()),
            false => Err("rows came without what is loaded with them".to_owned()),
        }
    }

    pub(super) fn drop_row(&mut self, row: i64) {
        if let Self::Ids(ids) = self {
            ids.retain(|id| *id != row);
        }
    }

    pub(super) fn is_like(&self, expected: &Self, is_ordered: bool) -> bool {
        match (self.ids(), expected.ids()) {
            (Some(found), Some(expected)) if is_ordered => found == expected,
            (Some(found), Some(expected)) => sorted(found) == sorted(expected),
            _ => match (self, expected) {
                (Self::Number(found), Self::Number(expected)) => found == expected,
                (Self::Several, Self::Several) | (Self::Missing, Self::Missing) => true,
                _ => false,
            },
        }
    }

    pub(super) fn is_several(&self) -> bool {
        matches!(self, Self::Several)
    }

    fn ids(&self) -> Option<Vec<i64>> {
        match self {
            Self::Items(items) => Some(items.iter().map(|item| item.id).collect()),
            Self::Ids(ids) => Some(ids.clone()),
            Self::Number(_) | Self::Several | Self::Missing => None,
        }
    }
}

impl From<Vec<Item>> for Found {
    fn from(items: Vec<Item>) -> Self {
        Self::Items(items)
    }
}

impl From<Option<Item>> for Found {
    fn from(item: Option<Item>) -> Self {
        Self::Items(item.into_iter().collect())
    }
}

impl From<Item> for Found {
    fn from(item: Item) -> Self {
        Self::Items(vec![item])
    }
}

impl From<Vec<i64>> for Found {
    fn from(ids: Vec<i64>) -> Self {
        Self::Ids(ids)
    }
}

impl From<Option<i64>> for Found {
    fn from(id: Option<i64>) -> Self {
        Self::Ids(id.into_iter().collect())
    }
}

impl From<i64> for Found {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Found {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).expect("few"))
    }
}

impl From<bool> for Found {
    fn from(is_so: bool) -> Self {
        Self::Number(i64::from(is_so))
    }
}

pub(super) fn sorted(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids
}

pub(super) fn len(rows: &[i64]) -> i64 {
    i64::try_from(rows.len()).expect("few")
}

/// What `get` and its like find.
pub(super) fn only(rows: &[i64]) -> Found {
    match rows {
        [] => Found::Missing,
        [id] => Found::Ids(vec![*id]),
        _ => Found::Several,
    }
}
