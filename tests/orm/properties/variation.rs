//! The same conditions with other values: what is compiled once serves for all
//! of them.

use super::condition::{Condition, Other};
use super::expression::{Int, Text};

impl Condition {
    /// The same with other values, of which as many are NULL.
    pub(super) fn varied(&self) -> Self {
        let boxed = |condition: &Self| Box::new(condition.varied());
        let all = |conditions: &[Self]| conditions.iter().map(Self::varied).collect();
        let other_int = |other: &Other<i32, Int>| match other {
            Other::Value(value) => Other::Value(value.map(|value| value ^ 1)),
            Other::Expr(int) => Other::Expr(int.varied()),
        };
        let other_text = |other: &Other<String, Text>| match other {
            Other::Value(value) => Other::Value(value.as_deref().map(vary)),
            Other::Expr(text) => Other::Expr(text.varied()),
        };
        match self {
            Self::Ints(compare, left, right) => {
                Self::Ints(*compare, left.varied(), other_int(right))
            }
            Self::Texts(compare, left, right) => {
                Self::Texts(*compare, left.varied(), other_text(right))
            }
            Self::Bigs(compare, right) => Self::Bigs(*compare, right.map(|right| right ^ 1)),
            Self::Ratios(compare, right) => Self::Ratios(*compare, right.map(|right| -right)),
            Self::BigIn(members) => {
                let varied = members.iter().map(|member| member.map(|member| member ^ 1));
                Self::BigIn(varied.collect())
            }
            Self::RatioBetween(low, high) => Self::RatioBetween(-high, -low),
            Self::Between(int, low, high) => {
                Self::Between(int.varied(), other_int(low), other_int(high))
            }
            Self::IntIn(int, members) => {
                let mut members = members.clone();
                // Of any number of members it is one parameter.
                members.extend(members.clone().into_iter().flatten().map(|m| Some(m ^ 1)));
                Self::IntIn(int.varied(), members)
            }
            Self::IntInExprs(int, members) => {
                Self::IntInExprs(int.varied(), members.iter().map(Int::varied).collect())
            }
            Self::TextIn(text, members) => {
                let varied = members.iter().map(|member| member.as_deref().map(vary));
                Self::TextIn(text.varied(), varied.collect())
            }
            Self::IntIsNull(int) => Self::IntIsNull(int.varied()),
            Self::TextIsNotNull(text) => Self::TextIsNotNull(text.varied()),
            Self::Like(like, text, needle) => Self::Like(*like, text.varied(), other_text(needle)),
            Self::Flag(compare, flag) => Self::Flag(*compare, !flag),
            Self::Raw(int) => Self::Raw(int.varied()),
            Self::Case(condition, left, right, than) => Self::Case(
                boxed(condition),
                left.varied(),
                right.varied(),
                than.varied(),
            ),
            Self::SizeIsAmong(int, part) => Self::SizeIsAmong(int.varied(), part.clone()),
            Self::LabelIsAmong(text, part) => Self::LabelIsAmong(text.varied(), part.clone()),
            Self::PartsAre(part, compare, count) => {
                Self::PartsAre(part.clone(), *compare, count + 1)
            }
            Self::HasColleague(condition) => Self::HasColleague(boxed(condition)),
            Self::HasTwin(condition) => Self::HasTwin(boxed(condition)),
            Self::Not(condition) => Self::Not(boxed(condition)),
            Self::And(left, right) => Self::And(boxed(left), boxed(right)),
            Self::Or(left, right) => Self::Or(boxed(left), boxed(right)),
            Self::All(conditions) => Self::All(all(conditions)),
            Self::Any(conditions) => Self::Any(all(conditions)),
            Self::IsFlagged | Self::IsActive | Self::HasPart(_) | Self::HasPartAndNumber(_) => {
                self.clone()
            }
        }
    }
}

impl Int {
    /// The same with other values.
    pub(super) fn varied(&self) -> Self {
        let varied = |int: &Self| Box::new(int.varied());
        match self {
            Self::Value(number) => Self::Value(number ^ 1),
            Self::Length(text) => Self::Length(Box::new(text.varied())),
            Self::Position(text, part) => Self::Position(Box::new(text.varied()), vary(part)),
            Self::Add(left, right) => Self::Add(varied(left), right ^ 1),
            Self::Sub(left, right) => Self::Sub(varied(left), varied(right)),
            Self::Mul(left, right) => Self::Mul(varied(left), right ^ 1),
            Self::Div(left, right) => Self::Div(varied(left), right + 1),
            Self::Rem(left, right) => Self::Rem(varied(left), right + 1),
            Self::Neg(int) => Self::Neg(varied(int)),
            Self::Coalesce(left, right) => Self::Coalesce(varied(left), varied(right)),
            Self::Greatest(left, right) => Self::Greatest(varied(left), varied(right)),
            Self::Least(left, right) => Self::Least(varied(left), varied(right)),
            Self::NullIf(left, right) => Self::NullIf(varied(left), varied(right)),
            Self::Small | Self::Number | Self::Rank | Self::MaxSize => self.clone(),
        }
    }
}

impl Text {
    pub(super) fn varied(&self) -> Self {
        let varied = |text: &Self| Box::new(text.varied());
        match self {
            Self::Name | Self::Nullable | Self::Nick => self.clone(),
            Self::Lower(text) => Self::Lower(varied(text)),
            Self::Reverse(text) => Self::Reverse(varied(text)),
            Self::Concat(left, right) => Self::Concat(varied(left), varied(right)),
            Self::Left(text, characters) => Self::Left(varied(text), characters + 1),
            Self::Replace(text, from, to) => Self::Replace(varied(text), vary(from), vary(to)),
            Self::Coalesce(text, default) => Self::Coalesce(varied(text), vary(default)),
        }
    }
}

fn vary(text: &str) -> String {
    format!("{text}'")
}
