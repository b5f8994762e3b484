//! Narrowings in any order, against the same done to a list.

use plinth::orm::count;
use plinth::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::{Item, Items, database};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Filter(i32),
    Exclude(i32),
    None,
    Ascending,
    Descending,
    Limit(usize),
    Offset(usize),
    Distinct,
    WithDeleted,
    OnlyDeleted,
}

/// The rows' stocks, of which none is another's, and whether they are deleted.
const STOCKS: [(i64, i32, bool); 7] = [
    (1, 5, false),
    (2, 3, false),
    (3, 8, false),
    (4, 1, false),
    (5, 9, false),
    (6, 2, true),
    (7, 7, true),
];

fn step() -> impl Strategy<Value = Step> {
    let stock = 0..10_i32;
    let rows = 0..6_usize;
    prop_oneof![
        3 => stock.clone().prop_map(Step::Filter),
        2 => stock.prop_map(Step::Exclude),
        3 => rows.clone().prop_map(Step::Limit),
        2 => rows.prop_map(Step::Offset),
        4 => select(&[
            Step::None,
            Step::Ascending,
            Step::Descending,
            Step::Distinct,
            Step::WithDeleted,
            Step::OnlyDeleted,
        ][..]),
    ]
}

fn rows(rows: usize) -> u64 {
    u64::try_from(rows).expect("few")
}

fn narrowed(steps: &[Step]) -> Items {
    let ordered = Item::objects().order_by([Item::id.asc()]);
    steps.iter().fold(ordered, |items, step| match *step {
        Step::Filter(stock) => items.filter(Item::stock.gte(stock)),
        Step::Exclude(stock) => items.exclude(Item::stock.eq(stock)),
        Step::None => items.none(),
        Step::Ascending => items.order_by([Item::stock.asc()]),
        Step::Descending => items.order_by([Item::stock.desc()]),
        Step::Limit(limit) => items.limit(rows(limit)),
        Step::Offset(offset) => items.offset(rows(offset)),
        Step::Distinct => items.distinct(),
        Step::WithDeleted => items.with_deleted(),
        Step::OnlyDeleted => items.only_deleted(),
    })
}

/// What the steps leave of a list; nothing where one of them stands behind a
/// slice that would be of all rows.
fn expected(steps: &[Step]) -> Option<(Vec<i64>, bool)> {
    let (mut limit, mut offset) = (None::<usize>, None::<usize>);
    let is_deleted = |wanted: Step| {
        steps
            .iter()
            .rfind(|step| matches!(step, Step::WithDeleted | Step::OnlyDeleted))
            == Some(&wanted)
    };
    let mut list: Vec<_> = STOCKS
        .into_iter()
        .filter(|(_, _, deleted)| match deleted {
            true => is_deleted(Step::WithDeleted) || is_deleted(Step::OnlyDeleted),
            false => !is_deleted(Step::OnlyDeleted),
        })
        .collect();
    for step in steps {
        let is_slice = limit.is_some() || offset.is_some();
        match *step {
            Step::Limit(rows) => limit = Some(limit.map_or(rows, |limit| limit.min(rows))),
            Step::Offset(_) if offset.is_some() => return None,
            Step::Offset(rows) => offset = Some(rows),
            _ if is_slice => return None,
            Step::Filter(least) => list.retain(|(_, stock, _)| *stock >= least),
            Step::Exclude(other) => list.retain(|(_, stock, _)| *stock != other),
            Step::None => list.clear(),
            Step::Ascending => list.sort_by_key(|(_, stock, _)| *stock),
            Step::Descending => list.sort_by_key(|(_, stock, _)| -stock),
            Step::Distinct | Step::WithDeleted | Step::OnlyDeleted => {}
        }
    }
    let is_slice = limit.is_some() || offset.is_some();
    let list = list.into_iter().skip(offset.unwrap_or(0));
    let list = list.take(limit.unwrap_or(usize::MAX));
    Some((list.map(|(id, _, _)| id).collect(), is_slice))
}

/// The keys that each method finds or changes, in order.
fn found(items: &Items, db: &mut Db) -> Vec<(&'static str, Result<Vec<i64>>)> {
    let ids = |rows: Vec<Item>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    vec![
        ("all", items.all(db).map(ids)),
        ("values", items.clone().values(Item::id).all(db)),
        (
            "first",
            items.first(db).map(|row| ids(row.into_iter().collect())),
        ),
        ("count", items.count(db).map(|count| vec![count])),
        (
            "exists",
            items.exists(db).map(|is_any| vec![i64::from(is_any)]),
        ),
        (
            "aggregate",
            items.aggregate(count(), db).map(|count| vec![count]),
        ),
        (
            "union_all",
            items
                .clone()
                .union_all(Item::objects().none())
                .all(db)
                .map(ids),
        ),
        (
            "last",
            items.last(db).map(|row| ids(row.into_iter().collect())),
        ),
        (
            "in_bulk",
            items.in_bulk(1..=7, db).map(|rows| {
                let mut keys: Vec<_> = rows.into_keys().collect();
                keys.sort_unstable();
                keys
            }),
        ),
        ("bulk_update", changed(items, db)),
    ]
}

/// Which of all rows a change of all of them changes, which is undone.
fn changed(items: &Items, db: &mut Db) -> Result<Vec<i64>> {
    let mut changed = Ok(Vec::new());
    let undone = db.transaction(|tx| {
        let mut rows = Item::objects().with_deleted().all(tx)?;
        rows.iter_mut().for_each(|row| row.stock += 100);
        changed = items
            .clone()
            .bulk_update(&rows, Item::stock, tx)
            .and_then(|_| {
                let changed = Item::objects().with_deleted().filter(Item::stock.gte(100));
                changed.order_by([Item::id.asc()]).values(Item::id).all(tx)
            });
        Err::<(), _>(Error::other("undone"))
    });
    undone.expect_err("it is undone");
    changed
}

/// What a method makes of the rows that are left.
fn answer(method: &str, rows: &[i64]) -> Vec<i64> {
    let mut sorted = rows.to_vec();
    sorted.sort_unstable();
    match method {
        "first" => rows.iter().copied().take(1).collect(),
        "last" => rows.last().copied().into_iter().collect(),
        "count" | "aggregate" => vec![i64::try_from(rows.len()).expect("few")],
        "exists" => vec![i64::from(!rows.is_empty())],
        "in_bulk" | "bulk_update" => sorted,
        _ => rows.to_vec(),
    }
}

#[test]
fn narrowings_in_any_order_leave_what_they_leave_of_a_list() {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let db = std::cell::RefCell::new(database().connect());
    let tried = TestRunner::new(config).run(&vec(step(), 0..7), |steps| {
        let expected = expected(&steps);
        for (method, found) in found(&narrowed(&steps), &mut db.borrow_mut()) {
            let is_of_all = ["last", "in_bulk", "bulk_update"].contains(&method);
            match &expected {
                Some((rows, is_slice)) if !(is_of_all && *is_slice) => {
                    let found =
                        found.map_err(|error| TestCaseError::fail(format!("{method}: {error}")))?;
                    // A list that two parts make has no order of its own.
                    let (mut found, mut answer) = (found, answer(method, rows));
                    if method == "union_all" {
                        found.sort_unstable();
                        answer.sort_unstable();
                    }
                    prop_assert_eq!(found, answer, "{}", method);
                }
                _ => {
                    let refused = found.map(drop).map_err(|error| error.is_invalid_query());
                    prop_assert_eq!(refused, Err(true), "{}", method);
                }
            }
        }
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
}
