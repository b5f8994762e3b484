//! Faults that ORMs are known to have, each tested against by its name.
//!
//! Two of them have their tests elsewhere: conditions beyond a fixed count
//! dropped, and SQL cut at a fixed buffer, in `limits`.

use std::cell::RefCell;

use plinth::orm::{Cte, exists};
use plinth::prelude::*;
use plinth_tests::{NativeDatabase, native_database};

/// 1 is the head of 2 and 3, 2 of 4; 5 is alone.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "members")]
struct Member {
    #[model(key)]
    id: i64,
    name: String,
    grade: i32,
    head: Option<ForeignKey<Member>>,
}

#[derive(Model, Debug)]
#[model(table = "tasks")]
struct Task {
    #[model(key)]
    id: i64,
    done: bool,
    owner: ForeignKey<Member>,
    reviewer: ForeignKey<Member>,
}

fn members() -> Db {
    let db = native_database(&[Member::META, Task::META]);
    let members = "INSERT INTO members (id, name, grade, head_id) VALUES
        (1, 'a', 3, NULL), (2, 'b', 2, 1), (3, 'b', 1, 1), (4, 'c', 1, 2), (5, 'a', 3, NULL)";
    let tasks = "INSERT INTO tasks (id, done, owner_id, reviewer_id) VALUES
        (1, true, 1, 2), (2, false, 2, 3), (3, false, 2, 1)";
    for sql in [members, tasks] {
        db.execute(sql, &[]).expect("inserts");
    }
    db
}

fn ids(condition: Q<Member>, db: &Db) -> Vec<i64> {
    let members = Member::objects().filter(condition);
    let members = members.order_by([Member::id.asc()]);
    members.values(Member::id).all(db).expect("a query")
}

#[test]
fn two_different_exists_share_no_cached_statement() {
    let db = members();
    let tasks = |condition| Task::objects().filter(condition);
    let (done, open) = (Task::done.eq(true), Task::done.ne(true));
    let questions: [(Q<Member>, &[i64]); 9] = [
        (
            exists(tasks(done.clone()).correlate(Task::owner_id, Member::id)),
            &[1],
        ),
        (
            exists(tasks(open.clone()).correlate(Task::owner_id, Member::id)),
            &[2],
        ),
        (
            exists(tasks(done).correlate(Task::reviewer_id, Member::id)),
            &[2],
        ),
        (
            exists(tasks(open).correlate(Task::reviewer_id, Member::id)),
            &[1, 3],
        ),
        (
            exists(tasks(Task::done.eq(true)).correlate(Task::id, Member::id)),
            &[1],
        ),
        (
            exists(Task::objects().correlate(Task::owner_id, Member::id)),
            &[1, 2],
        ),
        (
            !exists(Task::objects().correlate(Task::owner_id, Member::id)),
            &[3, 4, 5],
        ),
        (
            exists(Task::objects().correlate(Task::owner_id, Member::head_id)),
            &[2, 3, 4],
        ),
        (
            exists(Member::objects().correlate(Member::head_id, Member::id)),
            &[1, 2],
        ),
    ];
    // Twice, so that each is found where it was kept.
    for (question, answer) in questions.iter().chain(&questions) {
        assert_eq!(ids(question.clone(), &db), *answer, "{question:?}");
    }
}

#[test]
fn a_self_correlated_exists_binds_to_the_outer_table() {
    let db = members();
    let heads_of = |condition: Q<Member>| {
        let members = Member::objects().filter(condition);
        exists(members.correlate(Member::head_id, Member::id))
    };
    assert_eq!(ids(heads_of(Member::grade.eq(1)), &db), [1, 2]);
    assert_eq!(ids(heads_of(Member::grade.eq(2)), &db), [1]);
    // Three tables that are one: heads of heads.
    assert_eq!(ids(heads_of(heads_of(Member::grade.eq(1))), &db), [1]);
    assert_eq!(ids(heads_of(!heads_of(Q::all([]))), &db), [1, 2]);
    let namesakes = Member::objects().filter(Member::grade.eq(1));
    let namesakes = exists(namesakes.correlate(Member::name, Member::name));
    assert_eq!(ids(namesakes.clone(), &db), [2, 3, 4]);
    // Both the condition and the column around are of the same name inside.
    assert_eq!(ids(namesakes & Member::grade.gt(1), &db), [2]);
    // Over a relation on either side.
    let peers = Member::objects().filter(Member::head().name().eq("a"));
    let peers = exists(peers.correlate(Member::grade, Member::head().grade()));
    assert_eq!(ids(peers, &db), [4]);
    let updated = Member::objects().filter(heads_of(Member::grade.eq(1)));
    let updated = updated.update([Member::grade.set(9)]).execute(&db);
    assert_eq!(updated.expect("an update"), 2);
    let deleted = Member::objects().filter(!heads_of(Q::all([])) & Member::id.gt(4));
    assert_eq!(deleted.delete(&db).expect("a deletion"), 1);
}

