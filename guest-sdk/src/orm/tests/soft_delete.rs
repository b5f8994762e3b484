//! Rows that are marked when they are deleted.

use super::*;
use crate::Timestamp;

#[derive(crate::Model, Debug)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    title: String,
    topic: ForeignKey<Author>,
    #[model(soft_delete)]
    deleted_at: Option<Timestamp>,
}

const POST: [u32; 4] = [INT8, TEXT, INT8, 1184];
const NEVER: Option<Timestamp> = None;

fn post(deleted_at: Option<Timestamp>) -> Post {
    Post {
        id: 7,
        title: "x".into(),
        topic: ForeignKey::new(3),
        deleted_at,
    }
}

#[test]
fn a_deleted_row_is_marked_once() {
    let script = Script::install();
    script.answer(rows(&[], &[]), 1);
    post(NEVER).delete(&db()).unwrap();
    assert!(post(NEVER).delete(&db()).unwrap_err().is_not_found());
    script.answer(rows(&[], &[]), 1);
    post(NEVER).hard_delete(&db()).unwrap();
    assert!(post(NEVER).hard_delete(&db()).unwrap_err().is_not_found());
    let log = script.log();
    assert_eq!(
        [&*log[0], &*log[2]],
        [
            r#"UPDATE "posts" SET "deleted_at" = now() WHERE "id" = $1 AND "deleted_at" IS NULL"#,
            r#"DELETE FROM "posts" WHERE "id" = $1"#,
        ]
    );
}

#[test]
fn a_query_marks_its_rows_or_removes_them() {
    let script = Script::install();
    let posts = || Post::objects().filter(Post::title.eq("x"));
    posts().delete(&db()).unwrap();
    posts().with_deleted().delete(&db()).unwrap();
    Post::objects()
        .filter(Post::topic().name().eq("a"))
        .delete(&db())
        .unwrap();
    posts().hard_delete(&db()).unwrap();
    Post::objects().only_deleted().hard_delete(&db()).unwrap();
    Post::objects().with_deleted().hard_delete(&db()).unwrap();
    script.answer(rows(&[INT8], &[&[&7_i64]]), 1);
    posts().delete_returning(Post::id, &db()).unwrap();
    let marked =
        r#"UPDATE "posts" SET "deleted_at" = now() WHERE "title" = $1 AND "deleted_at" IS NULL"#;
    assert_eq!(
        script.log(),
        [
            marked,
            marked,
            "UPDATE \"posts\" SET \"deleted_at\" = now() WHERE \"id\" IN (SELECT t0.\"id\" \
             FROM \"posts\" AS t0 LEFT JOIN \"authors\" AS t1 ON t1.\"id\" = t0.\"topic_id\" \
             WHERE t1.\"name\" = $1 AND t0.\"deleted_at\" IS NULL)",
            r#"DELETE FROM "posts" WHERE "title" = $1 AND "deleted_at" IS NULL"#,
            r#"DELETE FROM "posts" WHERE "deleted_at" IS NOT NULL"#,
            r#"DELETE FROM "posts""#,
            &format!("{marked} RETURNING \"id\""),
        ]
    );
}

#[test]
fn counting_and_looking_leave_them_out() {
    let script = Script::install();
    script.answer(rows(&[INT8], &[&[&2_i64]]), 0);
    Post::objects().count(&db()).unwrap();
    script.answer(rows(&[INT8], &[&[&2_i64]]), 0);
    Post::objects().limit(2).aggregate(count(), &db()).unwrap();
    script.answer(rows(&[INT8], &[&[&2_i64]]), 0);
    Post::objects()
        .with_deleted()
        .aggregate(count(), &db())
        .unwrap();
    Post::objects().exists(&db()).unwrap();
    Post::objects().in_bulk([1, 2], &db()).unwrap_err();
    assert_eq!(
        script.log(),
        [
            r#"SELECT COUNT(*) FROM "posts" WHERE "deleted_at" IS NULL"#,
            "SELECT COUNT(*) FROM \"posts\" AS t0 WHERE t0.\"id\" IN (SELECT t1.\"id\" FROM \"posts\" \
             AS t1 WHERE t1.\"deleted_at\" IS NULL LIMIT $1) AND t0.\"deleted_at\" IS NULL",
            r#"SELECT COUNT(*) FROM "posts""#,
            r#"SELECT 1 FROM "posts" WHERE "deleted_at" IS NULL LIMIT $1"#,
            "SELECT \"id\", \"title\", \"topic_id\", \"deleted_at\" FROM \"posts\" \
             WHERE \"id\" = ANY($1) AND \"deleted_at\" IS NULL",
        ]
    );
}

#[test]
fn a_row_deleted_meanwhile_is_not_saved_and_one_deleted_before_is() {
    let script = Script::install();
    let mut living = post(NEVER).edit();
    living.title = "y".into();
    script.answer(rows(&POST, &[]), 0);
    assert!(living.save(&db()).unwrap_err().is_not_found());
    let mut deleted = post(Some(Timestamp::UNIX_EPOCH)).edit();
    deleted.deleted_at = None;
    script.answer(rows(&POST, &[&[&7_i64, &"x", &3_i64, &NEVER]]), 1);
    deleted.save(&db()).unwrap();
    script.answer(rows(&POST, &[&[&7_i64, &"x", &3_i64, &NEVER]]), 1);
    deleted.refresh(&db()).unwrap();
    let returning = r#" RETURNING "id", "title", "topic_id", "deleted_at""#;
    assert_eq!(
        script.log()[..2],
        [
            format!(
                "UPDATE \"posts\" SET \"title\" = $1 WHERE \"id\" = $2 \
                 AND \"deleted_at\" IS NULL{returning}"
            ),
            format!("UPDATE \"posts\" SET \"deleted_at\" = $1 WHERE \"id\" = $2{returning}"),
        ]
    );
    assert!(script.log()[2].ends_with("WHERE \"id\" = $1"));
}
