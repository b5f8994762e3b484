//! The methods that read.

use plinth::orm::count;
use plinth::prelude::*;

use super::Item;
use super::methods::{Expected, Found, LOCKS, Method, PREFETCH, SLICES, len, only};

#[derive(Partial, Debug)]
#[partial(model = Item)]
struct Card {
    id: i64,
}

pub(super) fn all() -> Vec<Method> {
    let mut methods = rows();
    methods.extend(one_row());
    methods.extend(numbers());
    methods.extend(values());
    methods.extend(operations());
    methods
}

pub(super) fn found(ids: Vec<i64>) -> Expected {
    Expected::found(Found::Ids(ids))
}

pub(super) fn number(number: i64) -> Expected {
    Expected::found(Found::Number(number))
}

fn stock(id: i64) -> i64 {
    [5, 3, 8, 1, 9, 2, 7][usize::try_from(id - 1).expect("one of seven")]
}

pub(super) const KEYS: [i64; 3] = [1, 3, 6];

pub(super) fn among_keys(rows: &[i64]) -> Expected {
    found(
        rows.iter()
            .copied()
            .filter(|id| KEYS.contains(id))
            .collect(),
    )
}

const PARENTS: [(i64, i64); 4] = [(2, 1), (3, 1), (4, 2), (7, 3)];

/// All that are reached, of those that are not deleted unless some are.
fn reached(rows: &[i64], step: fn(i64) -> Vec<i64>) -> Expected {
    let with_deleted = rows.contains(&6);
    let mut all = rows.to_vec();
    let mut next = 0;
    while let Some(id) = all.get(next).copied() {
        let new = step(id)
            .into_iter()
            .filter(|id| !all.contains(id))
            .collect::<Vec<_>>();
        all.extend(new);
        next += 1;
    }
    let is_only_deleted = rows == [6, 7];
    all.retain(|id| match is_only_deleted {
        true => *id > 5,
        false => with_deleted || *id <= 5,
    });
    found(all)
}

fn rows() -> Vec<Method> {
    vec![
        Method::reads("all", |items, db| Ok(items.all(db)?.into())),
        Method::reads("to_sql", |items, db| {
            let rows = db.query_statement(&items.to_sql()?)?;
            Ok(i64::try_from(rows.len()).expect("few").into())
        })
        .expects(|rows| number(len(rows))),
        Method::reads("in_bulk", |items, db| {
            let rows = items.in_bulk(KEYS, db)?;
            Ok(rows.into_values().collect::<Vec<_>>().into())
        })
        .expects(among_keys)
        .refuses(SLICES)
        .unordered(),
        Method::reads("DataLoader::by_key", |items, db| {
            let loader = DataLoader::by_key(items, db);
            let rows = loader.load_many(KEYS.to_vec()).get()?.into_iter().flatten();
            Ok(rows.map(|item| item.id).collect::<Vec<_>>().into())
        })
        .called(&["in_bulk"])
        .expects(among_keys)
        .refuses(SLICES)
        .unordered(),
        Method::reads("DataLoader::by_column", |items, db| {
            let loader = DataLoader::by_column(items, Item::shelf_id, db);
            let rows = loader.load_many(vec![1, 2]).get()?;
            let rows = rows.iter().flat_map(|rows| rows.iter());
            Ok(rows.map(|item| item.id).collect::<Vec<_>>().into())
        })
        .called(&["by_column"])
        .refuses(SLICES)
        .unordered(),
        Method::reads("with_descendants", |items, db| {
            Ok(items.with_descendants(Item::parent()).all(db)?.into())
        })
        .expects(|rows| {
            reached(rows, |id| {
                let below = PARENTS.iter().filter(|(_, parent)| *parent == id);
                below.map(|(child, _)| *child).collect()
            })
        })
        .unordered(),
        Method::reads("with_ancestors", |items, db| {
            Ok(items.with_ancestors(Item::parent()).all(db)?.into())
        })
        .expects(|rows| {
            reached(rows, |id| {
                let above = PARENTS.iter().filter(|(child, _)| *child == id);
                above.map(|(_, parent)| *parent).collect()
            })
        })
        .unordered(),
    ]
}

fn one_row() -> Vec<Method> {
    vec![
        Method::reads("first", |items, db| Ok(items.first(db)?.into()))
            .expects(|rows| found(rows.first().copied().into_iter().collect())),
        Method::reads("last", |items, db| Ok(items.last(db)?.into()))
            .expects(|rows| found(rows.last().copied().into_iter().collect()))
            .refuses(SLICES),
        Method::reads("latest", |items, db| {
            Ok(items.latest(Item::stock, db)?.into())
        })
        .expects(|rows| {
            let most = rows.iter().copied().max_by_key(|id| stock(*id));
            found(most.into_iter().collect())
        })
        .refuses(SLICES),
        Method::reads("earliest", |items, db| {
            Ok(items.earliest(Item::stock, db)?.into())
        })
        .expects(|rows| {
            let least = rows.iter().copied().min_by_key(|id| stock(*id));
            found(least.into_iter().collect())
        })
        .refuses(SLICES),
        Method::reads("get", |items, db| Ok(items.get(db)?.into()))
            .expects(|rows| Expected::found(only(rows))),
        Method::reads("get_or_404", |items, db| Ok(items.get_or_404(db)?.into()))
            .expects(|rows| Expected::found(only(rows))),
    ]
}

