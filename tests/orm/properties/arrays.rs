//! Arrays with NULL among their elements, and conditions on them at random.

use plinth::orm::{IntoArray, Q, array_agg, value};
use plinth::prelude::*;
use plinth_tests::native_database;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::check;

type Words = Vec<Option<String>>;

#[derive(Model, Debug, Clone)]
#[model(table = "bags")]
struct Bag {
    #[model(key)]
    id: i32,
    word: Option<String>,
    words: Words,
    maybe: Option<Words>,
    /// Without NULL.
    tags: Vec<String>,
    extra: Value,
}

/// An array to look into.
#[derive(Clone, Copy, Debug)]
enum Array {
    Words,
    Maybe,
    /// Computed, so that no index serves it.
    Longer,
    Tags,
}

/// What is looked for.
#[derive(Clone, Debug)]
enum Other {
    Values(Words),
    /// Values, and the row's own word behind them.
    Exprs(Words),
    Words,
    Maybe,
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    Has,
    All,
    Within,
    Any,
}

#[derive(Clone, Debug)]
struct Test(Ask, Array, Other);

macro_rules! asked {
    ($ask:expr, $array:expr, $other:expr) => {
        match ($ask, $array) {
            (Ask::All | Ask::Has, array) => array.contains_all($other),
            (Ask::Within, array) => array.contained_by($other),
            (Ask::Any, array) => array.overlaps($other),
        }
    };
}

impl Test {
    fn q(&self) -> Q<Bag> {
        let Self(ask, array, other) = self;
        let own = || value(Bag::word);
        match other {
            Other::Values(words) => match (ask, &words[..]) {
                (Ask::Has, [word, ..]) => Self::has(*array, word.clone()),
                _ => Self::of(*ask, *array, words.clone()),
            },
            Other::Exprs(words) if matches!(ask, Ask::Has) || words.is_empty() => match array {
                Array::Words => Bag::words.has(Bag::word),
                Array::Maybe => Bag::maybe.has(Bag::word),
                Array::Longer => Bag::words.append("z").has(Bag::word),
                Array::Tags => Bag::tags.has(Bag::word),
            },
            Other::Exprs(words) => {
                let words = words.iter().cloned().map(value);
                let words: Vec<_> = words.chain([own()]).collect();
                match array {
                    Array::Tags => asked!(ask, Bag::tags, words),
                    _ => Self::of(*ask, *array, words),
                }
            }
            Other::Words => Self::of(*ask, *array, Bag::words),
            Other::Maybe => Self::of(*ask, *array, Bag::maybe),
        }
    }

    fn of(ask: Ask, array: Array, other: impl IntoArray<Bag, Option<String>>) -> Q<Bag> {
        match array {
            Array::Words => asked!(ask, Bag::words, other),
            Array::Maybe => asked!(ask, Bag::maybe, other),
            Array::Longer | Array::Tags => asked!(ask, Bag::words.append("z"), other),
        }
    }

    fn has(array: Array, word: Option<String>) -> Q<Bag> {
        match array {
            Array::Words => Bag::words.has(word),
            Array::Maybe => Bag::maybe.has(word),
            Array::Longer => Bag::words.append("z").has(word),
            Array::Tags => Bag::tags.has(value(word)),
        }
    }

    /// Whether it is true of a row: NULL is an element like others, but an
    /// array that is NULL is asked in vain.
    fn is_true(&self, row: &Bag) -> bool {
        let Self(ask, array, other) = self;
        let is_own_of_tags = match other {
            Other::Exprs(_) => true,
            Other::Values(words) => matches!(ask, Ask::Has) && !words.is_empty(),
            Other::Words | Other::Maybe => false,
        };
        let array = match array {
            Array::Words => Some(row.words.clone()),
            Array::Maybe => row.maybe.clone(),
            Array::Tags if is_own_of_tags => Some(row.tags.iter().cloned().map(Some).collect()),
            Array::Longer | Array::Tags => Some([&row.words[..], &[Some("z".to_owned())]].concat()),
        };
        let other = match other {
            Other::Values(words) if matches!(ask, Ask::Has) && !words.is_empty() => {
                Some(words[..1].to_vec())
            }
            Other::Values(words) => Some(words.clone()),
            Other::Exprs(words) if matches!(ask, Ask::Has) || words.is_empty() => {
                Some(vec![row.word.clone()])
            }
            Other::Exprs(words) => Some([&words[..], std::slice::from_ref(&row.word)].concat()),
            Other::Words => Some(row.words.clone()),
            Other::Maybe => row.maybe.clone(),
        };
        let is_single = matches!(self.2, Other::Exprs(ref words) if words.is_empty());
        let (Some(array), Some(other)) = (array, other) else {
            return false;
        };
        match ask {
            Ask::Within if !is_single => array.iter().all(|word| other.contains(word)),
            Ask::Any => other.iter().any(|word| array.contains(word)),
            Ask::Has | Ask::All | Ask::Within => other.iter().all(|word| array.contains(word)),
        }
    }
}

fn word() -> impl Strategy<Value = Option<String>> {
    let word = select(&["", "a", "b", "NULL", "{}", "z"][..]);
    option::weighted(0.6, word.prop_map(String::from))
}

