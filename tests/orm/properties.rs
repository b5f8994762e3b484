//! Queries at random, and what Rust makes of the same rows.

mod arrays;
mod condition;
mod expression;
mod naming;
mod ordering;
mod ranges;
mod rows;
mod strategy;
mod truth;
mod variation;

use std::collections::BTreeSet;

use plinth::orm::{bool_and, bool_or, count, count_distinct, count_of, max, min, sum};
use plinth::prelude::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use condition::Condition;
use expression::{int, text};
use ordering::{sort, term};
use rows::{Thing, World};
use strategy::condition;

type Tried<T = ()> = Result<T, TestCaseError>;

/// Tries a property 256 times, or as often as `PROPTEST_CASES` says; what is
/// found with more becomes a test of its own.
fn check<S: Strategy>(strategy: S, property: impl Fn(&S::Value) -> Tried) {
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&strategy, |value| property(&value));
    if let Err(error) = tried {
        panic!("{error}");
    }
}

fn inlined(query: &QuerySet<Thing>) -> String {
    let statement = query.to_sql();
    statement.map_or_else(|error| error.to_string(), |statement| statement.inlined())
}

/// What a query gave; an error is a failure that tells the statement.
fn answer<T>(query: &QuerySet<Thing>, answer: Result<T>) -> Tried<T> {
    answer.map_err(|error| TestCaseError::fail(format!("{error:?}: {}", inlined(query))))
}

fn keys(query: &QuerySet<Thing>, db: &Db) -> Tried<Vec<i32>> {
    answer(query, query.clone().values(Thing::id).all(db))
}

fn sorted_keys(query: &QuerySet<Thing>, db: &Db) -> Tried<Vec<i32>> {
    let mut keys = keys(query, db)?;
    keys.sort_unstable();
    Ok(keys)
}

fn ids(things: &[Thing]) -> Vec<i32> {
    things.iter().map(|thing| thing.id).collect()
}

/// The rows of which a condition is true.
fn found(condition: &Condition, world: &World) -> Vec<Thing> {
    let things = world.things.iter();
    let found = things.filter(|row| condition.is_true(row, world));
    found.cloned().collect()
}

#[test]
fn a_filter_finds_the_rows_of_which_it_is_true() {
    let (db, world) = World::create();
    check(condition(), |condition| {
        let query = Thing::objects().filter(condition.q());
        let (expected, sql) = (ids(&found(condition, &world)), inlined(&query));
        prop_assert_eq!(&sorted_keys(&query, &db)?, &expected, "{}", &sql);
        let count = answer(&query, query.count(&db))?;
        prop_assert_eq!(usize::try_from(count), Ok(expected.len()), "{}", &sql);
        let exists = answer(&query, query.exists(&db))?;
        prop_assert_eq!(exists, !expected.is_empty(), "{}", &sql);
        Ok(())
    });
}

#[test]
fn exclude_finds_exactly_the_others() {
    let (db, world) = World::create();
    let all = ids(&world.things);
    check((condition(), condition()), |(condition, other)| {
        let (one, two) = (found(condition, &world), found(other, &world));
        let (one, two) = (ids(&one), ids(&two));
        let query = Thing::objects().filter(other.q()).exclude(condition.q());
        let rest = all
            .iter()
            .filter(|id| two.contains(id) && !one.contains(id));
        let rest: Vec<_> = rest.copied().collect();
        prop_assert_eq!(sorted_keys(&query, &db)?, rest, "{}", inlined(&query));
        Ok(())
    });
}

#[test]
fn an_update_and_a_deletion_meet_the_rows_that_a_filter_finds() {
    let (mut db, world) = World::create();
    // So that any of its rows can be deleted.
    db.execute("ALTER TABLE parts DROP CONSTRAINT parts_thing_id_fkey", &[])
        .expect("alters");
    let db = std::cell::RefCell::new(&mut db);
    check(condition(), |condition| {
        let query = Thing::objects().filter(condition.q());
        let expected = ids(&found(condition, &world));
        let changed = db.borrow_mut().transaction(|tx| {
            let update = query.clone().update([Thing::big.set(Thing::big)]);
            let updated = update.returning().all(tx)?;
            let mut deleted = query.clone().delete_returning(Thing::id, tx)?;
            deleted.sort_unstable();
            let undone = Error::other(format!("{:?}", (ids(&updated).len(), deleted)));
            Err::<(), _>(undone)
        });
        let changed = changed.expect_err("it is undone").to_string();
        let both = format!("{:?}", (expected.len(), expected));
        prop_assert_eq!(changed, both, "{}", inlined(&query));
        Ok(())
    });
}

