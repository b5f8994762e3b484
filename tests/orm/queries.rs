//! Queries of several tables, trees and fragments.

use plinth::orm::{Cte, count, max, raw};
use plinth::prelude::*;
use plinth_tests::native_database;

/// A tree of comments: 1 has 2 and 3, 2 has 4, and 6 and 7 answer each other.
#[derive(Model, Debug)]
#[model(table = "comments")]
struct Comment {
    #[model(key)]
    id: i64,
    topic: Option<String>,
    score: i32,
    parent: Option<ForeignKey<Comment>>,
}

fn comments() -> Db {
    let db = native_database(&[Comment::META]);
    let sql = "INSERT INTO comments (id, topic, score, parent_id) VALUES
        (1, 'a', 5, NULL), (2, 'a', 3, 1), (3, 'b', 5, 1), (4, NULL, 0, 2),
        (5, NULL, 9, NULL), (6, 'b', -1, 7), (7, 'c', 2, 6)";
    db.execute(sql, &[]).expect("inserts");
    db
}

fn all() -> QuerySet<Comment> {
    Comment::objects()
}

fn ids(query: QuerySet<Comment>, db: &Db) -> Vec<i64> {
    let mut ids = query.values(Comment::id).all(db).expect("a query");
    ids.sort_unstable();
    ids
}

#[test]
fn the_first_of_those_that_agree_stay_so_inside_another_query() {
    let db = comments();
    let least_of_topics = || {
        all()
            .distinct_on(Comment::topic)
            .order_by([Comment::topic.asc(), Comment::score.asc()])
    };
    assert_eq!(ids(least_of_topics(), &db), [2, 4, 6, 7]);
    let keys = least_of_topics().values(Comment::id);
    let inside = all().filter(Comment::id.is_in_query(keys.clone()));
    assert_eq!(ids(inside, &db), [2, 4, 6, 7]);
    let united = keys.clone().union(keys.clone());
    assert_eq!(united.count(&db).expect("a count"), 4);
    let named = all()
        .with(Cte::query("least", keys).columns(&["id"]))
        .filter(Q::raw("{} IN (SELECT id FROM least)", (Comment::id,)));
    assert_eq!(ids(named, &db), [2, 4, 6, 7]);
    let trees = least_of_topics().with_ancestors(Comment::parent());
    assert_eq!(ids(trees, &db), [1, 2, 4, 6, 7]);
}

