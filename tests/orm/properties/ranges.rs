//! Ranges, and conditions on them at random.

use std::ops::Bound;

use plinth::database::Range;
use plinth::orm::{IntoRange, Q};
use plinth::prelude::*;
use plinth_tests::native_database;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::check;

#[derive(Model, Debug, Clone)]
#[model(table = "spans")]
struct Span {
    #[model(key)]
    id: i32,
    at: i32,
    maybe_at: Option<i32>,
    span: Range<i32>,
    maybe_span: Option<Range<i32>>,
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    Contains,
    Within,
    Overlaps,
    Adjacent,
    Before,
    Behind,
}

#[derive(Clone, Debug)]
enum Test {
    Of(Ask, bool, Other),
    Has(bool, Option<i32>),
    IsIn(bool, Other),
    IsEmpty(bool),
    Begins(bool, i32),
    Ends(bool, i32),
}

#[derive(Clone, Debug)]
enum Other {
    Range(Range<i32>),
    Span,
    Maybe,
}

/// From the first number to before the second; `None` is empty.
type Half = Option<(i64, i64)>;

/// As Postgres has ranges of integers, the unbounded ends beyond all of them.
fn half(range: &Range<i32>) -> Half {
    if range.is_empty() {
        return None;
    }
    let lower = match range.lower() {
        Bound::Included(at) => i64::from(*at),
        Bound::Excluded(at) => i64::from(*at) + 1,
        Bound::Unbounded => i64::MIN,
    };
    let upper = match range.upper() {
        Bound::Included(at) => i64::from(*at) + 1,
        Bound::Excluded(at) => i64::from(*at),
        Bound::Unbounded => i64::MAX,
    };
    (lower < upper).then_some((lower, upper))
}

fn asked(ask: Ask, one: Half, other: Half) -> bool {
    let contains = |one: Half, other: Half| match (one, other) {
        (_, None) => true,
        (None, _) => false,
        (Some(one), Some(other)) => one.0 <= other.0 && other.1 <= one.1,
    };
    let both = one.zip(other);
    match ask {
        Ask::Contains => contains(one, other),
        Ask::Within => contains(other, one),
        Ask::Overlaps => both.is_some_and(|(one, other)| one.0 < other.1 && other.0 < one.1),
        Ask::Adjacent => both.is_some_and(|(one, other)| one.1 == other.0 || other.1 == one.0),
        Ask::Before => both.is_some_and(|(one, other)| one.1 <= other.0),
        Ask::Behind => both.is_some_and(|(one, other)| other.1 <= one.0),
    }
}

macro_rules! on {
    ($is_maybe:expr, $method:ident ( $($argument:expr)? )) => {
        if $is_maybe { Span::maybe_span.$method($($argument)?) } else { Span::span.$method($($argument)?) }
    };
}

impl Other {
    fn of(&self, row: &Span) -> Option<Range<i32>> {
        match self {
            Self::Range(range) => Some(*range),
            Self::Span => Some(row.span),
            Self::Maybe => row.maybe_span,
        }
    }
}

impl Test {
    fn q(&self) -> Q<Span> {
        match self {
            Self::Of(ask, is_maybe, Other::Range(range)) => Self::of(*ask, *is_maybe, range),
            Self::Of(ask, is_maybe, Other::Span) => Self::of(*ask, *is_maybe, Span::span),
            Self::Of(ask, is_maybe, Other::Maybe) => Self::of(*ask, *is_maybe, Span::maybe_span),
            Self::Has(is_maybe, Some(at)) => on!(*is_maybe, contains_value(*at)),
            Self::Has(is_maybe, None) => on!(*is_maybe, contains_value(Span::maybe_at)),
            Self::IsIn(true, Other::Range(range)) => Span::maybe_at.is_in_range(range),
            Self::IsIn(true, Other::Span) => Span::maybe_at.is_in_range(Span::span),
            Self::IsIn(true, Other::Maybe) => Span::maybe_at.is_in_range(Span::maybe_span),
            Self::IsIn(false, Other::Range(range)) => Span::at.is_in_range(range),
            Self::IsIn(false, Other::Span) => Span::at.is_in_range(Span::span),
            Self::IsIn(false, Other::Maybe) => Span::at.is_in_range(Span::maybe_span),
            Self::IsEmpty(is_maybe) => on!(*is_maybe, is_empty_range()),
            Self::Begins(is_maybe, at) => on!(*is_maybe, lower_bound()).gte(*at),
            Self::Ends(is_maybe, at) => on!(*is_maybe, upper_bound()).eq(*at),
        }
    }

    fn of(ask: Ask, is_maybe: bool, other: impl IntoRange<Span, i32>) -> Q<Span> {
        match ask {
            Ask::Contains => on!(is_maybe, contains_range(other)),
            Ask::Within => on!(is_maybe, within_range(other)),
            Ask::Overlaps => on!(is_maybe, overlaps_range(other)),
            Ask::Adjacent => on!(is_maybe, adjacent_to(other)),
            Ask::Before => on!(is_maybe, fully_lt(other)),
            Ask::Behind => on!(is_maybe, fully_gt(other)),
        }
    }

