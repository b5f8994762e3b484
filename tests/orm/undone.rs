//! Rows that are saved in transactions which are undone: what is remembered of
//! them follows the transaction.

mod random;

use plinth::database::TransactionOptions;
use plinth::loader::DataLoader;
use plinth::orm::Edit;
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Clone, Debug)]
#[model(table = "notes")]
struct Note {
    #[model(key)]
    id: i64,
    title: String,
    body: Option<String>,
    #[model(auto_now)]
    updated_at: Timestamp,
    #[model(version)]
    version: i32,
    marks: ManyToMany<Mark>,
}

/// As `Note`, without a version.
#[derive(Model, Clone, Debug, PartialEq)]
#[model(table = "pages")]
struct Page {
    #[model(key)]
    id: i64,
    title: String,
    views: i64,
}

#[derive(Model, Clone, Debug)]
#[model(table = "marks")]
struct Mark {
    #[model(key)]
    id: i64,
}

fn database() -> Db {
    let db = native_database(&[Note::META, Page::META, Mark::META]);
    create!(Note { id: 1, title: "a" }).insert(&db).unwrap();
    create!(Page {
        id: 1,
        title: "a",
        views: 0
    })
    .insert(&db)
    .unwrap();
    for id in 1..=3 {
        create!(Mark { id }).insert(&db).unwrap();
    }
    db
}

fn note(db: &Db) -> Note {
    Note::objects().get(db).unwrap()
}

fn page(db: &Db) -> Page {
    Page::objects().get(db).unwrap()
}

/// An error of the author's own, which undoes what was done.
fn give_up<T>() -> Result<T> {
    Err(Error::other("given up"))
}

#[test]
fn a_row_saved_in_an_undone_transaction_is_saved_again() {
    let mut db = database();
    let mut edit = page(&db).edit();
    edit.title = "b".into();
    let undone: Result<()> = db.transaction(|tx| {
        edit.save(tx)?;
        assert_eq!(edit.changed(), [""; 0]);
        give_up()
    });
    undone.unwrap_err();
    assert_eq!(edit.changed(), ["title"]);
    edit.save(&db).unwrap();
    assert_eq!(page(&db).title, "b");
    assert_eq!(edit.changed(), [""; 0]);
}

#[test]
fn a_version_counts_back_with_its_transaction() {
    let mut db = database();
    let (mut edit, before) = (note(&db).edit(), note(&db));
    edit.title = "b".into();
    let undone: Result<()> = db.transaction(|tx| {
        edit.save(tx)?;
        assert_eq!((edit.version, note(tx).version), (2, 2));
        edit.title = "c".into();
        edit.save(tx)?;
        assert_eq!(edit.version, 3);
        give_up()
    });
    undone.unwrap_err();
    assert_eq!((edit.version, edit.updated_at), (1, before.updated_at));
    assert_eq!(edit.title, "c");
    edit.save(&db).unwrap();
    let saved = note(&db);
    assert_eq!((saved.title.as_str(), saved.version), ("c", 2));
    assert_eq!((edit.version, edit.updated_at), (2, saved.updated_at));
    edit.body = Some("more".into());
    edit.save(&db).unwrap();
    assert_eq!(note(&db).version, 3);
}

#[test]
fn a_savepoint_that_is_undone_takes_its_own_saves_alone() {
    let mut db = database();
    let mut edit = note(&db).edit();
    db.transaction(|tx| {
        edit.title = "b".into();
        edit.save(tx)?;
        let undone: Result<()> = tx.transaction(|savepoint| {
            edit.body = Some("lost".into());
            edit.save(savepoint)?;
            assert_eq!(edit.version, 3);
            give_up()
        });
        undone.unwrap_err();
        assert_eq!((edit.version, edit.changed()), (2, vec!["body"]));
        edit.body = Some("kept".into());
        edit.save(tx)
    })
    .unwrap();
    assert_eq!(edit.changed(), [""; 0]);
    let saved = note(&db);
    assert_eq!(saved.title, "b");
    assert_eq!((saved.body.as_deref(), saved.version), (Some("kept"), 3));
}