fn numbers() -> Vec<Method> {
    vec![
        Method::reads("exists", |items, db| Ok(items.exists(db)?.into()))
            .expects(|rows| number(i64::from(!rows.is_empty())))
            .refuses(LOCKS),
        Method::reads("count", |items, db| Ok(items.count(db)?.into()))
            .expects(|rows| number(len(rows)))
            .refuses(LOCKS),
        Method::reads("aggregate", |items, db| {
            Ok(items.aggregate(count(), db)?.into())
        })
        .expects(|rows| number(len(rows)))
        .refuses(LOCKS),
        Method::reads("explain", |items, db| {
            Ok(i64::from(items.explain(db)?.nodes().count() > 0).into())
        })
        .expects(|_| number(1)),
        Method::reads("explain_analyze", |items, db| {
            let plan = items.explain_analyze(db)?;
            let rows = plan.root().actual_rows().expect("it is run");
            Ok(format!("{rows:.0}")
                .parse::<i64>()
                .expect("a number")
                .into())
        })
        .expects(|rows| number(len(rows))),
    ]
}

fn values() -> Vec<Method> {
    vec![
        Method::reads("values", |items, db| {
            Ok(items.values(Item::id).all(db)?.into())
        })
        .refuses(PREFETCH),
        Method::reads("values.first", |items, db| {
            Ok(items.values(Item::id).first(db)?.into())
        })
        .called(&["values"])
        .expects(|rows| found(rows.first().copied().into_iter().collect()))
        .refuses(PREFETCH),
        Method::reads("values.get", |items, db| {
            Ok(Some(items.values(Item::id).get(db)?).into())
        })
        .called(&["values"])
        .expects(|rows| Expected::found(only(rows)))
        .refuses(PREFETCH),
        Method::reads("values.exists", |items, db| {
            Ok(items.values(Item::id).exists(db)?.into())
        })
        .called(&["values", "exists"])
        .expects(|rows| number(i64::from(!rows.is_empty())))
        .refuses(LOCKS)
        .refuses(PREFETCH),
        Method::reads("values.count", |items, db| {
            Ok(items.values(Item::id).count(db)?.into())
        })
        .called(&["values", "count"])
        .expects(|rows| number(len(rows)))
        .refuses(LOCKS)
        .refuses(PREFETCH),
        Method::reads("values of groups", |items, db| {
            let groups = items.values((Item::shelf_id, count())).all(db)?;
            Ok(groups.iter().map(|(_, count)| count).sum::<i64>().into())
        })
        .called(&["values"])
        .expects(|rows| number(len(rows)))
        .refuses(SLICES)
        .refuses(LOCKS)
        .refuses(PREFETCH)
        .refuses(&["order_by"]),
        Method::reads("group_by", |items, db| {
            let groups = items.values(count()).group_by(Item::shelf_id).all(db)?;
            Ok(groups.iter().sum::<i64>().into())
        })
        .called(&["group_by", "values"])
        .expects(|rows| number(len(rows)))
        .refuses(SLICES)
        .refuses(LOCKS)
        .refuses(PREFETCH)
        .refuses(&["order_by"]),
        Method::reads("having", |items, db| {
            let groups = items
                .values(Item::shelf_id)
                .having(count().gt(99))
                .all(db)?;
            Ok(groups.into())
        })
        .called(&["having", "values"])
        .expects(|_| found(Vec::new()))
        .refuses(SLICES)
        .refuses(LOCKS)
        .refuses(PREFETCH)
        .refuses(&["order_by"]),
        Method::reads("annotate", |items, db| {
            let rows = items.annotate(Item::stock).all(db)?;
            Ok(rows
                .into_iter()
                .map(|(item, _)| item)
                .collect::<Vec<_>>()
                .into())
        })
        .called(&["annotate"])
        .refuses(PREFETCH),
        Method::reads("only", |items, db| {
            let cards = items.only::<Card>().all(db)?;
            Ok(cards.iter().map(|card| card.id).collect::<Vec<_>>().into())
        })
        .called(&["only"])
        .refuses(PREFETCH),
    ]
}

fn operations() -> Vec<Method> {
    vec![
        Method::reads("pipeline", |items, db| Ok(db.pipeline((items,))?.0.into())),
        Method::reads("start", |items, db| Ok(db.start(items).wait()?.into())),
        Method::reads("to_first", |items, db| {
            Ok(db.pipeline((items.to_first(),))?.0.into())
        })
        .expects(|rows| found(rows.first().copied().into_iter().collect())),
        Method::reads("to_get", |items, db| {
            Ok(db.pipeline((items.to_get(),))?.0.into())
        })
        .expects(|rows| Expected::found(only(rows))),
        Method::reads("to_exists", |items, db| {
            Ok(db.pipeline((items.to_exists(),))?.0.into())
        })
        .called(&["exists"])
        .expects(|rows| number(i64::from(!rows.is_empty())))
        .refuses(LOCKS),
        Method::reads("to_count", |items, db| {
            Ok(db.pipeline((items.to_count(),))?.0.into())
        })
        .called(&["count"])
        .expects(|rows| number(len(rows)))
        .refuses(LOCKS),
        Method::reads("values in a pipeline", |items, db| {
            Ok(db.pipeline((items.values(Item::id),))?.0.into())
        })
        .called(&["values"])
        .refuses(PREFETCH),
    ]
}
