//! The methods that read.

use plinth::orm::{Cte, count, exists, subquery, value};
use plinth::prelude::*;

use super::methods::{Expected, Found, LOCKS, Method, PREFETCH, RELATED, SLICES, len, only};
use super::{Item, Items, Shelf};

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
    methods.extend(combined());
    methods.extend(inside());
    methods.extend(streams());
    methods.extend(operations());
    methods
}

fn found(ids: Vec<i64>) -> Expected {
    Expected::found(Found::Ids(ids))
}

fn number(number: i64) -> Expected {
    Expected::found(Found::Number(number))
}

fn stock(id: i64) -> i64 {
    [5, 3, 8, 1, 9, 2, 7][usize::try_from(id - 1).expect("one of seven")]
}

const KEYS: [i64; 3] = [1, 3, 6];

fn among_keys(rows: &[i64]) -> Expected {
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

fn some() -> Items {
    Item::objects().with_deleted().filter(Item::id.is_in(KEYS))
}

fn combined() -> Vec<Method> {
    let with = |name, run| {
        Method::reads(name, run)
            .unordered()
            .refuses(LOCKS)
            .refuses(RELATED)
    };
    vec![
        with("union", |items, db| Ok(items.union(some()).all(db)?.into())).expects(|rows| {
            let others = KEYS.iter().filter(|id| !rows.contains(id));
            found(rows.iter().chain(others).copied().collect())
        }),
        with("union_all", |items, db| {
            Ok(items.union_all(some()).all(db)?.into())
        })
        .expects(|rows| found([rows, &KEYS].concat())),
        with("intersect", |items, db| {
            Ok(items.intersect(some()).all(db)?.into())
        })
        .expects(among_keys),
        with("except", |items, db| {
            Ok(items.except(some()).all(db)?.into())
        })
        .expects(|rows| {
            found(
                rows.iter()
                    .copied()
                    .filter(|id| !KEYS.contains(id))
                    .collect(),
            )
        }),
        with("union_all", |items, db| {
            Ok(items.union_all(some()).count(db)?.into())
        })
        .expects(|rows| number(len(rows) + 3)),
        with("except", |items, db| {
            Ok(items.except(some()).exists(db)?.into())
        })
        .expects(|rows| number(i64::from(rows.iter().any(|id| !KEYS.contains(id))))),
        with("intersect", |items, db| {
            Ok(some()
                .intersect(items)
                .first(db)?
                .map(|item| KEYS.contains(&item.id))
                .unwrap_or(false)
                .into())
        })
        .expects(|rows| number(i64::from(rows.iter().any(|id| KEYS.contains(id))))),
        with("union_all", |items, db| {
            Ok(db.pipeline((items.union_all(some()),))?.0.into())
        })
        .expects(|rows| found([rows, &KEYS].concat())),
    ]
}

fn shelf_of(id: i64) -> i64 {
    match [3, 4, 6].contains(&id) {
        true => 2,
        false => 1,
    }
}

fn shelves(rows: &[i64]) -> Vec<i64> {
    let mut shelves: Vec<i64> = rows.iter().map(|id| shelf_of(*id)).collect();
    shelves.sort_unstable();
    shelves.dedup();
    shelves
}

/// Queries inside others.
fn inside() -> Vec<Method> {
    let with = |name, run| {
        Method::reads(name, run)
            .unordered()
            .refuses(LOCKS)
            .refuses(PREFETCH)
    };
    // A query in another locks its rows where it reads them.
    let with_locks = |name, run| Method::reads(name, run).unordered().refuses(PREFETCH);
    vec![
        with("correlate", |items, db| {
            let of_shelf = items.correlate(Item::shelf_id, Shelf::id);
            Ok(Shelf::objects()
                .filter(exists(of_shelf))
                .values(Shelf::id)
                .all(db)?
                .into())
        })
        .called(&["correlate", "exists"])
        .expects(|rows| found(shelves(rows)))
        .refuses(&["limit", "offset"]),
        with("correlate.values", |items, db| {
            let counts = items.correlate(Item::shelf_id, Shelf::id).values(count());
            let counts = Shelf::objects().values(subquery(counts)).all(db)?;
            Ok(counts.into_iter().sum::<i64>().into())
        })
        .called(&["correlate", "exists", "values"])
        .expects(|rows| number(len(rows)))
        .refuses(SLICES),
        with_locks("is_in_query", |items, db| {
            let inside = Item::id.is_in_query(items.values(Item::id));
            let rows = Item::objects().with_deleted().filter(inside);
            Ok(rows.values(Item::id).all(db)?.into())
        })
        .called(&["values"]),
        with_locks("Cte::query", |items, db| {
            let named = Cte::query("named", items.values(Item::id)).columns(&["id"]);
            let rows = Item::objects().with_deleted().with(named);
            let is_named = Q::raw("{} IN (SELECT id FROM named)", (Item::id,));
            Ok(rows.filter(is_named).values(Item::id).all(db)?.into())
        })
        .called(&["values"]),
    ]
}

fn streams() -> Vec<Method> {
    vec![
        Method::reads("iterator", |items, db| {
            Ok(items.iterator(2, db)?.collect::<Result<Vec<_>>>()?.into())
        }),
        Method::reads("values.iterator", |items, db| {
            let ids = items.values(Item::id).iterator(2, db)?;
            Ok(ids.collect::<Result<Vec<_>>>()?.into())
        })
        .called(&["values"])
        .refuses(PREFETCH),
        Method::reads("copy_out", |items, db| {
            Ok(items.copy_out(db)?.collect::<Result<Vec<_>>>()?.into())
        })
        .called(&["copy_out"])
        .refuses(LOCKS)
        .refuses(PREFETCH),
        Method::reads("values.copy_out", |items, db| {
            let ids = items.values(Item::id).copy_out(db)?;
            Ok(ids.collect::<Result<Vec<_>>>()?.into())
        })
        .called(&["values", "copy_out"])
        .refuses(LOCKS)
        .refuses(PREFETCH),
        Method::reads("copy_csv_out", |items, db| {
            let mut csv = Vec::new();
            items.copy_csv_out(&mut csv, db)?;
            Ok(ids_of_lines(&csv).into())
        })
        .called(&["copy_csv_out"])
        .refuses(LOCKS)
        .refuses(PREFETCH),
        Method::reads("values.copy_csv_out", |items, db| {
            let mut csv = Vec::new();
            items.values(Item::id).copy_csv_out(&mut csv, db)?;
            Ok(ids_of_lines(&csv).into())
        })
        .called(&["values", "copy_csv_out"])
        .refuses(LOCKS)
        .refuses(PREFETCH),
        Method::reads("json", |items, db| Ok(ids_of_json(items.json(db)?).into()))
            .refuses(LOCKS)
            .refuses(PREFETCH)
            .outside(),
        Method::reads("json_or_404", |items, db| {
            Ok(ids_of_json(items.json_or_404(db)?).into())
        })
        .called(&["json_or_404", "json"])
        .expects(|rows| Expected::found(only(rows)))
        .refuses(LOCKS)
        .refuses(PREFETCH)
        .outside(),
        Method::reads("values.json", |items, db| {
            let rows = items.values((Item::id, value(0))).json(db)?;
            Ok(ids_of_json(rows).into())
        })
        .called(&["values", "json"])
        .refuses(LOCKS)
        .refuses(PREFETCH)
        .outside(),
    ]
}

fn ids_of_lines(csv: &[u8]) -> Vec<i64> {
    let lines = std::str::from_utf8(csv).expect("UTF-8").lines();
    let id = |line: &str| {
        line.split(',')
            .next()
            .expect("a field")
            .parse()
            .expect("a key")
    };
    lines.map(id).collect()
}

fn ids_of_json(rows: JsonRows) -> Vec<i64> {
    use plinth::http::IntoReply;
    let reply = rows.into_reply();
    let body: serde_json::Value = serde_json::from_slice(reply.body()).expect("JSON");
    let id = |row: &serde_json::Value| {
        let id = row.get("id").or_else(|| row.get(0)).expect("a key");
        id.as_i64().expect("a number")
    };
    match &body {
        serde_json::Value::Array(rows) => rows.iter().map(id).collect(),
        row => vec![id(row)],
    }
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
