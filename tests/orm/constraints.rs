//! What tables say of their rows: deferred foreign keys, computed columns.

use plinth::Partial;
use plinth::orm::excluded;
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "couples")]
struct Spouse {
    #[model(key)]
    id: i64,
    #[model(deferrable)]
    of: ForeignKey<Spouse>,
    #[model(deferrable = immediate)]
    witness: Option<ForeignKey<Spouse>>,
}

#[test]
fn a_circle_of_rows_is_inserted_in_one_transaction() {
    let mut db = native_database(&[Spouse::META]);
    let done = db.transaction(|tx| {
        create!(Spouse { id: 1, of: 2 }).insert(tx)?;
        create!(Spouse { id: 2, of: 1 }).insert(tx)
    });
    done.expect("a circle");
    assert_eq!(Spouse::objects().count(&db).expect("a count"), 2);
}

#[test]
fn a_row_that_points_to_none_is_told_when_the_transaction_commits() {
    let mut db = native_database(&[Spouse::META]);
    let mut is_inserted = false;
    let done = db.transaction(|tx| {
        create!(Spouse { id: 1, of: 2 }).insert(tx)?;
        is_inserted = true;
        Ok(())
    });
    assert!(done.expect_err("no second").is_foreign_key_violation());
    assert!(is_inserted);
    assert_eq!(Spouse::objects().count(&db).expect("a count"), 0);
}

#[test]
fn a_key_that_can_be_deferred_waits_only_where_the_transaction_says_so() {
    let mut db = native_database(&[Spouse::META]);
    let insert = |tx: &Db| {
        let draft = create!(Spouse {
            id: 1,
            of: 1,
            witness: 2
        });
        draft.insert(tx)?;
        create!(Spouse { id: 2, of: 1 }).insert(tx)
    };
    let done = db.transaction(|tx| insert(tx));
    assert!(done.expect_err("no witness yet").is_foreign_key_violation());
    let done = db.transaction(|tx| {
        tx.execute("SET CONSTRAINTS couples_witness_id_fkey DEFERRED", &[])?;
        insert(tx)
    });
    done.expect("a witness");
}

#[derive(Model, Debug)]
#[model(table = "wares")]
struct Ware {
    #[model(key)]
    id: i64,
    price: i32,
    stock: i32,
    #[model(generated = "price * stock", index)]
    worth: i32,
    #[model(generated = "CASE WHEN stock > 0 THEN 'yes' END")]
    there: Option<String>,
}

fn wares() -> Db {
    let db = native_database(&[Ware::META]);
    let draft = |id| {
        create!(Ware {
            id,
            price: 3,
            stock: 2
        })
    };
    let rows = Ware::objects().bulk_create([draft(1), draft(2)], &db);
    assert_eq!(rows.expect("wares")[1].worth, 6);
    db
}

fn ware(db: &Db) -> Ware {
    let query = Ware::objects().filter(Ware::id.eq(1));
    query.get(db).expect("a ware")
}

#[test]
fn what_postgres_computes_is_read_back_with_the_row() {
    let mut db = wares();
    let ware = create!(Ware {
        id: 3,
        price: 5,
        stock: 0
    })
    .insert(&db)
    .expect("a ware");
    assert_eq!((ware.worth, ware.there), (0, None));
    let mut edit = self::ware(&db).edit();
    edit.price = 7;
    edit.save(&db).expect("it is saved");
    assert_eq!((edit.worth, edit.there.as_deref()), (14, Some("yes")));
    edit.stock = 1;
    Ware::objects()
        .bulk_update([&*edit], Ware::stock, &db)
        .expect("it is updated");
    assert_eq!(self::ware(&db).worth, 7);
    let draft = create!(Ware {
        id: 1,
        price: 9,
        stock: 1
    });
    let upsert = draft.on_conflict(Ware::id);
    let upsert = upsert.do_update([Ware::price.set(excluded(Ware::worth) + Ware::worth)]);
    assert_eq!(upsert.insert(&db).expect("an update").0.worth, 16);
    let draft = || {
        create!(Ware {
            id: 4,
            price: 2,
            stock: 2
        })
    };
    Ware::objects().copy_in([draft()], &mut db).expect("a copy");
    let dear = Ware::objects()
        .filter(Ware::worth.gt(3))
        .order_by([Ware::worth.desc()]);
    let worths = dear.values(Ware::worth).all(&db).expect("values");
    assert_eq!(worths, [16, 6, 4]);
}

#[test]
fn nothing_else_sets_what_postgres_computes() {
    let db = wares();
    let refused = |error: plinth::Error| {
        assert!(error.is_invalid_query(), "{error}");
        assert!(
            error.to_string().contains("`wares.worth` is computed"),
            "{error}"
        );
    };
    let mut edit = ware(&db).edit();
    edit.worth = 100;
    edit.price = 1;
    refused(edit.save(&db).unwrap_err());
    let mut row = ware(&db);
    row.worth = 100;
    let columns = (Ware::stock, Ware::worth);
    refused(
        Ware::objects()
            .bulk_update([&row], columns, &db)
            .unwrap_err(),
    );
    let update = Ware::objects().update([Ware::worth.set(1)]);
    refused(update.execute(&db).unwrap_err());
    let upsert = create!(Ware {
        id: 1,
        price: 3,
        stock: 2
    })
    .on_conflict(Ware::id);
    refused(
        upsert
            .do_update([Ware::worth.set(1)])
            .insert(&db)
            .unwrap_err(),
    );
    assert_eq!(ware(&db).worth, 6);
}

#[derive(Partial, Debug)]
#[partial(model = Spouse)]
struct Tie {
    of: ForeignKey<Spouse>,
    witness: Option<ForeignKey<Spouse>>,
}

#[test]
fn a_part_of_a_row_has_its_foreign_keys() {
    let db = native_database(&[Spouse::META]);
    create!(Spouse { id: 1, of: 1 }).insert(&db).expect("a row");
    let tie = Spouse::objects().only::<Tie>().get(&db).expect("a part");
    assert_eq!((tie.of.key(), tie.witness.is_none()), (&1, true));
    assert!(tie.of.get().unwrap_err().is_not_loaded());
}

#[derive(Model, Debug)]
#[model(table = "stays", unique(room, left_at, nulls_not_distinct))]
struct Stay {
    #[model(key, auto)]
    id: i64,
    room: i32,
    left_at: Option<Timestamp>,
    #[model(unique = nulls_not_distinct)]
    invoice: Option<i32>,
}

/// A view of those who have not left.
#[derive(Model, Debug)]
#[model(table = "guests", managed = false)]
struct Guest {
    #[model(key)]
    id: i64,
    room: i32,
}

#[test]
fn two_nulls_are_the_same_where_the_constraint_says_so() {
    let db = native_database(&[Stay::META]);
    let stay = |room, invoice: Option<i32>| create!(Stay { room, invoice }).insert(&db);
    stay(1, Some(1)).expect("the first");
    assert!(stay(1, Some(2)).unwrap_err().is_unique_violation());
    stay(2, None).expect("another room");
    assert!(stay(3, None).unwrap_err().is_unique_violation());
}

#[test]
fn a_view_is_read_like_a_table_and_not_made() {
    let db = native_database(&[Stay::META, Guest::META]);
    let view = "CREATE VIEW guests AS SELECT id, room FROM stays WHERE left_at IS NULL";
    db.execute(view, &[]).expect("a view");
    create!(Stay { room: 7 }).insert(&db).expect("a stay");
    let guest = Guest::objects().get(&db).expect("a guest");
    assert_eq!((guest.id, guest.room), (1, 7));
}
