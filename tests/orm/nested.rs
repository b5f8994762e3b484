//! Queries that know of the row around them.

use plinth::orm::{coalesce, count, exists, raw, subquery};
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "members")]
struct Member {
    #[model(key)]
    id: i64,
    forum: i64,
    read_at: Option<Timestamp>,
}

#[derive(Model, Debug)]
#[model(table = "posts")]
struct Post {
    #[model(key)]
    id: i64,
    forum: i64,
    score: i32,
    created_at: Timestamp,
}

/// Member 1 has read the forum 1 until 10 o'clock, 2 has read nothing of it, and
/// 3 is of another.
fn forum() -> Db {
    let db = native_database(&[Member::META, Post::META]);
    let members = "INSERT INTO members VALUES
        (1, 1, '2026-01-01 10:00Z'), (2, 1, NULL), (3, 2, NULL)";
    let posts = "INSERT INTO posts VALUES
        (1, 1, 9, '2026-01-01 08:00Z'), (2, 1, 9, '2026-01-01 11:00Z'),
        (3, 1, 1, '2026-01-01 12:00Z')";
    for sql in [members, posts] {
        db.execute(sql, &[]).expect("inserts");
    }
    db
}

#[test]
fn what_is_unread_is_later_than_the_row_around_says() {
    let db = forum();
    let of_forum = || Post::objects().correlate(Post::forum, Member::forum);
    let unread = of_forum().filter_outer(Member::read_at, |read_at| {
        read_at.clone().is_null() | read_at.lt(Post::created_at)
    });
    let unread = Member::objects()
        .values((Member::id, subquery(unread.values(count()))))
        .order_by([Member::id.asc()]);
    assert_eq!(unread.all(&db).expect("counts"), [(1, 2), (2, 3), (3, 0)]);
    let not_read =
        of_forum().filter_outer(Member::read_at, |read_at| !Post::created_at.lte(read_at));
    let behind = Member::objects().filter(exists(not_read));
    assert_eq!(behind.count(&db).expect("a count"), 2, "NULL is no time");
}

#[test]
fn seconds_rank_what_is_hot() {
    let db = forum();
    let noon: Timestamp = "2026-01-01T12:00:00Z".parse().expect("a time");
    let hours = plinth::orm::value(noon).since(Post::created_at).epoch() / 3600.0;
    let hot = Post::score.cast::<f64>() / (hours.clone() + 2.0).power(1.8);
    let ranked = Post::objects()
        .order_by([hot.desc()])
        .values((Post::id, hours));
    let ranked = ranked.all(&db).expect("an order");
    assert_eq!(ranked, [(2, 1.0), (1, 4.0), (3, 0.0)]);
    let since_1970 = Post::objects().values(Post::created_at.epoch());
    let first = since_1970.first(&db).expect("a number");
    assert_eq!(first, Some(1_767_254_400.0));
    let never = Member::objects().filter(Member::id.eq(2));
    let never = never.values(Member::read_at.epoch()).get(&db);
    assert_eq!(never.expect("a row"), None);
}

#[test]
fn a_boolean_expression_is_negated_and_a_query_can_be_of_none() {
    let db = forum();
    let is_good = raw::<Post, Option<bool>>("nullif({}, 1) > 5", (Post::score,));
    let bad = Post::objects().filter(!coalesce(is_good, false));
    assert_eq!(bad.count(&db).expect("a count"), 1);
    let none = Post::objects().filter(Post::id.gt(0)).none();
    assert!(none.all(&db).expect("no rows").is_empty());
    assert_eq!(none.count(&db).expect("a count"), 0);
}
