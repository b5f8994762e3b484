//! The methods that update and delete.

use super::methods::{
    Expected, Found, IMPATIENT, Method, PREFETCH, RELATED, SLICES, len, only, sorted,
};
use super::{Item, Items};

pub(super) fn all() -> Vec<Method> {
    let mut methods = updates();
    methods.extend(deletions());
    methods.push(
        Method::changes("bulk_update", |items, db| {
            let mut rows = Item::objects().with_deleted().all(db)?;
            rows.iter_mut().for_each(|row| row.stock += 10);
            Ok(items.bulk_update(&rows, Item::stock, db)?.into())
        })
        .expects(counted)
        .refuses(SLICES)
        .refuses(IMPATIENT),
    );
    methods
}

fn counted(rows: &[i64]) -> Expected {
    Expected {
        found: Found::Number(len(rows)),
        changed: sorted(rows.to_vec()),
    }
}

/// What is deleted already keeps the time of its deletion.
fn marked(rows: &[i64]) -> Vec<i64> {
    sorted(rows.iter().copied().filter(|id| *id <= 5).collect())
}

fn updated(items: Items) -> plinth::orm::Update<Item> {
    items.update([Item::stock.set(Item::stock + 10)])
}

fn updates() -> Vec<Method> {
    let changes = |name, run| {
        Method::changes(name, run)
            .called(&["update"])
            .refuses(SLICES)
            .refuses(IMPATIENT)
    };
    vec![
        changes("update", |items, db| Ok(updated(items).execute(db)?.into())).expects(counted),
        changes("update in a pipeline", |items, db| {
            Ok(db.pipeline((updated(items),))?.0.into())
        })
        .expects(counted),
        changes("returning.all", |items, db| {
            Ok(updated(items).returning().all(db)?.into())
        })
        .called(&["update", "returning", "returning_values"])
        .refuses(RELATED),
        changes("returning.one", |items, db| {
            Ok(updated(items).returning().one(db)?.into())
        })
        .called(&["update", "returning", "returning_values"])
        .expects(|rows| Expected {
            found: only(rows),
            changed: rows.to_vec(),
        })
        .refuses(RELATED),
        changes("returning in a pipeline", |items, db| {
            Ok(db.pipeline((updated(items).returning(),))?.0.into())
        })
        .called(&["update", "returning", "returning_values"])
        .refuses(RELATED),
        changes("returning_values", |items, db| {
            Ok(updated(items).returning_values(Item::id).all(db)?.into())
        })
        .called(&["update", "returning", "returning_values"])
        .refuses(PREFETCH),
    ]
}

fn deletions() -> Vec<Method> {
    let changes = |name, run| {
        Method::changes(name, run)
            .called(&["delete", "delete_returning", "hard_delete", "only_deleted"])
            .refuses(SLICES)
            .refuses(IMPATIENT)
    };
    let deleted = |rows: &[i64]| Expected {
        found: Found::Number(len(&marked(rows))),
        changed: marked(rows),
    };
    vec![
        changes("delete", |items, db| Ok(items.delete(db)?.into()))
            .expects(deleted)
            .refuses(&["only_deleted"]),
        changes("to_delete", |items, db| {
            Ok(db.pipeline((items.to_delete(),))?.0.into())
        })
        .expects(deleted)
        .refuses(&["only_deleted"]),
        changes("delete_returning", |items, db| {
            Ok(items.delete_returning(Item::id, db)?.into())
        })
        .expects(|rows| Expected {
            found: Found::Ids(marked(rows)),
            changed: marked(rows),
        })
        .refuses(PREFETCH)
        .refuses(&["only_deleted"]),
        changes("hard_delete", |items, db| {
            db.execute("ALTER TABLE notes DISABLE TRIGGER ALL", &[])?;
            db.execute("ALTER TABLE goods DISABLE TRIGGER ALL", &[])?;
            Ok(items.hard_delete(db)?.into())
        })
        .expects(counted),
    ]
}