#[test]
fn a_tree_is_all_of_it_and_a_circle_ends() {
    let db = comments();
    let from = |id: i64| all().filter(Comment::id.eq(id));
    assert_eq!(
        ids(from(1).with_descendants(Comment::parent()), &db),
        [1, 2, 3, 4]
    );
    assert_eq!(
        ids(from(4).with_ancestors(Comment::parent()), &db),
        [1, 2, 4]
    );
    assert_eq!(
        ids(from(7).with_descendants(Comment::parent()), &db),
        [6, 7]
    );
    assert_eq!(ids(from(6).with_ancestors(Comment::parent()), &db), [6, 7]);
    assert_eq!(
        ids(from(99).with_descendants(Comment::parent()), &db),
        [0; 0]
    );
    let tree = from(1).with_descendants(Comment::parent());
    assert_eq!(ids(tree.clone().filter(Comment::score.gt(3)), &db), [1, 3]);
    assert_eq!(tree.count(&db).expect("a count"), 4);
    let first = all().order_by([Comment::id.asc()]).limit(1);
    let rows = first
        .with_descendants(Comment::parent())
        .all(&db)
        .expect("a query");
    assert_eq!(
        rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    let deleted = tree.delete(&db).expect("deletes");
    assert_eq!(deleted, 4);
}

#[test]
fn what_is_asked_of_a_slice_of_distinct_rows_is_asked_of_those() {
    let db = comments();
    let slice = all()
        .distinct()
        .order_by([Comment::score.desc(), Comment::id.asc()])
        .limit(3);
    let sum = slice.aggregate(plinth::orm::sum(Comment::score), &db);
    assert_eq!(sum.expect("a sum"), Some(9 + 5 + 5));
    let second = slice.offset(1).limit(1);
    let tree = second.with_descendants(Comment::parent());
    assert_eq!(tree.count(&db).expect("a count"), 4);
    assert_eq!(tree.all(&db).expect("a query").len(), 4);
}

#[test]
fn a_tree_grows_from_the_rows_that_are_found_and_all_of_it_is_kept() {
    let mut db = comments();
    // Of the topic `a` the one that comes first, which is 2.
    let lowest = all()
        .filter(Comment::topic.eq("a"))
        .distinct_on(Comment::topic)
        .order_by([Comment::topic.asc(), Comment::score.asc()]);
    assert_eq!(ids(lowest.with_descendants(Comment::parent()), &db), [2, 4]);
    // What is found in the tree may agree with what it grows from.
    let first = all()
        .filter(Comment::id.eq(2))
        .distinct_on(Comment::topic)
        .with_ancestors(Comment::parent());
    let same = first.filter(Comment::topic.eq("a"));
    assert_eq!(ids(same.clone(), &db), [1, 2]);
    let locked = same.for_update().with_ancestors(Comment::parent());
    let rows = db.transaction(|tx| locked.for_update().all(tx));
    assert_eq!(rows.expect("a query").len(), 2);
}

#[test]
fn the_depth_of_a_tree_by_sql_of_the_authors_own() {
    let db = comments();
    let thread = Cte::recursive(
        "thread",
        "SELECT id, 0 AS depth FROM comments WHERE id = {} UNION ALL \
         SELECT c.id, depth + 1 FROM comments c JOIN thread ON c.parent_id = thread.id \
         WHERE depth < {}",
        (1_i64, 20),
    );
    let depth = raw::<_, Option<i32>>("SELECT depth FROM thread WHERE id = {}", (Comment::id,));
    let rows = all()
        .with(thread)
        .annotate(depth.clone())
        .filter(depth.clone().is_not_null())
        .order_by([depth.asc(), Comment::id.desc()])
        .all(&db)
        .expect("a query");
    let rows: Vec<_> = rows.iter().map(|(row, depth)| (row.id, *depth)).collect();
    assert_eq!(
        rows,
        [(1, Some(0)), (3, Some(1)), (2, Some(1)), (4, Some(2))]
    );
}

#[test]
fn a_query_with_a_name_is_read_by_others() {
    let db = comments();
    let topics = all()
        .filter(Comment::topic.is_not_null())
        .values((Comment::topic, max(Comment::score)));
    let best = all()
        .with(Cte::query("best", topics).columns(&["topic", "score"]))
        .filter(Q::raw(
            "({}, {}) IN (SELECT topic, score FROM best)",
            (Comment::topic, Comment::score),
        ));
    assert_eq!(ids(best.clone(), &db), [1, 3, 7]);
    assert_eq!(best.clone().count(&db).expect("a count"), 3);
    assert_eq!(best.aggregate(count(), &db).expect("a count"), 3);
}

#[test]
fn sql_of_the_authors_own_takes_hostile_values_as_values() {
    let db = comments();
    let hostile = "a') OR true; DROP TABLE comments; --";
    let query = all().filter(Q::raw("{} = {}", (Comment::topic, hostile)));
    assert_eq!(ids(query, &db), [0; 0]);
    assert_eq!(all().count(&db).expect("a count"), 7);
    // NULL is neither: the complement has it.
    let is_a = Q::raw("{} = {}", (Comment::topic, "a"));
    assert_eq!(ids(all().filter(is_a.clone()), &db), [1, 2]);
    assert_eq!(ids(all().exclude(is_a), &db), [3, 4, 5, 6, 7]);
}

#[test]
fn the_first_of_rows_that_agree_null_with_null() {
    let db = comments();
    let best = all().distinct_on(Comment::topic).order_by([
        Comment::topic.asc(),
        Comment::score.desc(),
        Comment::id.asc(),
    ]);
    let rows = best.all(&db).expect("a query");
    assert_eq!(
        rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        [1, 3, 7, 5]
    );
    assert_eq!(best.count(&db).expect("a count"), 4);
    assert!(best.exists(&db).expect("an answer"));
    assert_eq!(best.first(&db).expect("a row").expect("one").id, 1);
    let sum = best
        .aggregate(plinth::orm::sum(Comment::score), &db)
        .expect("a sum");
    assert_eq!(sum, Some(5 + 5 + 2 + 9));
    assert!(
        best.last(&db)
            .expect_err("which is last?")
            .is_invalid_query()
    );
}

#[test]
fn rows_of_several_queries() {
    let db = comments();
    let with = |topic: &str| {
        all()
            .filter(Comment::topic.eq(topic))
            .values(Comment::score)
    };
    let sorted = |mut scores: Vec<i32>| {
        scores.sort_unstable();
        scores
    };
    let all = |query: plinth::orm::Combined<Comment, _>| sorted(query.all(&db).expect("a query"));
    assert_eq!(all(with("a").union(with("b"))), [-1, 3, 5]);
    assert_eq!(all(with("a").union_all(with("b"))), [-1, 3, 5, 5]);
    assert_eq!(all(with("a").intersect(with("b"))), [5]);
    assert_eq!(all(with("a").except(with("b"))), [3]);
    // From left to right: SQL alone would intersect first.
    assert_eq!(all(with("a").union(with("b")).intersect(with("c"))), [0; 0]);
    assert_eq!(all(with("a").union(with("b").intersect(with("c")))), [3, 5]);
    let query = with("a")
        .union_all(with("b"))
        .order_by([Comment::score.desc()]);
    assert_eq!(
        query.clone().limit(3).offset(1).all(&db).expect("a query"),
        [5, 3, -1]
    );
    assert_eq!(query.first(&db).expect("a row"), Some(5));
    assert_eq!(query.count(&db).expect("a count"), 4);
    assert_eq!(query.clone().limit(3).count(&db).expect("a count"), 3);
    assert!(query.exists(&db).expect("an answer"));
    assert!(!with("x").union(with("y")).exists(&db).expect("an answer"));
}

#[test]
fn whole_rows_of_several_queries_with_what_they_refer_to() {
    let db = comments();
    let some = |condition| all().filter(condition).select_related(Comment::parent());
    let query = some(Comment::score.gt(2)).union(some(Comment::topic.eq("b")));
    let rows = query
        .order_by([Comment::id.asc()])
        .all(&db)
        .expect("a query");
    let parents = rows.iter().map(|row| {
        let parent = row.parent.as_ref()?;
        Some((row.id, parent.get().expect("loaded").score))
    });
    assert_eq!(
        parents.collect::<Vec<_>>(),
        [None, Some((2, 5)), Some((3, 5)), None, Some((6, 2))]
    );
}

#[test]
fn annotated_rows_are_whole() {
    let db = comments();
    let twice = Comment::score * 2;
    let rows = all()
        .filter(Comment::id.lte(2))
        .annotate((twice.clone(), Comment::parent().score().optional()))
        .order_by([twice.desc()])
        .all(&db)
        .expect("a query");
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(row, values)| (row.topic, values))
        .collect();
    let a = || Some("a".to_owned());
    assert_eq!(rows, [(a(), (10, None)), (a(), (6, Some(5)))]);
}
