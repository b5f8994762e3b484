//! Expressions at random, as the ORM's and as Rust computes them.

use plinth::orm::{Expr, coalesce, greatest, least, max, nullif, value};
use proptest::prelude::*;
use proptest::sample::select;

use super::rows::{NUMBERS, Part, TEXTS, Thing, World};

/// An expression of integers.
#[derive(Clone, Debug)]
pub(super) enum Int {
    Value(i32),
    Small,
    Number,
    /// Over a foreign key that can be NULL.
    Rank,
    Length(Box<Text>),
    Position(Box<Text>, String),
    Add(Box<Int>, i32),
    Sub(Box<Int>, Box<Int>),
    Mul(Box<Int>, i32),
    Div(Box<Int>, i32),
    Rem(Box<Int>, i32),
    Neg(Box<Int>),
    Coalesce(Box<Int>, Box<Int>),
    Greatest(Box<Int>, Box<Int>),
    Least(Box<Int>, Box<Int>),
    NullIf(Box<Int>, Box<Int>),
    /// The greatest of the rows that belong to it.
    MaxSize,
}

impl Int {
    pub(super) fn expr(&self) -> Expr<Thing, Option<i32>> {
        match self {
            Self::Value(number) => value(*number).optional(),
            Self::Small => value(Thing::small).optional(),
            Self::Number => value(Thing::number),
            Self::Rank => value(Thing::owner().rank()).optional(),
            Self::Length(text) => text.expr().length(),
            Self::Position(text, part) => text.expr().position(part),
            Self::Add(left, right) => left.expr() + *right,
            Self::Sub(left, right) => left.expr() - right.expr(),
            Self::Mul(left, right) => left.expr() * *right,
            Self::Div(left, right) => left.expr() / *right,
            Self::Rem(left, right) => left.expr() % *right,
            Self::Neg(int) => -int.expr(),
            Self::Coalesce(left, right) => coalesce(left.expr(), right.expr()).optional(),
            Self::Greatest(left, right) => greatest(left.expr(), right.expr()),
            Self::Least(left, right) => least(left.expr(), right.expr()),
            Self::NullIf(left, right) => nullif(left.expr(), right.expr()),
            Self::MaxSize => Thing::parts().aggregate(max(Part::size)),
        }
    }

    pub(super) fn of(&self, row: &Thing, world: &World) -> Option<i32> {
        let of = |int: &Self| int.of(row, world);
        match self {
            Self::Value(number) => Some(*number),
            Self::Small => Some(row.small),
            Self::Number => row.number,
            Self::Rank => Some(world.owner_of(row)?.rank),
            Self::Length(text) => Some(length(&text.of(row, world)?)),
            Self::Position(text, part) => {
                let text = text.of(row, world)?;
                Some(text.find(part).map_or(0, |at| length(&text[..at]) + 1))
            }
            Self::Add(left, right) => Some(of(left)? + right),
            Self::Sub(left, right) => Some(of(left)? - of(right)?),
            Self::Mul(left, right) => Some(of(left)? * right),
            Self::Div(left, right) => Some(of(left)? / right),
            Self::Rem(left, right) => Some(of(left)? % right),
            Self::Neg(int) => Some(-of(int)?),
            Self::Coalesce(left, right) => of(left).or_else(|| of(right)),
            Self::Greatest(left, right) => of(left).max(of(right)),
            Self::Least(left, right) => of(left).into_iter().chain(of(right)).min(),
            Self::NullIf(left, right) => of(left).filter(|left| Some(*left) != of(right)),
            Self::MaxSize => world.parts_of(row).map(|part| part.size).max(),
        }
    }
}

/// An expression of texts.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Name,
    Nullable,
    /// Over a foreign key that can be NULL.
    Nick,
    Lower(Box<Text>),
    Reverse(Box<Text>),
    Concat(Box<Text>, Box<Text>),
    Left(Box<Text>, i32),
    Replace(Box<Text>, String, String),
    Coalesce(Box<Text>, String),
}

impl Text {
    pub(super) fn expr(&self) -> Expr<Thing, Option<String>> {
        match self {
            Self::Name => value(Thing::name).optional(),
            Self::Nullable => value(Thing::text),
            Self::Nick => value(Thing::owner().nick()),
            Self::Lower(text) => text.expr().lower(),
            Self::Reverse(text) => text.expr().reverse(),
            Self::Concat(left, right) => left.expr().concat(right.expr()),
            Self::Left(text, characters) => text.expr().left(*characters),
            Self::Replace(text, from, to) => text.expr().replace(from, to),
            Self::Coalesce(text, default) => coalesce(text.expr(), default.as_str()).optional(),
        }
    }

