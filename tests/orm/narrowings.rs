//! Every method that runs a query, on every way to narrow one: it is of the rows
//! that are left, or it is refused by the names of both.
//!
//! The data is such that each narrowing leaves other rows than there are, so that
//! a method which does not look at it gives another answer.

mod behind_slices;
mod changes;
mod complete;
mod composed;
mod inserts;
mod methods;
mod random;
mod reads;
mod streams;

use std::sync::mpsc::channel;
use std::thread;

use plinth::orm::Cte;
use plinth::prelude::*;
use plinth_tests::NativeDatabase;
use serde::Serialize;

use self::methods::{Found, Method};

#[derive(Model, Debug, Serialize)]
#[model(table = "shelves")]
struct Shelf {
    #[model(key)]
    id: i64,
    name: String,
}

#[derive(Model, JsonRow, Debug, Serialize)]
#[model(table = "goods")]
struct Item {
    #[model(key)]
    id: i64,
    #[model(unique)]
    name: String,
    stock: i32,
    shelf: ForeignKey<Shelf>,
    parent: Option<ForeignKey<Item>>,
    #[model(soft_delete)]
    deleted_at: Option<Timestamp>,
    #[model(reverse = item)]
    #[serde(skip)]
    notes: Many<Note>,
}

#[derive(Model, Debug, Serialize)]
#[model(table = "notes")]
struct Note {
    #[model(key)]
    id: i64,
    item: ForeignKey<Item>,
}

type Items = QuerySet<Item>;

/// The row that other transactions find locked.
const LOCKED: i64 = 3;

fn database() -> NativeDatabase {
    let database = NativeDatabase::create(&[Shelf::META, Item::META, Note::META]);
    let db = database.connect();
    for sql in [
        "INSERT INTO shelves (id, name) VALUES (1, 'low'), (2, 'high')",
        "INSERT INTO goods (id, name, stock, shelf_id, parent_id, deleted_at) VALUES
            (1, 'a', 5, 1, NULL, NULL), (2, 'b', 3, 1, 1, NULL), (3, 'c', 8, 2, 1, NULL),
            (4, 'd', 1, 2, 2, NULL), (5, 'e', 9, 1, NULL, NULL), (6, 'f', 2, 2, NULL, now()),
            (7, 'g', 7, 1, 3, now())",
        "INSERT INTO notes (id, item_id) VALUES (1, 1), (2, 3)",
    ] {
        db.execute(sql, &[]).expect("inserts");
    }
    database
}

/// A way to narrow a query, and which rows it leaves, in its order or else by
/// their keys.
#[derive(Clone, Copy)]
struct Narrowing {
    name: &'static str,
    narrow: fn(Items) -> Items,
    rows: &'static [i64],
    is_ordered: bool,
}

const fn keeps(name: &'static str, narrow: fn(Items) -> Items, rows: &'static [i64]) -> Narrowing {
    Narrowing {
        name,
        narrow,
        rows,
        is_ordered: false,
    }
}

const fn orders(name: &'static str, narrow: fn(Items) -> Items, rows: &'static [i64]) -> Narrowing {
    Narrowing {
        name,
        narrow,
        rows,
        is_ordered: true,
    }
}

const NARROWINGS: &[Narrowing] = &[
    keeps("objects", |items| items, &[1, 2, 3, 4, 5]),
    keeps("filter", |i| i.filter(Item::stock.gte(3)), &[1, 2, 3, 5]),
    keeps("filter", |i| i.filter(Item::id.eq(4)), &[4]),
    keeps(
        "filter",
        |i| i.filter(Item::shelf().name().eq("high")),
        &[3, 4],
    ),
    keeps("filter", |i| i.filter(Item::notes().any()), &[1, 3]),
    keeps("filter", |i| i.exclude(Item::stock.gte(5)), &[2, 4]),
    keeps("filter", Items::none, &[]),
    orders(
        "order_by",
        |i| i.order_by([Item::stock.desc()]),
        &[5, 3, 1, 2, 4],
    ),
    orders("limit", |i| i.order_by([Item::id.asc()]).limit(2), &[1, 2]),
    orders(
        "offset",
        |i| i.order_by([Item::id.asc()]).offset(2),
        &[3, 4, 5],
    ),
    keeps("distinct", Items::distinct, &[1, 2, 3, 4, 5]),
    orders(
        "distinct_on",
        |i| {
            i.distinct_on(Item::shelf_id)
                .order_by([Item::shelf_id.asc(), Item::stock.desc()])
        },
        &[5, 3],
    ),
    keeps(
        "select_related",
        |i| i.select_related(Item::shelf()),
        &[1, 2, 3, 4, 5],
    ),
    keeps(
        "prefetch_related",
        |i| i.prefetch_related(Item::notes()),
        &[1, 2, 3, 4, 5],
    ),
    keeps(
        "with",
        |items| {
            items
                .with(Cte::raw("big", "SELECT id FROM goods WHERE stock > 4", ()))
                .filter(Q::raw("{} IN (SELECT id FROM big)", (Item::id,)))
        },
        &[1, 3, 5],
    ),
    keeps("with_deleted", Items::with_deleted, &[1, 2, 3, 4, 5, 6, 7]),
    keeps("only_deleted", Items::only_deleted, &[6, 7]),
    keeps(
        "filter",
        |i| i.filter(Item::id.eq(2)).with_descendants(Item::parent()),
        &[2, 4],
    ),
    keeps(
        "filter",
        |i| i.filter(Item::id.eq(4)).with_ancestors(Item::parent()),
        &[1, 2, 4],
    ),
    keeps("for_update", Items::for_update, &[1, 2, 3, 4, 5]),
    keeps("nowait", Items::nowait, &[1, 2, 3, 4, 5]),
    keeps("skip_locked", Items::skip_locked, &[1, 2, 4, 5]),
];

