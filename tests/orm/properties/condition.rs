//! Conditions, and what they are to the ORM.

use plinth::orm::{Expr, IntoOperand, Q, exists, value, when};

use super::expression::{Int, Text};
use super::rows::{Part, Thing};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Compare {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Like {
    Contains,
    IContains,
    Starts,
    IStarts,
    Ends,
    IEnds,
    IExact,
}

/// What something is compared with.
#[derive(Clone, Debug)]
pub(super) enum Other<T, E> {
    Value(Option<T>),
    Expr(E),
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    Ints(Compare, Int, Other<i32, Int>),
    Texts(Compare, Text, Other<String, Text>),
    Bigs(Compare, Option<i64>),
    Ratios(Compare, Option<f64>),
    BigIn(Vec<Option<i64>>),
    RatioBetween(f64, f64),
    Between(Int, Other<i32, Int>, Other<i32, Int>),
    IntIn(Int, Vec<Option<i32>>),
    IntInExprs(Int, Vec<Int>),
    TextIn(Text, Vec<Option<String>>),
    IntIsNull(Int),
    TextIsNotNull(Text),
    Like(Like, Text, Other<String, Text>),
    Flag(Compare, bool),
    IsFlagged,
    /// Over a foreign key that can be NULL.
    IsActive,
    Raw(Int),
    /// `CASE WHEN … THEN a ELSE b END > c`.
    Case(Box<Condition>, Int, Int, Int),
    SizeIsAmong(Int, OfPart),
    LabelIsAmong(Text, OfPart),
    HasPart(OfPart),
    HasPartAndNumber(OfPart),
    PartsAre(OfPart, Compare, i64),
    /// Of the rows with the same owner, itself among them.
    HasColleague(Box<Condition>),
    /// A row of the same table, found by another of its columns.
    HasTwin(Box<Condition>),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// A condition of the rows that belong to a row.
#[derive(Clone, Debug)]
pub(super) enum OfPart {
    Label(Compare, Option<String>),
    Size(Compare, i32),
    /// Compared with a column of the row it belongs to.
    SizeOfThing(Compare),
    Not(Box<OfPart>),
    Either(Box<OfPart>, Box<OfPart>),
    Both(Vec<OfPart>),
}

impl Compare {
    fn q<M, T, V: IntoOperand<M, T>>(self, left: Expr<M, T>, right: V) -> Q<M> {
        match self {
            Self::Eq => left.eq(right),
            Self::Ne => left.ne(right),
            Self::Gt => left.gt(right),
            Self::Gte => left.gte(right),
            Self::Lt => left.lt(right),
            Self::Lte => left.lte(right),
        }
    }
}

impl Like {
    fn q(self, text: Expr<Thing, Option<String>>, other: &Other<String, Text>) -> Q<Thing> {
        macro_rules! with {
            ($needle:expr) => {
                match self {
                    Self::Contains => text.contains($needle),
                    Self::IContains => text.icontains($needle),
                    Self::Starts => text.starts_with($needle),
                    Self::IStarts => text.istarts_with($needle),
                    Self::Ends => text.ends_with($needle),
                    Self::IEnds => text.iends_with($needle),
                    Self::IExact => text.iexact($needle),
                }
            };
        }
        match other {
            Other::Value(needle) => with!(needle.as_deref().unwrap_or_default()),
            Other::Expr(needle) => with!(needle.expr()),
        }
    }
}

impl Condition {
    pub(super) fn q(&self) -> Q<Thing> {
        match self {
            Self::Ints(compare, left, Other::Value(right)) => compare.q(left.expr(), *right),
            Self::Ints(compare, left, Other::Expr(right)) => compare.q(left.expr(), right.expr()),
            Self::Texts(compare, left, Other::Value(right)) => {
                compare.q(left.expr(), right.as_deref())
            }
            Self::Texts(compare, left, Other::Expr(right)) => compare.q(left.expr(), right.expr()),
            Self::Bigs(compare, right) => compare.q(value(Thing::big), *right),
            Self::Ratios(compare, right) => compare.q(value(Thing::ratio), *right),
            Self::BigIn(members) => Thing::big.is_in(members.clone()),
            Self::RatioBetween(low, high) => Thing::ratio.between(*low, *high),
            Self::Between(int, low, high) => match (low, high) {
                (Other::Value(low), Other::Value(high)) => int.expr().between(*low, *high),
                (Other::Value(low), Other::Expr(high)) => int.expr().between(*low, high.expr()),
                (Other::Expr(low), Other::Value(high)) => int.expr().between(low.expr(), *high),
                (Other::Expr(low), Other::Expr(high)) => {
                    int.expr().between(low.expr(), high.expr())
                }
            },
            Self::IntIn(int, members) => int.expr().is_in(members.clone()),
            Self::IntInExprs(int, members) => int.expr().is_in(members.iter().map(Int::expr)),
            Self::TextIn(text, members) => text.expr().is_in(members.clone()),
            Self::IntIsNull(int) => int.expr().is_null(),
            Self::TextIsNotNull(text) => text.expr().is_not_null(),
            Self::Like(like, text, needle) => like.q(text.expr(), needle),
            Self::Flag(compare, flag) => compare.q(value(Thing::flag), *flag),
            Self::IsFlagged => Thing::flag.is_true(),
            Self::IsActive => Thing::owner().active().is_true(),
            Self::Raw(int) => Q::raw("{} % 2 = {} OR {} > 5", (int.expr(), 0, int.expr())),
            Self::Case(condition, left, right, than) => {
                let case = when(condition.q(), left.expr()).otherwise(right.expr());
                case.gt(than.expr())
            }
            Self::SizeIsAmong(int, part) => {
                let parts = Part::objects().filter(part.q());
                int.expr().is_in_query(parts.values(Part::size))
            }
            Self::LabelIsAmong(text, part) => {
                let parts = Part::objects().filter(part.q());
                text.expr().is_in_query(parts.values(Part::label))
            }
            Self::HasPart(part) => Thing::parts().filter(part.q()).any(),
            Self::HasPartAndNumber(part) => {
                let parts = Part::objects().filter(part.q());
                exists(parts.correlate(Part::thing_id, Thing::number))
            }
            Self::PartsAre(part, compare, count) => {
                compare.q(Thing::parts().filter(part.q()).count(), *count)
            }
            Self::HasColleague(condition) => Thing::owner().things().filter(condition.q()).any(),
            Self::HasTwin(condition) => {
                let twins = Thing::objects().filter(condition.q());
                exists(twins.correlate(Thing::small, Thing::number))
            }
            Self::Not(condition) => !condition.q(),
            Self::And(left, right) => left.q() & right.q(),
            Self::Or(left, right) => left.q() | right.q(),
            Self::All(conditions) => Q::all(conditions.iter().map(Self::q)),
            Self::Any(conditions) => Q::any(conditions.iter().map(Self::q)),
        }
    }
}

impl OfPart {
    pub(super) fn q(&self) -> Q<Part> {
        match self {
            Self::Label(compare, label) => compare.q(value(Part::label), label.as_deref()),
            Self::Size(compare, size) => compare.q(value(Part::size), *size),
            Self::SizeOfThing(compare) => {
                compare.q(value(Part::size).optional(), Part::thing().number())
            }
            Self::Not(condition) => !condition.q(),
            Self::Either(left, right) => left.q() | right.q(),
            Self::Both(conditions) => Q::all(conditions.iter().map(Self::q)),
        }
    }
}
