//! Which conditions are tried.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::condition::{Compare, Condition, Like, OfPart, Other};
use super::expression::{any_text, int, text};
use super::rows::{BIGS, NUMBERS, RATIOS};

/// Conditions within conditions, six levels deep.
pub(super) fn condition() -> impl Strategy<Value = Condition> {
    simple().prop_recursive(6, 24, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            3 => boxed().prop_map(Condition::Not),
            3 => (boxed(), boxed()).prop_map(|(left, right)| Condition::And(left, right)),
            3 => (boxed(), boxed()).prop_map(|(left, right)| Condition::Or(left, right)),
            2 => vec(inner.clone(), 0..4).prop_map(Condition::All),
            2 => vec(inner.clone(), 0..4).prop_map(Condition::Any),
            1 => boxed().prop_map(Condition::HasColleague),
            1 => boxed().prop_map(Condition::HasTwin),
            1 => (boxed(), int(), int(), int())
                .prop_map(|(q, left, right, than)| Condition::Case(q, left, right, than)),
        ]
    })
}

fn simple() -> impl Strategy<Value = Condition> {
    let (number, bigs) = (select(&NUMBERS[..]), select(&BIGS[..]));
    let ratio = select(&RATIOS[..]);
    let other_int = || {
        let value = option::weighted(0.8, select(&NUMBERS[..])).prop_map(Other::Value);
        prop_oneof![2 => value, 1 => int().prop_map(Other::Expr)]
    };
    let other_text = || {
        let value = option::weighted(0.8, any_text()).prop_map(Other::Value);
        prop_oneof![2 => value, 1 => text().prop_map(Other::Expr)]
    };
    let plain = prop_oneof![
        (compare(), int(), other_int()).prop_map(|(c, a, b)| Condition::Ints(c, a, b)),
        (compare(), text(), other_text()).prop_map(|(c, a, b)| Condition::Texts(c, a, b)),
        (like(), text(), other_text()).prop_map(|(l, a, b)| Condition::Like(l, a, b)),
        (int(), other_int(), other_int()).prop_map(|(a, b, c)| Condition::Between(a, b, c)),
        (compare(), option::of(bigs.clone())).prop_map(|(c, big)| Condition::Bigs(c, big)),
        (compare(), option::of(ratio.clone())).prop_map(|(c, ratio)| Condition::Ratios(c, ratio)),
        (ratio.clone(), ratio).prop_map(|(low, high)| Condition::RatioBetween(low, high)),
        (compare(), any::<bool>()).prop_map(|(c, flag)| Condition::Flag(c, flag)),
        Just(Condition::IsFlagged),
        Just(Condition::IsActive),
    ];
    let members = prop_oneof![
        vec(option::weighted(0.8, bigs), 0..4).prop_map(Condition::BigIn),
        (int(), vec(option::weighted(0.8, number), 0..4))
            .prop_map(|(int, members)| Condition::IntIn(int, members)),
        (int(), vec(int(), 0..4)).prop_map(|(int, members)| Condition::IntInExprs(int, members)),
        (text(), vec(option::weighted(0.8, any_text()), 0..4))
            .prop_map(|(text, members)| Condition::TextIn(text, members)),
        int().prop_map(Condition::IntIsNull),
        text().prop_map(Condition::TextIsNotNull),
        int().prop_map(Condition::Raw),
    ];
    let rows = prop_oneof![
        (int(), part()).prop_map(|(int, part)| Condition::SizeIsAmong(int, part)),
        (text(), part()).prop_map(|(text, part)| Condition::LabelIsAmong(text, part)),
        part().prop_map(Condition::HasPart),
        part().prop_map(Condition::HasPartAndNumber),
        (part(), compare(), 0..3_i64).prop_map(|(part, c, n)| Condition::PartsAre(part, c, n)),
    ];
    prop_oneof![4 => plain, 3 => members, 2 => rows]
}

pub(super) fn part() -> BoxedStrategy<OfPart> {
    let leaf = prop_oneof![
        (compare(), option::weighted(0.8, any_text())).prop_map(|(c, l)| OfPart::Label(c, l)),
        (compare(), select(&NUMBERS[..])).prop_map(|(c, size)| OfPart::Size(c, size)),
        compare().prop_map(OfPart::SizeOfThing),
    ];
    let grown = leaf.prop_recursive(3, 6, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed().prop_map(OfPart::Not),
            (boxed(), boxed()).prop_map(|(left, right)| OfPart::Either(left, right)),
            vec(inner.clone(), 0..3).prop_map(OfPart::Both),
        ]
    });
    grown.boxed()
}

fn compare() -> impl Strategy<Value = Compare> {
    use Compare::{Eq, Gt, Gte, Lt, Lte, Ne};
    select(&[Eq, Ne, Gt, Gte, Lt, Lte][..])
}

fn like() -> impl Strategy<Value = Like> {
    use Like::{Contains, Ends, IContains, IEnds, IExact, IStarts, Starts};
    select(&[Contains, IContains, Starts, IStarts, Ends, IEnds, IExact][..])
}