    pub(super) fn of(&self, row: &Thing, world: &World) -> Option<String> {
        let of = |text: &Self| text.of(row, world);
        Some(match self {
            Self::Name => row.name.clone(),
            Self::Nullable => row.text.clone()?,
            Self::Nick => world.owner_of(row)?.nick.clone()?,
            Self::Lower(text) => of(text)?.to_lowercase(),
            Self::Reverse(text) => of(text)?.chars().rev().collect(),
            Self::Concat(left, right) => of(left)? + &of(right).unwrap_or_default(),
            Self::Left(text, characters) => {
                let text = of(text)?;
                let all = text.chars().count();
                let count = match usize::try_from(*characters) {
                    Ok(count) => count,
                    Err(_) => all.saturating_sub(characters.unsigned_abs() as usize),
                };
                text.chars().take(count).collect()
            }
            // Postgres finds the empty text nowhere.
            Self::Replace(text, from, _) if from.is_empty() => of(text)?,
            Self::Replace(text, from, to) => of(text)?.replace(from, to),
            Self::Coalesce(text, default) => of(text).unwrap_or_else(|| default.clone()),
        })
    }
}

fn length(text: &str) -> i32 {
    i32::try_from(text.chars().count()).expect("it is short")
}

pub(super) fn any_text() -> impl Strategy<Value = String> {
    select(&TEXTS[..]).prop_map(str::to_owned)
}

pub(super) fn text() -> BoxedStrategy<Text> {
    let leaf = prop_oneof![Just(Text::Name), Just(Text::Nullable), Just(Text::Nick)];
    let grown = leaf.prop_recursive(2, 4, 2, |inner| {
        let inner = inner.prop_map(Box::new);
        prop_oneof![
            inner.clone().prop_map(Text::Lower),
            inner.clone().prop_map(Text::Reverse),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| Text::Concat(left, right)),
            (inner.clone(), -2..4).prop_map(|(text, count)| Text::Left(text, count)),
            (inner.clone(), any_text(), any_text())
                .prop_map(|(text, from, to)| Text::Replace(text, from, to)),
            (inner, any_text()).prop_map(|(text, default)| Text::Coalesce(text, default)),
        ]
    });
    grown.boxed()
}

/// Numbers so small that sums of them are no error.
fn small_int() -> impl Strategy<Value = Int> {
    prop_oneof![
        3 => Just(Int::Small),
        3 => Just(Int::Rank),
        1 => text().prop_map(|text| Int::Length(Box::new(text))),
        1 => (text(), any_text()).prop_map(|(text, part)| Int::Position(Box::new(text), part)),
    ]
}

fn sum() -> impl Strategy<Value = Int> {
    let int = || small_int().prop_map(Box::new);
    prop_oneof![
        (int(), -3..4).prop_map(|(left, right)| Int::Add(left, right)),
        (int(), int()).prop_map(|(left, right)| Int::Sub(left, right)),
        (int(), -3..4).prop_map(|(left, right)| Int::Mul(left, right)),
        (int(), 1..4).prop_map(|(left, right)| Int::Div(left, right)),
        (int(), 1..4).prop_map(|(left, right)| Int::Rem(left, right)),
        int().prop_map(Int::Neg),
    ]
}

pub(super) fn int() -> BoxedStrategy<Int> {
    let leaf = prop_oneof![
        4 => Just(Int::Number),
        1 => Just(Int::MaxSize),
        1 => select(&NUMBERS[..]).prop_map(Int::Value),
        3 => small_int(),
        2 => sum(),
    ];
    let grown = leaf.prop_recursive(2, 4, 2, |inner| {
        let pair = (inner.clone().prop_map(Box::new), inner.prop_map(Box::new));
        prop_oneof![
            pair.clone()
                .prop_map(|(left, right)| Int::Coalesce(left, right)),
            pair.clone()
                .prop_map(|(left, right)| Int::Greatest(left, right)),
            pair.clone()
                .prop_map(|(left, right)| Int::Least(left, right)),
            pair.prop_map(|(left, right)| Int::NullIf(left, right)),
        ]
    });
    grown.boxed()
}
