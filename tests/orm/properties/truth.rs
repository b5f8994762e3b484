//! Which rows a condition is true of, as Rust knows it: `None` is SQL's NULL,
//! which is neither true nor false.

use std::cmp::Ordering;

use super::condition::{Compare, Condition, Like, OfPart, Other};
use super::expression::{Int, Text};
use super::rows::{Part, Thing, World};

impl Condition {
    /// Whether it is true of a row.
    pub(super) fn is_true(&self, row: &Thing, world: &World) -> bool {
        self.of(row, world) == Some(true)
    }

    fn of(&self, row: &Thing, world: &World) -> Option<bool> {
        let int = |int: &Int| int.of(row, world);
        let text = |text: &Text| text.of(row, world);
        let int_or_value = |other: &Other<i32, Int>| match other {
            Other::Value(value) => *value,
            Other::Expr(expr) => int(expr),
        };
        let of = |condition: &Self| condition.of(row, world);
        let is_true = |condition: &Self| of(condition) == Some(true);
        let is_part = |part: &OfPart| {
            let part = part.clone();
            move |row: &&Part| part.is_true(row, world)
        };
        let (gte, lte) = (Compare::Gte, Compare::Lte);
        match self {
            Self::Ints(compare, left, Other::Value(right)) => compare.with_value(int(left), *right),
            Self::Ints(compare, left, Other::Expr(Int::Value(right))) => {
                compare.with_value(int(left), Some(*right))
            }
            Self::Ints(compare, left, Other::Expr(right)) => {
                compare.with_column(int(left), int(right))
            }
            Self::Texts(compare, left, Other::Value(right)) => {
                compare.with_value(text(left), right.clone())
            }
            Self::Texts(compare, left, Other::Expr(right)) => {
                compare.with_column(text(left), text(right))
            }
            Self::Bigs(compare, right) => compare.with_value(row.big, *right),
            Self::Ratios(compare, right) => compare.with_value(row.ratio, *right),
            Self::BigIn(members) => is_in(row.big.as_ref(), members),
            Self::RatioBetween(low, high) => and([
                gte.with_column(row.ratio, Some(*low)),
                lte.with_column(row.ratio, Some(*high)),
            ]),
            Self::Between(value, low, high) => and([
                gte.with_column(int(value), int_or_value(low)),
                lte.with_column(int(value), int_or_value(high)),
            ]),
            Self::IntIn(value, members) => is_in(int(value).as_ref(), members),
            Self::IntInExprs(value, members) => {
                let equal = |member| Compare::Eq.with_column(int(value), int(member));
                or(members.iter().map(equal))
            }
            Self::TextIn(value, members) => is_in(text(value).as_ref(), members),
            Self::IntIsNull(value) => Some(int(value).is_none()),
            Self::TextIsNotNull(value) => Some(text(value).is_some()),
            Self::Like(like, left, Other::Value(needle)) => {
                Some(like.holds(&text(left)?, needle.as_deref().unwrap_or_default()))
            }
            Self::Like(like, left, Other::Expr(needle)) => {
                Some(like.holds(&text(left)?, &text(needle)?))
            }
            Self::Flag(compare, flag) => compare.with_value(Some(row.flag), Some(*flag)),
            Self::IsFlagged => Some(row.flag),
            Self::IsActive => Some(world.owner_of(row)?.active),
            Self::Raw(value) => or([Some(int(value)? % 2 == 0), Some(int(value)? > 5)]),
            Self::Case(condition, left, right, than) => {
                let case = if is_true(condition) { left } else { right };
                Compare::Gt.with_column(int(case), int(than))
            }
            Self::SizeIsAmong(value, part) => {
                let parts = world.live_parts().filter(is_part(part));
                or(parts.map(|part| Compare::Eq.with_column(int(value), Some(part.size))))
            }
            Self::LabelIsAmong(value, part) => {
                let parts = world.live_parts().filter(is_part(part));
                let labels = parts.map(|part| part.label.clone());
                or(labels.map(|label| Compare::Eq.with_column(text(value), label)))
            }
            Self::HasPart(part) => Some(world.parts_of(row).any(|row| is_part(part)(&row))),
            Self::HasPartAndNumber(part) => {
                let mut parts = world.live_parts().filter(is_part(part));
                Some(parts.any(|part| Some(*part.thing.key()) == row.number))
            }
            Self::PartsAre(part, compare, count) => {
                let parts = world.parts_of(row).filter(is_part(part)).count();
                compare.with_value(i64::try_from(parts).ok(), Some(*count))
            }
            Self::HasColleague(condition) => {
                let owner = world.owner_of(row).map(|owner| owner.id);
                let is_colleague = |other: &&Thing| {
                    owner.is_some() && world.owner_of(other).map(|owner| owner.id) == owner
                };
                let mut colleagues = world.things.iter().filter(is_colleague);
                Some(colleagues.any(|other| condition.is_true(other, world)))
            }
            Self::HasTwin(condition) => {
                let is_twin = |other: &&Thing| Some(other.small) == row.number;
                let mut twins = world.things.iter().filter(is_twin);
                Some(twins.any(|other| condition.is_true(other, world)))
            }
            Self::Not(condition) => Some(!is_true(condition)),
            Self::And(left, right) => and([of(left), of(right)]),
            Self::Or(left, right) => or([of(left), of(right)]),
            Self::All(conditions) => and(conditions.iter().map(of)),
            Self::Any(conditions) => or(conditions.iter().map(of)),
        }
    }
}

