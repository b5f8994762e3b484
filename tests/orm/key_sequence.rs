//! Keys of the author's own, and the sequence that does not see them.

use std::thread;

use plinth::orm::sync_key_sequence;
use plinth::prelude::*;
use plinth_tests::{NativeDatabase, native_database};

#[derive(Model, Debug)]
#[model(table = "entries")]
struct Entry {
    #[model(key, auto)]
    id: i64,
    text: String,
}

#[derive(Model, Debug)]
#[model(table = "named")]
struct Named {
    #[model(key)]
    name: String,
}

fn add(id: i64, db: &Db) {
    create!(Entry { id, text: "given" })
        .insert(db)
        .expect("inserts");
}

fn next(db: &Db) -> Result<i64> {
    create!(Entry { text: "counted" })
        .insert(db)
        .map(|entry| entry.id)
}

#[test]
fn a_key_of_ones_own_is_passed_over() {
    let db = native_database(&[Entry::META]);
    add(1, &db);
    let taken = next(&db).expect_err("the key is taken");
    assert!(taken.is_unique_violation());
    add(5000, &db);
    sync_key_sequence::<Entry>(&db).expect("moves on");
    assert_eq!(next(&db).expect("inserts"), 5001);
}

#[test]
fn it_never_goes_back_and_needs_no_row() {
    let db = native_database(&[Entry::META]);
    sync_key_sequence::<Entry>(&db).expect("there is no key");
    assert_eq!(next(&db).expect("inserts"), 1);
    add(-7, &db);
    add(100, &db);
    sync_key_sequence::<Entry>(&db).expect("moves on");
    Entry::objects()
        .filter(Entry::id.gt(2))
        .delete(&db)
        .expect("deletes");
    sync_key_sequence::<Entry>(&db).expect("stays");
    assert!(next(&db).expect("inserts") > 100);
    Entry::objects().delete(&db).expect("deletes");
    sync_key_sequence::<Entry>(&db).expect("stays");
    assert!(next(&db).expect("inserts") > 101);
}

#[test]
fn it_is_moved_beside_others_that_insert() {
    let database = NativeDatabase::create(&[Entry::META]);
    let db = database.connect();
    add(2000, &db);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let database = database.clone();
            thread::spawn(move || {
                let db = database.connect();
                let keys = (0..100).filter(|count| {
                    if count % 10 == 0 {
                        sync_key_sequence::<Entry>(&db).expect("moves on");
                    }
                    next(&db).expect("no key is given twice") > 2000
                });
                keys.count()
            })
        })
        .collect();
    let behind = threads
        .into_iter()
        .map(|thread| thread.join().expect("no panic"));
    assert_eq!(behind.sum::<usize>(), 300);
    assert_eq!(Entry::objects().count(&db).expect("a count"), 301);
}

/// As the host grants it: the role uses the sequence and does not set it.
#[test]
fn a_plugins_role_may_do_it() {
    let db = native_database(&[Entry::META]);
    add(300, &db);
    let script = "DO $$ DECLARE r text := 'role_' || current_database(); BEGIN \
                  EXECUTE format('CREATE ROLE %I', r); \
                  EXECUTE format('GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO %I', r); \
                  EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', r); \
                  EXECUTE format('SET ROLE %I', r); END $$";
    db.execute(script, &[]).expect("a role");
    sync_key_sequence::<Entry>(&db).expect("moves on");
    assert_eq!(next(&db).expect("inserts"), 301);
    db.execute("RESET ROLE", &[]).expect("resets");
}

#[test]
fn what_cannot_be_moved_is_told() {
    let db = native_database(&[Entry::META, Named::META]);
    let error = sync_key_sequence::<Named>(&db).expect_err("it has none");
    assert!(error.is_invalid_query() && error.to_string().contains("not `auto`"));
    add(i64::MAX - 1, &db);
    let error = sync_key_sequence::<Entry>(&db).expect_err("it is far");
    let sql = error.to_string();
    let (_, sql) = sql.split_once("run ").expect("it says what to run");
    db.execute(sql, &[]).expect(sql);
    assert_eq!(next(&db).expect("inserts"), i64::MAX);
    let drop = "ALTER TABLE entries ALTER id DROP IDENTITY";
    db.execute(drop, &[]).expect("alters");
    let error = sync_key_sequence::<Entry>(&db).expect_err("it has none");
    assert!(error.to_string().contains("no sequence"), "{error}");
}