fn test() -> impl Strategy<Value = Test> {
    let words = || vec(word(), 0..4);
    let other = prop_oneof![
        3 => words().prop_map(Other::Values),
        2 => words().prop_map(Other::Exprs),
        1 => Just(Other::Words),
        1 => Just(Other::Maybe),
    ];
    let ask = select(&[Ask::Has, Ask::All, Ask::Within, Ask::Any][..]);
    let array = select(&[Array::Words, Array::Maybe, Array::Longer, Array::Tags][..]);
    (ask, array, other).prop_map(|(ask, array, other)| Test(ask, array, other))
}

/// All arrays of up to three of few words, some of them twice.
fn bags() -> (Db, Vec<Bag>) {
    let db = native_database(&[Bag::META]);
    let word = |digit: i32| match digit {
        0 => None,
        1 => Some("a".to_owned()),
        _ => Some("b".to_owned()),
    };
    let words = |mut number: i32| {
        let mut words = Vec::new();
        while number > 0 {
            words.push(word(number % 3));
            number /= 3;
        }
        words
    };
    let drafts = (0..54).map(|id| {
        let words = words(id % 27);
        let tags: Vec<String> = words.iter().flatten().cloned().collect();
        create!(Bag {
            id,
            word: word(id / 5 % 3),
            maybe: (id % 4 > 0).then(|| words.iter().rev().skip(1).cloned().collect::<Words>()),
            extra: json!(tags),
            words,
            tags,
        })
    });
    let rows = Bag::objects().bulk_create(drafts, &db).expect("inserts");
    (db, rows)
}

fn found(q: Q<Bag>, db: &Db) -> std::result::Result<Vec<i32>, TestCaseError> {
    let query = Bag::objects().filter(q).order_by([Bag::id.asc()]);
    let sql = query.to_sql().map(|statement| statement.inlined());
    let found = query.values(Bag::id).all(db);
    found.map_err(|error| TestCaseError::fail(format!("{error:?}: {sql:?}")))
}

#[test]
fn null_among_the_elements_is_equal_to_itself() {
    let (db, rows) = bags();
    check(test(), |test| {
        let ids = |is_true: bool| {
            let rows = rows.iter().filter(|row| test.is_true(row) == is_true);
            rows.map(|row| row.id).collect::<Vec<_>>()
        };
        let sql = Bag::objects().filter(test.q()).to_sql();
        let sql = sql.map(|statement| statement.inlined());
        prop_assert_eq!(found(test.q(), &db)?, ids(true), "{:?}", &sql);
        prop_assert_eq!(found(!test.q(), &db)?, ids(false), "not {:?}", &sql);
        Ok(())
    });
}

/// No object has a key that is NULL.
#[test]
fn null_among_the_keys_is_no_key() {
    let (db, rows) = bags();
    check(vec(word(), 0..3), |keys| {
        let with_own = || {
            let keys = keys.iter().cloned().map(value);
            keys.chain([value(Bag::word)]).collect::<Vec<_>>()
        };
        let has = |row: &Bag, key: &Option<String>| match key {
            Some(key) => row.tags.contains(key),
            None => false,
        };
        let keys_of = |row: &Bag| [&keys[..], std::slice::from_ref(&row.word)].concat();
        let ids = |is_true: &dyn Fn(&Bag) -> bool| {
            let rows = rows.iter().filter(|row| is_true(row));
            rows.map(|row| row.id).collect::<Vec<_>>()
        };
        let all = |row: &Bag| keys_of(row).iter().all(|key| has(row, key));
        let any = |row: &Bag| keys_of(row).iter().any(|key| has(row, key));
        let (q, some) = (
            Bag::extra.has_keys(with_own()),
            Bag::extra.has_any_keys(with_own()),
        );
        prop_assert_eq!(found(q.clone(), &db)?, ids(&all));
        prop_assert_eq!(found(!q, &db)?, ids(&|row| !all(row)));
        prop_assert_eq!(found(some.clone(), &db)?, ids(&any));
        prop_assert_eq!(found(!some, &db)?, ids(&|row| !any(row)));
        Ok(())
    });
}

#[test]
fn collected_arrays_are_asked_for_null_too() {
    let (db, rows) = bags();
    let words = || array_agg(Bag::word).filter(Bag::id.lt(20));
    let one: Vec<i32> = Bag::objects()
        .filter(Bag::id.lt(20))
        .values((Bag::id, words()))
        .having(words().has(None::<String>) & !words().contains_all([Some("a"), None]))
        .order_by([Bag::id.asc()])
        .all(&db)
        .expect("a query")
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let expected = rows.iter().filter(|row| row.id < 20 && row.word.is_none());
    assert_eq!(one, expected.map(|row| row.id).collect::<Vec<_>>());
    let among = Bag::words.is_in([vec![None], vec![Some("a".to_owned()), None]]);
    let expected = rows
        .iter()
        .filter(|row| [vec![None], vec![Some("a".to_owned()), None]].contains(&row.words));
    let expected: Vec<_> = expected.map(|row| row.id).collect();
    assert_eq!(found(among, &db).expect("a query"), expected);
}
