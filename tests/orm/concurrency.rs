//! Several connections at once, each on a thread of its own.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::thread;

use plinth::orm::excluded;
use plinth::prelude::*;
use plinth_tests::NativeDatabase;

const WORKERS: i64 = 6;
const ROUNDS: i64 = 20;

#[derive(Model, Debug, Clone)]
#[model(table = "counters")]
struct Counter {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    hits: i64,
}

#[derive(Model, Debug, Clone)]
#[model(table = "accounts")]
struct Account {
    #[model(key)]
    id: i64,
    balance: i64,
    note: String,
    #[model(version)]
    version: i64,
}

#[derive(Model, Debug, Clone)]
#[model(table = "jobs")]
struct Job {
    #[model(key, auto)]
    id: i64,
    #[model(default = 0)]
    runs: i64,
}

/// What each of the workers returns, who all begin at once.
fn at_once<T: Send>(database: &NativeDatabase, work: impl Fn(Db) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(usize::try_from(WORKERS).expect("they are few"));
    thread::scope(|scope| {
        let workers = (0..WORKERS).map(|_| {
            scope.spawn(|| {
                let db = database.connect();
                barrier.wait();
                work(db)
            })
        });
        let workers: Vec<_> = workers.collect();
        let ended = workers.into_iter().map(|worker| worker.join());
        ended.map(|ended| ended.expect("no panic")).collect()
    })
}

fn counters() -> NativeDatabase {
    NativeDatabase::create(&[Counter::META])
}

fn named(name: &str) -> QuerySet<Counter> {
    Counter::objects().filter(Counter::name.eq(name))
}

#[test]
fn of_many_who_get_or_create_one_creates() {
    let database = counters();
    let rounds = at_once(&database, |db| {
        let rounds = (0..ROUNDS).map(|round| {
            let name = round.to_string();
            let draft = create!(Counter {
                name: &*name,
                hits: 0
            });
            let (row, is_new) = named(&name).get_or_create(draft, &db).expect("a row");
            (row.id, is_new)
        });
        rounds.collect::<Vec<_>>()
    });
    for round in 0..rounds[0].len() {
        let ids: BTreeSet<_> = rounds.iter().map(|rows| rows[round].0).collect();
        assert_eq!(ids.len(), 1, "all have the same row");
        let new = rounds.iter().filter(|rows| rows[round].1).count();
        assert_eq!(new, 1, "one of them created it");
    }
}

#[test]
fn no_update_or_create_is_lost() {
    let database = counters();
    let new = at_once(&database, |db| {
        let hit = |_| {
            let hits = [Counter::hits.set(Counter::hits + 1)];
            let draft = create!(Counter { name: "a", hits: 1 });
            let (_, is_new) = named("a")
                .update_or_create(hits, draft, &db)
                .expect("a row");
            i64::from(is_new)
        };
        (0..ROUNDS).map(hit).sum::<i64>()
    });
    assert_eq!(new.iter().sum::<i64>(), 1);
    let row = named("a").get(&database.connect()).expect("a row");
    assert_eq!(row.hits, WORKERS * ROUNDS);
}

#[test]
fn no_upsert_is_lost() {
    let database = counters();
    let new = at_once(&database, |db| {
        let hit = |_| {
            let upsert = create!(Counter { name: "a", hits: 1 })
                .on_conflict(Counter::name)
                .do_update([Counter::hits.set(Counter::hits + excluded(Counter::hits))]);
            i64::from(upsert.insert(&db).expect("a row").1)
        };
        (0..ROUNDS).map(hit).sum::<i64>()
    });
    assert_eq!(new.iter().sum::<i64>(), 1);
    let row = named("a").get(&database.connect()).expect("a row");
    assert_eq!(row.hits, WORKERS * ROUNDS);
}

#[test]
fn an_update_by_an_expression_reckons_with_what_is_there() {
    let database = counters();
    create!(Counter { name: "a", hits: 0 })
        .insert(&database.connect())
        .expect("inserts");
    at_once(&database, |db| {
        for _ in 0..ROUNDS {
            let hit = named("a").update([Counter::hits.set(Counter::hits + 1)]);
            assert_eq!(hit.execute(&db).expect("updates"), 1);
        }
    });
    let row = named("a").get(&database.connect()).expect("a row");
    assert_eq!(row.hits, WORKERS * ROUNDS);
}

