//! Which database a statement runs on.

use super::*;
use crate::database::TransactionOptions;
use crate::orm::{DatabaseRouter, ModelMeta, PrimaryReplica, begin_request};
use crate::{Error, Result};

#[derive(crate::Model, Debug)]
#[model(table = "entries", database = "archive")]
struct Entry {
    #[model(key, auto)]
    id: i64,
    text: String,
}

/// Never read from a replica.
#[derive(crate::Model, Debug)]
#[model(table = "balances", database = "default")]
struct Balance {
    #[model(key, auto)]
    id: i64,
}

const ENTRY: [u32; 2] = [INT8, TEXT];

/// Books are elsewhere; of others nothing is said.
struct Books;

impl DatabaseRouter for Books {
    fn db_for_read(&self, model: &ModelMeta) -> Option<&'static str> {
        (model.table == "books").then_some("library")
    }

    fn db_for_write(&self, model: &ModelMeta) -> Option<&'static str> {
        self.db_for_read(model)
    }
}

fn databases_of(router: Option<&'static dyn DatabaseRouter>, work: impl FnOnce(Db)) -> Vec<String> {
    let script = Script::install();
    begin_request(router);
    work(Db::default());
    script.databases()
}

fn read(db: &Db) {
    Author::objects().exists(db).unwrap();
}

fn write(db: &Db) {
    Author::objects().delete(db).unwrap();
}

#[test]
fn a_model_that_says_nothing_is_in_default() {
    let databases = databases_of(None, |db| {
        read(&db);
        write(&db);
        db.query("SELECT 1", &[]).unwrap();
    });
    assert_eq!(databases, ["default", "default", "default"]);
}

#[test]
fn a_model_is_in_the_database_it_names() {
    let databases = databases_of(None, |db| {
        Entry::objects().exists(&db).unwrap();
        Entry::objects().delete(&db).unwrap();
        let set = Entry::text.set("a");
        Entry::objects().update([set]).execute(&db).unwrap();
        let both = Entry::objects().union(Entry::objects());
        assert!(!both.exists(&db).unwrap());
        // The script's answers have no columns, so these cannot be read.
        let _ = Entry::objects().explain(&db);
        let _ = both.explain_analyze(&db);
        let _ = Entry::objects().all(&db);
        let _ = Entry::objects().values(Entry::text).all(&db);
        let _ = Entry::objects().aggregate(count(), &db);
        let _ = create!(Entry { text: "a" }).insert(&db);
    });
    assert_eq!(databases, ["archive"; 10]);
}

#[test]
fn what_needs_a_transaction_begins_it_on_the_models_database() {
    let databases = databases_of(None, |mut db| {
        let drafts = (0..2000).map(|_| create!(Entry { text: "a" }));
        // The script answers with no rows, which is fewer than were inserted.
        let _ = Entry::objects().bulk_create(drafts, &db);
        let set = Entry::text.set("a");
        let draft = create!(Entry { text: "a" });
        let _ = Entry::objects().update_or_create([set], draft, &db);
        drop(Entry::objects().iterator(10, &db).unwrap());
        // Nor does it tell the types of columns.
        let _ = Entry::objects().copy_in([create!(Entry { text: "a" })], &mut db);
        drop(Entry::objects().copy_out(&mut db).unwrap());
        let _ = Entry::objects().copy_csv_out(Vec::new(), &mut db);
    });
    assert!(databases.len() > 6, "{databases:?}");
    assert!(databases.iter().all(|database| database == "archive"));
}

#[test]
fn a_database_that_is_chosen_by_name_comes_before_model_and_router() {
    let databases = databases_of(Some(&Books), |db| {
        let spare = db.using("spare");
        Entry::objects().exists(&spare).unwrap();
        Book::objects().exists(&spare).unwrap();
        write(&Db::named("spare"));
        let mut spare = spare;
        spare.transaction(|tx| Entry::objects().exists(tx)).unwrap();
    });
    assert_eq!(databases, ["spare"; 6]);
}

#[test]
fn a_router_chooses_for_models_that_name_no_database() {
    let databases = databases_of(Some(&Books), |db| {
        Book::objects().exists(&db).unwrap();
        Book::objects().delete(&db).unwrap();
        read(&db);
        Entry::objects().exists(&db).unwrap();
    });
    assert_eq!(databases, ["library", "library", "default", "archive"]);
}