    /// Whether it is true of a row; of NULL nothing is.
    fn is_true(&self, row: &Span) -> bool {
        self.of_row(row) == Some(true)
    }

    fn of_row(&self, row: &Span) -> Option<bool> {
        let span = |is_maybe: bool| match is_maybe {
            true => row.maybe_span,
            false => Some(row.span),
        };
        let point = |at: i32| Some((i64::from(at), i64::from(at) + 1));
        Some(match self {
            Self::Of(ask, is_maybe, other) => {
                asked(*ask, half(&span(*is_maybe)?), half(&other.of(row)?))
            }
            Self::Has(is_maybe, at) => {
                let at = at.or(row.maybe_at)?;
                asked(Ask::Contains, half(&span(*is_maybe)?), point(at))
            }
            Self::IsIn(is_maybe, other) => {
                let at = if *is_maybe { row.maybe_at? } else { row.at };
                asked(Ask::Within, point(at), half(&other.of(row)?))
            }
            Self::IsEmpty(is_maybe) => half(&span(*is_maybe)?).is_none(),
            Self::Begins(is_maybe, at) => {
                let (lower, _) = half(&span(*is_maybe)?)?;
                lower > i64::MIN && lower >= i64::from(*at)
            }
            Self::Ends(is_maybe, at) => half(&span(*is_maybe)?)?.1 == i64::from(*at),
        })
    }
}

fn range() -> impl Strategy<Value = Range<i32>> {
    let bound = || {
        prop_oneof![
            (0..6_i32).prop_map(Bound::Included),
            (0..6_i32).prop_map(Bound::Excluded),
            Just(Bound::Unbounded),
        ]
    };
    let bounds = (bound(), bound()).prop_map(|(one, other)| {
        // A lower bound above the upper one is Postgres' error.
        let value = |bound: &Bound<i32>| match bound {
            Bound::Included(at) | Bound::Excluded(at) => Some(*at),
            Bound::Unbounded => None,
        };
        match (value(&one), value(&other)) {
            (Some(low), Some(high)) if low > high => Range::new((other, one)),
            _ => Range::new((one, other)),
        }
    });
    prop_oneof![8 => bounds, 1 => Just(Range::empty())]
}

fn test() -> impl Strategy<Value = Test> {
    use Ask::{Adjacent, Before, Behind, Contains, Overlaps, Within};
    let ask = select(&[Contains, Within, Overlaps, Adjacent, Before, Behind][..]);
    let other = || {
        prop_oneof![
            3 => range().prop_map(Other::Range),
            1 => Just(Other::Span),
            1 => Just(Other::Maybe),
        ]
    };
    let (maybe, at) = (any::<bool>, 0..6_i32);
    prop_oneof![
        6 => (ask, maybe(), other()).prop_map(|(ask, maybe, other)| Test::Of(ask, maybe, other)),
        2 => (maybe(), option::of(at.clone())).prop_map(|(maybe, at)| Test::Has(maybe, at)),
        2 => (maybe(), other()).prop_map(|(maybe, other)| Test::IsIn(maybe, other)),
        1 => maybe().prop_map(Test::IsEmpty),
        1 => (maybe(), at.clone()).prop_map(|(maybe, at)| Test::Begins(maybe, at)),
        1 => (maybe(), at).prop_map(|(maybe, at)| Test::Ends(maybe, at)),
    ]
}

fn spans() -> (Db, Vec<Span>) {
    let db = native_database(&[Span::META]);
    let rows = "INSERT INTO spans SELECT row_number() OVER (), (i + j) % 6, NULLIF((i * j) % 6, 1), \
                int4range(NULLIF(LEAST(i, j), 0), NULLIF(GREATEST(i, j), 5), b), \
                CASE WHEN (i + j) % 3 > 0 THEN int4range(LEAST(i, 3), LEAST(i, 3) + j % 3, b) END \
                FROM generate_series(0, 5) i, generate_series(0, 5) j, \
                unnest(ARRAY['[)', '(]', '[]', '()']) b";
    db.execute(rows, &[]).expect("inserts");
    let rows = Span::objects().order_by([Span::id.asc()]).all(&db);
    (db, rows.expect("rows"))
}

#[test]
fn ranges_are_as_rust_has_them() {
    let (db, rows) = spans();
    assert!(rows.iter().any(|row| row.span.is_empty()));
    assert!(rows.iter().any(|row| row.maybe_span.is_none()));
    check(test(), |test| {
        for (q, expected) in [(test.q(), true), (!test.q(), false)] {
            let query = Span::objects().filter(q).order_by([Span::id.asc()]);
            let sql = query.to_sql().map(|statement| statement.inlined());
            let found = query.values(Span::id).all(&db);
            let found =
                found.map_err(|error| TestCaseError::fail(format!("{error:?}: {sql:?}")))?;
            let rows = rows.iter().filter(|row| test.is_true(row) == expected);
            let rows: Vec<_> = rows.map(|row| row.id).collect();
            prop_assert_eq!(found, rows, "{:?}", &sql);
        }
        Ok(())
    });
}