impl OfPart {
    pub(super) fn is_true(&self, row: &Part, world: &World) -> bool {
        self.of(row, world) == Some(true)
    }

    fn of(&self, row: &Part, world: &World) -> Option<bool> {
        match self {
            Self::Label(compare, label) => compare.with_value(row.label.clone(), label.clone()),
            Self::Size(compare, size) => compare.with_value(Some(row.size), Some(*size)),
            Self::SizeOfThing(compare) => {
                compare.with_column(Some(row.size), world.thing_of(row).number)
            }
            Self::Not(condition) => Some(!condition.is_true(row, world)),
            Self::Either(left, right) => or([left.of(row, world), right.of(row, world)]),
            Self::Both(conditions) => and(conditions.iter().map(|q| q.of(row, world))),
        }
    }
}

impl Compare {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Ne => ordering.is_ne(),
            Self::Gt => ordering.is_gt(),
            Self::Gte => ordering.is_ge(),
            Self::Lt => ordering.is_lt(),
            Self::Lte => ordering.is_le(),
        }
    }

    /// With a value that is known where the query is made, NULL included.
    fn with_value<T: PartialOrd>(self, left: Option<T>, right: Option<T>) -> Option<bool> {
        match (self, &right) {
            (Self::Eq, None) => Some(left.is_none()),
            (Self::Ne, None) => Some(left.is_some()),
            _ => self.with_column(left, right),
        }
    }

    fn with_column<T: PartialOrd>(self, left: Option<T>, right: Option<T>) -> Option<bool> {
        let is_null = (left.is_none(), right.is_none());
        match (left, right) {
            (Some(left), Some(right)) => Some(self.holds(ordering(&left, &right))),
            // Rows that differ in being NULL differ.
            _ if self == Self::Ne => Some(is_null.0 != is_null.1),
            _ => None,
        }
    }
}

impl Like {
    fn holds(self, text: &str, needle: &str) -> bool {
        let (lower, other) = (text.to_lowercase(), needle.to_lowercase());
        match self {
            Self::Contains => text.contains(needle),
            Self::IContains => lower.contains(&other),
            Self::Starts => text.starts_with(needle),
            Self::IStarts => lower.starts_with(&other),
            Self::Ends => text.ends_with(needle),
            Self::IEnds => lower.ends_with(&other),
            Self::IExact => lower == other,
        }
    }
}

/// As Postgres orders: NaN is itself and greater than all other numbers.
pub(super) fn ordering<T: PartialOrd>(left: &T, right: &T) -> Ordering {
    #[expect(clippy::eq_op, reason = "NaN alone does not equal itself in Rust")]
    let is_nan = |value: &T| value != value;
    let found = left.partial_cmp(right);
    found.unwrap_or_else(|| is_nan(left).cmp(&is_nan(right)))
}

fn and(values: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    or(values.into_iter().map(|value| value.map(|value| !value))).map(|value| !value)
}

fn or(values: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut is_known = true;
    for value in values {
        match value {
            Some(true) => return Some(true),
            Some(false) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(false)
}

/// Of values that are known where the query is made: `None` asks for NULL.
fn is_in<T: PartialOrd + Clone>(value: Option<&T>, members: &[Option<T>]) -> Option<bool> {
    let members = members.iter().map(Option::as_ref);
    or(members.map(|member| Compare::Eq.with_value(value, member)))
}