#[test]
fn reads_go_to_the_replica_and_writes_to_the_primary() {
    let databases = databases_of(Some(&PrimaryReplica), |db| {
        read(&db);
        Author::objects().exists(&db).unwrap();
        drop(Author::objects().iterator(10, &db).unwrap());
        write(&db);
    });
    let cursor = ["replica"; 3];
    assert_eq!(databases[..2], ["replica", "replica"]);
    assert_eq!(databases[2..5], cursor);
    assert_eq!(databases[5..], ["default"]);
}

#[test]
fn a_read_after_a_write_is_a_read_from_the_primary() {
    type Write = fn(&mut Db) -> Result<()>;
    let writes: [Write; 6] = [
        |db| Author::objects().delete(db).map(drop),
        |db| db.execute("DELETE FROM authors", &[]).map(drop),
        |db| db.query("SELECT add_author()", &[]).map(drop),
        |db| {
            let named = db.using("default");
            named.execute("DELETE FROM authors", &[]).map(drop)
        },
        |db| db.transaction(|_| Ok(())),
        |db| {
            let undone = db.transaction(|_| Err::<(), _>(Error::other("no")));
            undone.unwrap_err();
            Ok(())
        },
    ];
    for write in writes {
        let databases = databases_of(Some(&PrimaryReplica), |mut db| {
            read(&db);
            write(&mut db).unwrap();
            read(&db);
        });
        assert_eq!(databases.first().unwrap(), "replica");
        assert!(databases[1..].iter().all(|database| database == "default"));
    }
}

#[test]
fn a_write_elsewhere_leaves_reads_on_the_replica() {
    let databases = databases_of(Some(&PrimaryReplica), |db| {
        Entry::objects().delete(&db).unwrap();
        db.using("replica").query("SELECT 1", &[]).unwrap();
        read(&db);
    });
    assert_eq!(databases, ["archive", "replica", "replica"]);
}

#[test]
fn a_read_in_a_transaction_is_a_read_from_the_primary() {
    let databases = databases_of(Some(&PrimaryReplica), |mut db| {
        db.transaction(|tx| Author::objects().exists(tx)).unwrap();
    });
    assert_eq!(databases, ["default"; 3]);
}

#[test]
fn a_row_that_may_have_to_be_made_is_looked_for_on_the_primary() {
    let script = Script::install();
    begin_request(Some(&PrimaryReplica));
    script.answer(rows(&AUTHOR, &[&[&1_i64, &"a", &NULL]]), 1);
    let draft = create!(Author { name: "a" });
    Author::objects()
        .get_or_create(draft, &Db::default())
        .unwrap();
    assert_eq!(script.databases(), ["default"]);
}

#[test]
fn the_next_request_reads_from_the_replica_again() {
    let script = Script::install();
    for _ in 0..2 {
        begin_request(Some(&PrimaryReplica));
        let db = Db::default();
        read(&db);
        write(&db);
    }
    assert_eq!(
        script.databases(),
        ["replica", "default", "replica", "default"]
    );
}

#[test]
fn a_model_that_names_the_primary_is_never_read_from_the_replica() {
    let databases = databases_of(Some(&PrimaryReplica), |db| {
        Balance::objects().exists(&db).unwrap();
    });
    assert_eq!(databases, ["default"]);
}

#[test]
fn a_transaction_refuses_models_of_another_database() {
    let script = Script::install();
    let mut db = Db::default();
    let error = db
        .transaction(|tx| {
            let entry = create!(Entry { text: "a" });
            entry.insert(tx).map(drop)
        })
        .unwrap_err();
    assert!(error.is_invalid_query());
    assert_eq!(
        error.to_string(),
        "`Entry` is in the database `archive`, and this is a transaction on `default`: \
         begin one with `db.using(\"archive\").transaction(…)`"
    );
    assert_eq!(script.log(), ["BEGIN", "ROLLBACK"]);
    for read in [
        |tx: &Db| Entry::objects().all(tx).map(drop),
        |tx: &Db| Entry::objects().iterator(10, tx).map(drop),
        |tx: &Db| Entry::objects().for_update().all(tx).map(drop),
    ] {
        let error = db.transaction(|tx| read(tx)).unwrap_err();
        assert!(error.is_invalid_query(), "{error}");
    }
}

#[test]
fn another_database_is_used_from_within_a_transaction_by_its_name() {
    let script = Script::install();
    script.answer(rows(&ENTRY, &[&[&1_i64, &"a"]]), 1);
    Db::default()
        .transaction(|tx| {
            let entry = create!(Entry { text: "a" });
            entry.insert(&tx.using("archive")).map(drop)
        })
        .unwrap();
    assert_eq!(script.databases(), ["default", "archive", "default"]);
}