#[test]
fn every_method_is_of_the_rows_that_are_left_or_is_refused_by_name() {
    let database = &database();
    let (locked, is_locked) = channel();
    let (release, is_released) = channel::<()>();
    let faults = thread::scope(|scope| {
        let faults = faults(database, |narrowing| !waits_for_none(narrowing));
        scope.spawn(move || {
            let held = database.connect().transaction(|tx| {
                let held = Item::objects().filter(Item::id.eq(LOCKED)).for_update();
                held.get(tx)?;
                locked.send(()).expect("it is waited for");
                is_released.recv().ok();
                Ok(())
            });
            held.expect("a transaction");
        });
        is_locked.recv().expect("the row is locked");
        let locking = self::faults(database, waits_for_none);
        drop(release);
        [faults, locking].concat()
    });
    assert!(
        faults.is_empty(),
        "{} cells:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

fn waits_for_none(narrowing: &Narrowing) -> bool {
    ["nowait", "skip_locked"].contains(&narrowing.name)
}

fn faults(database: &NativeDatabase, is_asked: impl Fn(&Narrowing) -> bool) -> Vec<String> {
    let mut db = database.connect();
    let narrowings = NARROWINGS.iter().filter(|narrowing| is_asked(narrowing));
    let mut faults = Vec::new();
    for narrowing in narrowings {
        for method in methods::all() {
            if let Err(fault) = cell(&method, narrowing, &mut db) {
                faults.push(format!("{} × {}: {fault}", method.name, narrowing.name));
            }
        }
    }
    faults
}

/// Runs a method on narrowed rows, and undoes what it did.
fn cell(method: &Method, narrowing: &Narrowing, db: &mut Db) -> Result<(), String> {
    let query = (narrowing.narrow)(Item::objects());
    let mut checked = Ok(());
    if method.is_outside {
        let found = (method.run)(query, db);
        return check(method, narrowing, found, &[]);
    }
    let undone = db.transaction(|tx| {
        tx.execute("SET LOCAL lock_timeout = '300ms'", &[])?;
        let before = snapshot(tx)?;
        let found = (method.run)(query, tx);
        let changed = match &found {
            // A statement that failed has failed the transaction.
            Err(error) if error.sqlstate().is_some() => Vec::new(),
            _ => difference(&before, &snapshot(tx)?),
        };
        let is_locking = narrowing.name != "for_update" || found.is_err() || has_locked(tx)?;
        checked = match is_locking {
            true => check(method, narrowing, found, &changed),
            false => Err("no row is locked".to_owned()),
        };
        Err::<(), _>(Error::other("undone"))
    });
    let error = undone.expect_err("it is undone");
    match error.to_string() == "undone" {
        true => checked,
        false => Err(error.to_string()),
    }
}

fn check(
    method: &Method,
    narrowing: &Narrowing,
    found: Result<Found>,
    changed: &[i64],
) -> Result<(), String> {
    let must_be_refused = method.refuses.contains(&narrowing.name);
    let found = match found {
        Ok(found) => found,
        Err(error) if error.is_multiple_objects() => Found::Several,
        Err(error) if error.is_not_found() => Found::Missing,
        Err(error) if error.is_locked() && narrowing.name == "nowait" => return Ok(()),
        Err(error) => {
            let text = error.to_string();
            let names_narrowing = text.contains(&format!("`{}`", narrowing.name));
            let names_both = method.is_named_in(&text) && names_narrowing;
            let is_well = error.is_invalid_query() && error.sqlstate().is_none() && names_both;
            return match is_well && must_be_refused && changed.is_empty() {
                true => Ok(()),
                false => Err(format!("error `{text}`, {changed:?} changed")),
            };
        }
    };
    if must_be_refused {
        return Err(format!("not refused: {found:?}, {changed:?} changed"));
    }
    found.has_loaded(narrowing.name)?;
    let mut expected = (method.expected)(narrowing.rows);
    if narrowing.name == "skip_locked" {
        expected.found.drop_row(LOCKED);
    }
    let is_ordered = narrowing.is_ordered && method.is_ordered;
    let is_same = found.is_like(&expected.found, is_ordered)
        && (found.is_several() || changed == expected.changed);
    match is_same {
        true => Ok(()),
        false => Err(format!(
            "{found:?} and {changed:?} changed, and not {expected:?}"
        )),
    }
}

/// Whether the transaction has locked rows, or changed some.
fn has_locked(db: &Db) -> Result<bool> {
    let sql = "SELECT 1 FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'goods'::regclass
        AND mode IN ('RowShareLock', 'RowExclusiveLock')";
    Ok(!db.query(sql, &[])?.is_empty())
}

/// What a change of any row changes.
fn snapshot(db: &Db) -> Result<Vec<(i64, String)>> {
    let rows = db.query("SELECT id, goods::text FROM goods ORDER BY id", &[])?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

fn difference(before: &[(i64, String)], after: &[(i64, String)]) -> Vec<i64> {
    let gone = before.iter().filter(|row| !after.contains(row));
    let come = after.iter().filter(|row| !before.contains(row));
    let mut changed: Vec<i64> = gone.chain(come).map(|(id, _)| *id).collect();
    changed.sort_unstable();
    changed.dedup();
    changed
}
