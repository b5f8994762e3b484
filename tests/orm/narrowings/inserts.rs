//! The methods that insert.

use plinth::prelude::*;

use super::methods::{Expected, Found, IMPATIENT, Method, RELATED, SLICES, only};
use super::{Item, ItemDraft, NARROWINGS};

pub(super) fn all() -> Vec<Method> {
    let mut methods = vec![
        inserts("bulk_create", |items, db| {
            Ok(items.bulk_create([draft()], db)?.into())
        }),
        inserts("bulk_create", |items, db| {
            let insert = items.on_conflict(Item::name).do_nothing();
            Ok(insert.bulk_create([draft()], db)?.into())
        }),
        inserts("bulk_create", |items, db| {
            let insert = items
                .on_conflict(Item::name)
                .do_update([Item::stock.set(0)]);
            let rows = insert.bulk_create([draft()], db)?;
            Ok(rows
                .into_iter()
                .map(|(row, _)| row)
                .collect::<Vec<_>>()
                .into())
        }),
        inserts("copy_in", |items, db| {
            Ok(items.copy_in([draft()], db)?.into())
        })
        .expects(|_| one()),
        inserts("try_copy_in", |items, db| {
            Ok(items.try_copy_in([Ok(draft())], db)?.into())
        })
        .expects(|_| one()),
    ];
    methods.extend(unless_there());
    methods
}

fn draft() -> ItemDraft {
    create!(Item {
        id: 100,
        name: "new",
        stock: 0,
        shelf: 1
    })
}

fn new() -> Expected {
    Expected {
        found: Found::Ids(vec![100]),
        changed: vec![100],
    }
}

fn one() -> Expected {
    Expected {
        found: Found::Number(1),
        changed: vec![100],
    }
}

/// An insert looks at no row that is there.
fn inserts(name: &'static str, run: fn(super::Items, &mut Db) -> Result<Found>) -> Method {
    let narrowings = NARROWINGS.iter().map(|narrowing| narrowing.name);
    let all: Vec<_> = narrowings.filter(|name| *name != "objects").collect();
    Method::changes(name, run).expects(|_| new()).refuses(&all)
}

fn unless_there() -> Vec<Method> {
    vec![
        Method::changes("get_or_create", |items, db| {
            Ok(items.get_or_create(draft(), db)?.0.into())
        })
        .expects(|rows| match rows {
            [] => new(),
            rows => Expected::found(only(rows)),
        })
        .refuses(RELATED)
        .refuses(IMPATIENT),
        Method::changes("update_or_create", |items, db| {
            let assigns = [Item::stock.set(Item::stock + 10)];
            Ok(items.update_or_create(assigns, draft(), db)?.0.into())
        })
        .expects(|rows| match rows {
            [] => new(),
            rows => Expected {
                found: only(rows),
                changed: rows.to_vec(),
            },
        })
        .refuses(SLICES)
        .refuses(RELATED)
        .refuses(IMPATIENT),
    ]
}