#[test]
fn a_released_savepoint_is_undone_with_the_transaction_around_it() {
    let mut db = database();
    let mut edit = note(&db).edit();
    edit.title = "b".into();
    let undone: Result<()> = db.transaction(|tx| {
        tx.savepoint("inner", |savepoint| edit.save(savepoint))?;
        give_up()
    });
    undone.unwrap_err();
    edit.save(&db).unwrap();
    assert_eq!((note(&db).title.as_str(), note(&db).version), ("b", 2));
}

#[test]
fn a_transaction_that_runs_again_saves_again() {
    let mut db = database();
    let mut edit = note(&db).edit();
    let mut runs = 0;
    let retried = TransactionOptions::new().serializable().retries(2);
    db.transaction_with(retried, |tx| {
        runs += 1;
        edit.title = "b".into();
        edit.save(tx)?;
        match runs {
            1 => tx
                .execute(
                    "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$",
                    &[],
                )
                .map(drop),
            _ => Ok(()),
        }
    })
    .unwrap();
    assert_eq!(runs, 2);
    assert_eq!((note(&db).title.as_str(), note(&db).version), ("b", 2));
    assert_eq!(edit.version, 2);
}

#[test]
fn what_a_trigger_made_of_a_row_is_undone_too() {
    let mut db = database();
    for sql in [
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN NEW.title := upper(NEW.title); NEW.views := NEW.views + 1; RETURN NEW; END'",
        "CREATE TRIGGER shout BEFORE UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION shout()",
    ] {
        db.execute(sql, &[]).unwrap();
    }
    let mut edit = page(&db).edit();
    edit.title = "b".into();
    let undone: Result<()> = db.transaction(|tx| {
        edit.save(tx)?;
        assert_eq!((edit.title.as_str(), edit.views), ("B", 1));
        give_up()
    });
    undone.unwrap_err();
    assert_eq!((edit.title.as_str(), edit.views), ("b", 0));
    edit.save(&db).unwrap();
    assert_eq!(page(&db), edit.into_inner());
}

#[test]
fn what_was_changed_after_the_undone_save_is_kept() {
    let mut db = database();
    let mut edit = note(&db).edit();
    let undone: Result<()> = db.transaction(|tx| {
        edit.title = "b".into();
        edit.save(tx)?;
        edit.title = "c".into();
        edit.body = Some("new".into());
        give_up()
    });
    undone.unwrap_err();
    edit.save(&db).unwrap();
    let saved = note(&db);
    assert_eq!(
        (saved.title.as_str(), saved.body.as_deref()),
        ("c", Some("new"))
    );
    assert_eq!(saved.version, 2);
}

#[test]
fn what_was_read_again_in_an_undone_transaction_is_forgotten() {
    let mut db = database();
    let mut edit = page(&db).edit();
    edit.title = "unsaved".into();
    let undone: Result<()> = db.transaction(|tx| {
        let all = Page::objects();
        all.update([Page::title.set("b"), Page::views.set(9)])
            .execute(tx)?;
        edit.refresh(tx)?;
        assert_eq!((edit.title.as_str(), edit.views), ("b", 9));
        give_up()
    });
    undone.unwrap_err();
    assert_eq!((edit.title.as_str(), edit.views), ("a", 0));
    edit.views = 9;
    edit.save(&db).unwrap();
    assert_eq!(page(&db), edit.into_inner());
}

#[test]
fn a_row_that_was_read_in_an_undone_transaction_is_written_whole() {
    let mut db = database();
    let mut kept = None;
    let undone: Result<()> = db.transaction(|tx| {
        let all = Page::objects();
        all.update([Page::title.set("b")]).execute(tx)?;
        kept = Some(page(tx).edit());
        give_up()
    });
    undone.unwrap_err();
    let mut edit: Edit<Page> = kept.unwrap();
    edit.views = 5;
    edit.save(&db).unwrap();
    assert_eq!(page(&db), *edit);
    assert_eq!(page(&db).title, "b");
}