#[test]
fn an_ordering_and_its_slices_are_those_of_a_sort() {
    let (db, world) = World::create();
    let slice = (option::of(0..20_usize), option::of(0..30_usize));
    let query = (condition(), vec(term(), 0..4), slice);
    check(query, |(condition, terms, (offset, limit))| {
        let mut expected = found(condition, &world);
        sort(&mut expected, terms, &world);
        let by = terms.iter().map(ordering::Term::order);
        let query = Thing::objects().filter(condition.q());
        let query = query.order_by(by.chain([Thing::id.asc()]));
        let sql = inlined(&query);
        prop_assert_eq!(keys(&query, &db)?, ids(&expected), "{}", &sql);
        let last = answer(&query, query.last(&db))?.map(|thing| thing.id);
        prop_assert_eq!(last, expected.last().map(|thing| thing.id), "{}", &sql);
        let rows = |rows: usize| u64::try_from(rows).expect("they are few");
        let query = offset.map_or(query.clone(), |offset| query.offset(rows(offset)));
        let query = limit.map_or(query.clone(), |limit| query.limit(rows(limit)));
        let slice = expected.iter().skip(offset.unwrap_or(0));
        let slice: Vec<_> = slice.take(limit.unwrap_or(usize::MAX)).cloned().collect();
        let sql = inlined(&query);
        prop_assert_eq!(keys(&query, &db)?, ids(&slice), "{}", &sql);
        let first = answer(&query, query.first(&db))?.map(|thing| thing.id);
        prop_assert_eq!(first, slice.first().map(|thing| thing.id), "{}", &sql);
        let count = answer(&query, query.count(&db))?;
        prop_assert_eq!(usize::try_from(count), Ok(slice.len()), "{}", &sql);
        let exists = answer(&query, query.exists(&db))?;
        prop_assert_eq!(exists, !slice.is_empty(), "{}", &sql);
        let total = answer(&query, query.aggregate(sum(Thing::small), &db))?;
        let small = slice.iter().map(|thing| i64::from(thing.small));
        prop_assert_eq!(total, small.reduce(|a, b| a + b), "{}", &sql);
        Ok(())
    });
}

#[test]
fn distinct_values_are_those_of_a_set() {
    let (db, world) = World::create();
    check((condition(), int(), text()), |(condition, int, text)| {
        let query = Thing::objects().filter(condition.q());
        let rows = found(condition, &world);
        let pairs = rows.iter();
        let pairs = pairs.map(|row| (int.of(row, &world), text.of(row, &world)));
        let pairs: BTreeSet<_> = pairs.collect();
        let values = query.clone().values((int.expr(), text.expr())).distinct();
        let all = answer(&query, values.all(&db))?;
        prop_assert_eq!(all.len(), pairs.len(), "{}", inlined(&query));
        let count = answer(&query, values.count(&db))?;
        prop_assert_eq!(usize::try_from(count), Ok(pairs.len()));
        prop_assert_eq!(BTreeSet::from_iter(all), pairs, "{}", inlined(&query));
        Ok(())
    });
}

#[test]
fn aggregates_are_those_of_an_iterator() {
    let (db, world) = World::create();
    check(
        (condition(), condition(), int()),
        |(condition, only, int)| {
            let query = Thing::objects().filter(condition.q());
            let aggregates = (
                count().filter(only.q()),
                count_of(int.expr()).filter(only.q()),
                count_distinct(int.expr()).filter(only.q()),
                sum(int.expr()).filter(only.q()),
                min(int.expr()).filter(only.q()),
                max(int.expr()).filter(only.q()),
                bool_and(only.q()),
                bool_or(only.q()),
            );
            let computed = answer(&query, query.aggregate(aggregates, &db))?;
            let rows = found(condition, &world);
            let some = rows.iter().filter(|row| only.is_true(row, &world));
            let some: Vec<_> = some.map(|row| int.of(row, &world)).collect();
            let numbers: Vec<_> = some.iter().flatten().map(|int| i64::from(*int)).collect();
            let different: BTreeSet<_> = numbers.iter().collect();
            let length = |length: usize| i64::try_from(length).expect("they are few");
            let expected = (
                length(some.len()),
                length(numbers.len()),
                length(different.len()),
                numbers.iter().copied().reduce(|a, b| a + b),
                some.iter().flatten().min().copied(),
                some.iter().flatten().max().copied(),
                (!rows.is_empty()).then_some(some.len() == rows.len()),
                (!rows.is_empty()).then_some(!some.is_empty()),
            );
            prop_assert_eq!(computed, expected, "{}", inlined(&query));
            Ok(())
        },
    );
}

/// What is compiled once serves for all values: with debug assertions, each
/// statement from the cache is compared with one that is compiled anew.
#[test]
fn a_statement_kept_is_the_one_for_other_values_too() {
    let (db, world) = World::create();
    check((condition(), 1..5_u64), |(condition, limit)| {
        let query = |condition: &Condition| Thing::objects().filter(condition.q());
        let (one, other) = (condition.clone(), condition.varied());
        let (one, two) = (query(&one).limit(*limit), query(&other).limit(limit + 1));
        let text = |query: &QuerySet<Thing>| {
            let statement = answer(query, query.to_sql())?;
            Ok::<_, TestCaseError>(statement.sql().to_owned())
        };
        let sql = text(&one)?;
        prop_assert_eq!(text(&two)?, &*sql);
        // And the first again, after another with its text.
        prop_assert_eq!(text(&one)?, sql);
        for condition in [condition, &other] {
            let (query, expected) = (query(condition), ids(&found(condition, &world)));
            prop_assert_eq!(sorted_keys(&query, &db)?, expected, "{}", inlined(&query));
        }
        Ok(())
    });
}