#[test]
fn one_statement_cannot_use_two_databases() {
    let old = Entry::objects().values(Entry::id);
    let books = Book::objects().filter(Book::id.is_in_query(old.clone()));
    let error = books.to_sql().unwrap_err();
    assert!(error.is_invalid_query());
    assert_eq!(
        error.to_string(),
        "`Book` is in the database `default` and `Entry` in `archive`: one statement cannot use \
         both, so read the values of the one first"
    );
    let both = Book::objects().values(Book::id).union(old.clone());
    let named = crate::orm::Cte::query("old", old.clone());
    for error in [
        both.to_sql().unwrap_err(),
        Book::objects().with(named).to_sql().unwrap_err(),
        Book::objects()
            .filter(Book::id.is_in_query(old))
            .update([Book::title.set("a")])
            .to_sql()
            .unwrap_err(),
    ] {
        assert!(
            error.to_string().contains("`Entry` in `archive`"),
            "{error}"
        );
    }
}

#[test]
fn a_join_over_two_databases_of_a_router_is_refused() {
    Script::install();
    begin_request(Some(&Books));
    let joined = Book::objects().filter(Book::author().name().eq("a"));
    let loaded = Book::objects().select_related(Book::author());
    for query in [joined, loaded] {
        let error = query.all(&Db::default()).unwrap_err();
        assert!(error.is_invalid_query());
        let text = error.to_string();
        let both = "`Book` is in the database `library` and `Author` in `default`";
        assert!(text.contains(both), "{text}");
    }
}

#[test]
fn what_is_started_goes_where_it_would_by_itself() {
    let databases = databases_of(Some(&PrimaryReplica), |db| {
        db.start(Author::objects().to_exists()).wait().unwrap();
        db.start(Entry::objects().to_exists()).wait().unwrap();
        db.start(Author::objects().to_delete()).wait().unwrap();
        db.start(Author::objects().to_exists()).wait().unwrap();
    });
    assert_eq!(databases, ["replica", "archive", "default", "default"]);
}

#[test]
fn a_pipeline_that_only_reads_may_read_a_replica() {
    let databases = databases_of(Some(&PrimaryReplica), |db| {
        let authors = Author::objects();
        db.pipeline((authors.to_exists(), authors.to_exists()))
            .unwrap();
    });
    assert_eq!(databases, ["replica"; 4]);
}

#[test]
fn a_pipeline_that_writes_reads_there_too() {
    let databases = databases_of(Some(&PrimaryReplica), |db| {
        let authors = Author::objects();
        db.pipeline((authors.to_exists(), authors.to_delete()))
            .unwrap();
        db.execute_many("DELETE FROM authors WHERE id = $1", [(7_i64,)])
            .unwrap();
        authors.exists(&db).unwrap();
    });
    assert_eq!(databases, ["default"; 8]);
}

#[test]
fn a_pipeline_is_of_one_database() {
    let databases = databases_of(None, |mut db| {
        let operations = || (Author::objects().to_exists(), Entry::objects().to_exists());
        let error = db.pipeline(operations()).unwrap_err();
        assert!(error.is_invalid_query());
        assert_eq!(error.pipeline_index(), Some(1));
        db.pipeline((operations().1,)).unwrap();
        let inside = db.transaction(|tx| tx.pipeline(operations()));
        assert_eq!(inside.unwrap_err().pipeline_index(), Some(1));
    });
    let (archive, default) = ("archive", "default");
    assert_eq!(databases, [archive, archive, archive, default, default]);
}

#[test]
fn a_read_only_transaction_is_no_write() {
    let databases = databases_of(Some(&PrimaryReplica), |mut db| {
        let options = TransactionOptions::new().read_only();
        db.transaction_with(options, |tx| Author::objects().exists(tx))
            .unwrap();
        read(&db);
    });
    assert_eq!(databases, ["default", "default", "default", "replica"]);
}

#[test]
fn a_transaction_that_only_reads_leaves_reads_on_the_replica() {
    let read_only = crate::database::TransactionOptions::new().read_only();
    let databases = databases_of(Some(&PrimaryReplica), |mut db| {
        let in_it = |tx: &mut Db| Author::objects().exists(tx);
        db.transaction_with(read_only, in_it).unwrap();
        read(&db);
        // The replica takes such a transaction too.
        let mut replica = db.using("replica");
        replica.transaction_with(read_only, in_it).unwrap();
    });
    let (on_primary, after) = databases.split_at(3);
    assert_eq!(on_primary, ["default"; 3]);
    assert_eq!(after, ["replica"; 4]);
}
