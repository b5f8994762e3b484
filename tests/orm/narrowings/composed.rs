//! Queries put together with others, and inside others.

use plinth::orm::{Cte, count, exists, subquery};
use plinth::prelude::*;

use super::methods::{LOCKS, Method, PREFETCH, RELATED, SLICES, len};
use super::reads::{KEYS, among_keys, found, number};
use super::{Item, Items, Shelf};

fn some() -> Items {
    Item::objects().with_deleted().filter(Item::id.is_in(KEYS))
}

pub(super) fn combined() -> Vec<Method> {
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
pub(super) fn inside() -> Vec<Method> {
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