#[test]
fn count_knows_of_distinct() {
    let db = members();
    let all = Member::objects();
    let names = all.clone().values(Member::name);
    assert_eq!(names.count(&db).expect("a count"), 5);
    assert_eq!(names.clone().distinct().count(&db).expect("a count"), 3);
    let pairs = all.clone().values((Member::name, Member::grade)).distinct();
    assert_eq!(pairs.count(&db).expect("a count"), 4);
    assert_eq!(pairs.limit(3).count(&db).expect("a count"), 3);
    let first = all.distinct_on(Member::name).order_by([Member::name.asc()]);
    assert_eq!(first.count(&db).expect("a count"), 3);
    assert_eq!(first.offset(1).count(&db).expect("a count"), 2);
    let both = names.clone().union(names);
    assert_eq!(both.count(&db).expect("a count"), 3);
}

#[test]
fn count_knows_of_queries_with_a_name() {
    let db = members();
    let low = Member::objects().filter(Member::grade.lt(3));
    let low = Cte::query("low", low.values(Member::id)).columns(&["id"]);
    let query = Member::objects()
        .with(low)
        .filter(Q::raw("{} IN (SELECT id FROM low)", (Member::id,)));
    assert_eq!(query.count(&db).expect("a count"), 3);
    assert_eq!(query.clone().limit(2).count(&db).expect("a count"), 2);
    assert!(query.exists(&db).expect("an answer"));
    let names = query.values(Member::name).distinct();
    assert_eq!(names.count(&db).expect("a count"), 2);
}

/// What was not changed is not written, so that nobody's change is undone. What
/// was not loaded cannot be written at all: values of a query are tuples, which
/// have no `save`.
#[test]
fn a_save_writes_no_column_that_was_not_changed() {
    let database = NativeDatabase::create(&[Member::META]);
    let db = database.connect();
    let (name, grade) = ("a", 1);
    create!(Member { id: 1, name, grade })
        .insert(&db)
        .expect("inserts");
    let load = || Member::objects().get(&db).expect("a row");
    let (mut one, mut other) = (load().edit(), load().edit());
    one.name = "one".to_owned();
    other.grade = 2;
    assert_eq!(
        (one.changed(), other.changed()),
        (vec!["name"], vec!["grade"])
    );
    one.save(&db).expect("a save");
    other.save(&db).expect("a save");
    assert_eq!((&*load().name, load().grade), ("one", 2));
    // It is read back whole, and what it holds now is no change.
    assert_eq!(&*other.name, "one");
    assert_eq!(other.changed(), [""; 0]);
}

/// What is documented of an error in a transaction that goes on.
#[test]
fn after_an_error_of_update_or_create_a_savepoint_undoes_it() {
    let mut db = members();
    let result = RefCell::new(None);
    let raised = |tx: &Db| {
        let twins = Member::objects().filter(Member::name.eq("b"));
        let draft = create!(Member {
            id: 9,
            name: "b",
            grade: 0
        });
        let error = twins.update_or_create([Member::grade.set(7)], draft, tx);
        error.map(drop)
    };
    let committed = db.transaction(|tx| {
        let undone = tx.transaction(|savepoint| raised(savepoint));
        *result.borrow_mut() = undone.err();
        Ok(())
    });
    committed.expect("a transaction");
    let error = result.into_inner().expect("there are two");
    assert!(error.is_multiple_objects(), "{error:?}");
    assert_eq!(ids(Member::grade.eq(7), &db), [0; 0]);
    // Of its own accord it does so outside of any transaction.
    assert!(raised(&db).is_err());
    assert_eq!(ids(Member::grade.eq(7), &db), [0; 0]);
}
