//! Transactions, savepoints and pipelines on a real Postgres; what the host adds
//! is tested over HTTP.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use plinth::database::{Statement, TransactionOptions};
use plinth::prelude::*;
use plinth_tests::{NativeDatabase, native_database};

#[derive(Model, Debug, Clone)]
#[model(table = "accounts")]
struct Account {
    #[model(key)]
    id: i64,
    cents: i64,
    #[model(reverse = account)]
    entries: Many<Entry>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "entries")]
struct Entry {
    #[model(key, auto)]
    id: i64,
    account: ForeignKey<Account>,
    cents: i64,
}

fn database() -> Db {
    let db = native_database(&[Account::META, Entry::META]);
    for id in 1..=3 {
        create!(Account { id, cents: 0 })
            .insert(&db)
            .expect("inserts");
    }
    db
}

fn cents(id: i64, db: &Db) -> i64 {
    let account = Account::objects().filter(Account::id.eq(id));
    account.get(db).expect("a row").cents
}

fn set(id: i64, cents: i64, db: &Db) -> Result<u64> {
    let account = Account::objects().filter(Account::id.eq(id));
    account.update([Account::cents.set(cents)]).execute(db)
}

#[test]
fn any_text_names_a_savepoint() {
    let mut db = database();
    let names = [
        "my_save",
        "Größe \"1\"; DROP TABLE accounts; --",
        "sp_1",
        "select",
        "\u{1f418}\n\\",
        &"x".repeat(63),
        &"é".repeat(31),
    ];
    for (cents, name) in (1..).zip(names) {
        db.transaction(|tx| {
            tx.savepoint(name, |sp| set(1, cents, sp))?;
            let undone = tx.savepoint(name, |sp| {
                set(1, -1, sp)?;
                sp.execute("SELECT 1 / 0", &[])
            });
            undone.expect_err("it divides by zero");
            set(2, cents, tx)
        })
        .unwrap_or_else(|error| panic!("{name:?}: {error}"));
        assert_eq!((self::cents(1, &db), self::cents(2, &db)), (cents, cents));
    }
}

#[test]
fn savepoints_of_one_name_are_undone_from_the_inside() {
    let mut db = database();
    db.transaction(|tx| {
        tx.savepoint("same", |outer| {
            set(1, 1, outer)?;
            let undone = outer.savepoint("same", |inner| {
                set(1, 2, inner)?;
                inner.execute("SELECT 1 / 0", &[])
            });
            undone.expect_err("it divides by zero");
            assert_eq!(cents(1, outer), 1);
            set(2, 1, outer)
        })
    })
    .expect("commits");
    assert_eq!((cents(1, &db), cents(2, &db)), (1, 1));
}

#[test]
fn an_error_that_a_savepoint_hides_undoes_the_savepoint() {
    let mut db = database();
    db.transaction(|tx| {
        set(1, 1, tx)?;
        let hidden = tx.transaction(|sp| {
            set(2, 2, sp)?;
            sp.execute("SELECT 1 / 0", &[]).ok();
            Ok(())
        });
        hidden.expect_err("nothing of it is done");
        set(3, 3, tx)
    })
    .expect("commits");
    assert_eq!([1, 2, 3].map(|id| cents(id, &db)), [1, 0, 3]);
}

#[test]
fn of_many_serializable_transactions_none_is_lost() {
    const WORKERS: i64 = 4;
    const ROUNDS: i64 = 10;
    let database = NativeDatabase::create(&[Account::META, Entry::META]);
    let db = database.connect();
    create!(Account { id: 1, cents: 0 })
        .insert(&db)
        .expect("inserts");
    let barrier = Barrier::new(usize::try_from(WORKERS).expect("few"));
    let options = TransactionOptions::new().serializable().retries(1000);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let mut db = database.connect();
                barrier.wait();
                for _ in 0..ROUNDS {
                    db.transaction_with(options, |tx| set(1, cents(1, tx) + 1, tx))
                        .expect("in the end");
                }
            });
        }
    });
    assert_eq!(cents(1, &db), WORKERS * ROUNDS);
}

#[test]
fn a_timeout_cancels_the_statement_and_not_the_transaction() {
    let mut db = database();
    let options = TransactionOptions::new().statement_timeout(Duration::from_millis(50));
    db.transaction_with(options, |tx| {
        set(1, 1, tx)?;
        let slow = tx.transaction(|sp| sp.execute("SELECT pg_sleep(30)", &[]));
        assert_eq!(slow.expect_err("too slow").sqlstate(), Some("57014"));
        set(2, 2, tx)
    })
    .expect("commits");
    assert_eq!((cents(1, &db), cents(2, &db)), (1, 2));
    let rows = db.query("SHOW statement_timeout", &[]).expect("tells");
    let timeout: String = rows.first().expect("a row").get(0).expect("a text");
    assert_eq!(timeout, "0");
}

#[test]
fn a_pipeline_answers_each_with_its_own_type() {
    let db = database();
    let account = Account::objects().filter(Account::id.eq(1));
    let entry = |cents| create!(Entry { account: 1, cents });
    let (first, second, changed, entries, sum, account, none, is_there) = db
        .pipeline((
            entry(5),
            entry(7),
            account.clone().update([Account::cents.set(12)]),
            Entry::objects()
                .order_by([Entry::id.asc()])
                .values(Entry::cents),
            Statement::new("SELECT sum(cents)::bigint FROM entries", &[]).expect("a statement"),
            account.prefetch_related(Account::entries()).to_get(),
            Account::objects().filter(Account::id.eq(99)).to_first(),
            Account::objects().to_exists(),
        ))
        .expect("runs");
    assert_eq!((first.cents, second.cents, changed), (5, 7, 1));
    assert_eq!(entries, [5, 7]);
    let sum: i64 = sum.first().expect("a row").get(0).expect("a number");
    assert_eq!((sum, account.cents), (12, 12));
    assert_eq!(account.entries.get().expect("prefetched").len(), 2);
    assert!(none.is_none() && is_there);
}

#[test]
fn a_pipeline_that_fails_does_nothing_of_it() {
    let db = database();
    let taken = create!(Account { id: 1, cents: 1 });
    let error = db
        .pipeline((
            create!(Account { id: 4, cents: 1 }),
            taken,
            create!(Account { id: 5, cents: 1 }),
        ))
        .expect_err("there is one");
    assert_eq!(error.pipeline_index(), Some(1));
    assert!(error.is_unique_violation());
    assert_eq!(error.table(), Some("accounts"));
    assert_eq!(Account::objects().count(&db).expect("counts"), 3);
}

#[test]
fn a_statement_runs_for_many_rows() {
    let db = database();
    let rows = (1..=1000_i64).map(|row| (row % 3 + 1, row));
    let insert = "INSERT INTO entries (account_id, cents) VALUES ($1, $2)";
    assert_eq!(db.execute_many(insert, rows).expect("inserts"), 1000);
    let rows = (1..=1000_i64).map(|row| (if row == 700 { 99 } else { 1 }, row));
    let error = db.execute_many(insert, rows).expect_err("no such account");
    assert_eq!(error.pipeline_index(), Some(699));
    assert!(error.is_foreign_key_violation());
    assert_eq!(Entry::objects().count(&db).expect("counts"), 1000);
}