#[test]
fn a_save_whose_commit_is_refused_is_undone() {
    let mut db = database();
    db.execute(
        "ALTER TABLE pages ADD CONSTRAINT one_of_a_kind UNIQUE (title) DEFERRABLE INITIALLY DEFERRED",
        &[],
    )
    .unwrap();
    let mut edit = page(&db).edit();
    edit.title = "b".into();
    let refused = db.transaction(|tx| {
        create!(Page {
            id: 2,
            title: "b",
            views: 0
        })
        .insert(tx)?;
        edit.save(tx)
    });
    assert!(refused.unwrap_err().is_unique_violation());
    assert_eq!(edit.changed(), ["title"]);
    edit.save(&db).unwrap();
    assert_eq!(page(&db).title, "b");
}

#[test]
fn a_commit_after_a_failed_statement_is_an_error() {
    let mut db = database();
    let mut edit = page(&db).edit();
    edit.title = "b".into();
    let ran = std::rc::Rc::new(std::cell::Cell::new(false));
    let told = std::rc::Rc::clone(&ran);
    let committed = db.transaction(|tx| {
        edit.save(tx)?;
        tx.on_commit(move |_| {
            told.set(true);
            Ok(())
        });
        tx.execute("SELECT 1 / 0", &[]).unwrap_err();
        Ok(())
    });
    let error = committed.unwrap_err();
    assert_eq!(error.sqlstate(), Some("25P02"), "{error}");
    assert!(!ran.get(), "nothing was committed");
    edit.save(&db).unwrap();
    assert_eq!(page(&db).title, "b");
}

#[test]
fn a_failed_statement_in_a_savepoint_lets_the_transaction_commit() {
    let mut db = database();
    db.transaction(|tx| {
        Page::objects().update([Page::title.set("b")]).execute(tx)?;
        tx.transaction(|savepoint| savepoint.execute("SELECT 1 / 0", &[]))
            .unwrap_err();
        Ok(())
    })
    .unwrap();
    assert_eq!(page(&db).title, "b");
}

#[test]
fn rows_from_an_iterator_write_what_was_changed_alone() {
    let db = database();
    let mut edits = Vec::new();
    for row in Page::objects().iterator(10, &db).unwrap() {
        edits.push(row.unwrap().edit());
    }
    Page::objects()
        .update([Page::views.set(7)])
        .execute(&db)
        .unwrap();
    let mut edit = edits.remove(0);
    edit.title = "b".into();
    assert_eq!(edit.changed(), ["title"]);
    edit.save(&db).unwrap();
    assert_eq!(page(&db).views, 7);
}

#[test]
fn relations_that_were_loaded_follow_their_transaction() {
    let mut db = database();
    let with_marks = || Note::objects().prefetch_related(Note::marks());
    let mut edit = with_marks().get(&db).unwrap().edit();
    edit.title = "b".into();
    let undone: Result<()> = db.transaction(|tx| {
        edit.marks.set([1, 2], tx)?;
        edit.save(tx)?;
        give_up()
    });
    undone.unwrap_err();
    assert!(edit.marks.objects().unwrap().all(&db).unwrap().is_empty());
    edit.save(&db).unwrap();
    assert!(edit.marks.get().unwrap().is_empty(), "as it was loaded");
    edit.marks.set([3], &db).unwrap();
    let marks = with_marks().get(&db).unwrap().marks.get().unwrap().len();
    assert_eq!(marks, 1);
}

#[test]
fn what_was_primed_in_an_undone_transaction_is_loaded() {
    let db = database();
    let mut other = db.using("default");
    let loader = DataLoader::by_key(Page::objects(), &db);
    let before = page(&db);
    let undone: Result<()> = other.transaction(|tx| {
        let new = create!(Page {
            id: 2,
            title: "lost",
            views: 0
        })
        .insert(tx)?;
        loader.prime(2, Some(new.into()));
        let (known, changed) = (
            1,
            Page {
                title: "lost".into(),
                ..before.clone()
            },
        );
        loader.prime(known, Some(changed.into()));
        assert_eq!(loader.load(1).get()?.unwrap().title, "lost");
        give_up()
    });
    undone.unwrap_err();
    assert_eq!(loader.load(1).get().unwrap().unwrap().title, "a");
    assert!(loader.load(2).get().unwrap().is_none());
}