fn account() -> NativeDatabase {
    let database = NativeDatabase::create(&[Account::META]);
    create!(Account {
        id: 1,
        balance: 0,
        note: ""
    })
    .insert(&database.connect())
    .expect("inserts");
    database
}

#[test]
fn of_two_edits_of_one_version_one_is_stale() {
    let database = account();
    let db = database.connect();
    let load = || Account::objects().get(&db).expect("a row").edit();
    let (mut one, mut other) = (load(), load());
    one.balance = 5;
    one.save(&db).expect("it is as it was loaded");
    other.note = "late".to_owned();
    let error = other.save(&db).expect_err("it was changed since");
    assert!(error.is_stale(), "{error:?}");
    let row = load();
    assert_eq!((row.balance, &*row.note), (5, ""));
    other.refresh(&db).expect("it is there");
    other.note = "again".to_owned();
    other.save(&db).expect("it is as it was loaded");
    assert_eq!((load().balance, &*load().note), (5, "again"));
}

#[test]
fn who_tries_again_when_stale_loses_nothing() {
    let database = account();
    at_once(&database, |db| {
        for _ in 0..ROUNDS {
            loop {
                let mut row = Account::objects().get(&db).expect("a row").edit();
                row.balance += 1;
                match row.save(&db) {
                    Ok(()) => break,
                    Err(error) => assert!(error.is_stale(), "{error:?}"),
                }
            }
        }
    });
    let row = Account::objects().get(&database.connect()).expect("a row");
    assert_eq!(row.balance, WORKERS * ROUNDS);
}

#[test]
fn who_locks_first_loses_nothing() {
    let database = account();
    at_once(&database, |mut db| {
        for _ in 0..ROUNDS {
            let saved = db.transaction(|tx| {
                let mut row = Account::objects().for_update().get(tx)?.edit();
                row.balance += 1;
                row.save(tx)
            });
            saved.expect("it is locked");
        }
    });
    let row = Account::objects().get(&database.connect()).expect("a row");
    assert_eq!(row.balance, WORKERS * ROUNDS);
}

#[test]
fn workers_who_skip_what_is_locked_do_each_job_once() {
    let database = NativeDatabase::create(&[Job::META]);
    let jobs = (0..60).map(|_| create!(Job {}));
    Job::objects()
        .bulk_create(jobs, &database.connect())
        .expect("inserts");
    let done = at_once(&database, |mut db| {
        let mut done = Vec::new();
        let mut run = || {
            db.transaction(|tx| {
                let free = Job::objects()
                    .filter(Job::runs.eq(0))
                    .order_by([Job::id.asc()]);
                let Some(job) = free.for_update().skip_locked().first(tx)? else {
                    return Ok(None);
                };
                thread::yield_now();
                let ours = Job::objects().filter(Job::id.eq(job.id));
                ours.update([Job::runs.set(Job::runs + 1)]).execute(tx)?;
                Ok(Some(job.id))
            })
        };
        while let Some(id) = run().expect("a transaction") {
            done.push(id);
        }
        done
    });
    let mut done = done.concat();
    done.sort_unstable();
    let jobs = Job::objects()
        .order_by([Job::id.asc()])
        .all(&database.connect());
    let jobs = jobs.expect("rows");
    assert!(jobs.iter().all(|job| job.runs == 1), "{jobs:?}");
    assert_eq!(done, jobs.iter().map(|job| job.id).collect::<Vec<_>>());
}

#[test]
fn who_does_not_wait_is_told_that_a_row_is_locked() {
    let database = &account();
    let (locked, is_locked) = channel();
    let (release, is_released) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let held = database.connect().transaction(|tx| {
                Account::objects().for_update().get(tx)?;
                locked.send(()).expect("it is waited for");
                is_released.recv().ok();
                Ok(())
            });
            held.expect("a transaction");
        });
        is_locked.recv().expect("the row is locked");
        let mut db = database.connect();
        let error = db
            .transaction(|tx| Account::objects().for_update().nowait().get(tx))
            .expect_err("it is locked");
        assert_eq!(error.sqlstate(), Some("55P03"), "{error:?}");
        let skipping = Account::objects().for_update().skip_locked();
        let rows = db.transaction(|tx| skipping.all(tx)).expect("a query");
        assert!(rows.is_empty());
        drop(release);
    });
}
