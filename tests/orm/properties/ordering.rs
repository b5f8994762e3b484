//! Orderings at random, as the ORM's and as Rust sorts.

use std::cmp::Ordering;

use plinth::orm::{Order, value};
use proptest::prelude::*;

use super::expression::{Int, Text, int, text};
use super::rows::{Thing, World};
use super::truth::ordering;

#[derive(Clone, Debug)]
pub(super) struct Term {
    by: By,
    is_descending: bool,
    /// Where NULL goes, if that is said.
    is_null_first: Option<bool>,
}

#[derive(Clone, Debug)]
enum By {
    Int(Int),
    Text(Text),
    Big,
    Ratio,
    Flag,
}

impl Term {
    pub(super) fn order(&self) -> Order<Thing> {
        macro_rules! order {
            ($by:expr) => {
                if self.is_descending {
                    $by.desc()
                } else {
                    $by.asc()
                }
            };
        }
        let order = match &self.by {
            By::Int(int) => order!(int.expr()),
            By::Text(text) => order!(text.expr()),
            By::Big => order!(value(Thing::big)),
            By::Ratio => order!(Thing::ratio),
            By::Flag => order!(Thing::flag),
        };
        match self.is_null_first {
            None => order,
            Some(true) => order.nulls_first(),
            Some(false) => order.nulls_last(),
        }
    }

    fn compare(&self, left: &Thing, right: &Thing, world: &World) -> Ordering {
        match &self.by {
            By::Int(int) => self.place(int.of(left, world), int.of(right, world)),
            By::Text(text) => self.place(text.of(left, world), text.of(right, world)),
            By::Big => self.place(left.big, right.big),
            By::Ratio => self.place(left.ratio, right.ratio),
            By::Flag => self.place(Some(left.flag), Some(right.flag)),
        }
    }

    fn place<T: PartialOrd>(&self, left: Option<T>, right: Option<T>) -> Ordering {
        let is_null_first = self.is_null_first.unwrap_or(self.is_descending);
        match (left, right) {
            (Some(left), Some(right)) if self.is_descending => ordering(&right, &left),
            (Some(left), Some(right)) => ordering(&left, &right),
            (left, right) if is_null_first => left.is_some().cmp(&right.is_some()),
            (left, right) => left.is_none().cmp(&right.is_none()),
        }
    }
}

/// The rows, sorted; those that the terms leave equal by their keys.
pub(super) fn sort(things: &mut [Thing], terms: &[Term], world: &World) {
    things.sort_by(|left, right| {
        let mut terms = terms.iter().map(|term| term.compare(left, right, world));
        let found = terms.find(|ordering| ordering.is_ne());
        found.unwrap_or_else(|| left.id.cmp(&right.id))
    });
}

pub(super) fn term() -> impl Strategy<Value = Term> {
    let by = prop_oneof![
        int().prop_map(By::Int),
        text().prop_map(By::Text),
        Just(By::Big),
        Just(By::Ratio),
        Just(By::Flag),
    ];
    let term = (by, any::<bool>(), any::<Option<bool>>());
    term.prop_map(|(by, is_descending, is_null_first)| Term {
        by,
        is_descending,
        is_null_first,
    })
}
