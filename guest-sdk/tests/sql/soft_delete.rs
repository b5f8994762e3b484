use expect_test::{Expect, expect};
use plinth::database::Statement;
use plinth::orm::{count, exists};
use plinth::prelude::*;

use crate::{refusal, text};

#[derive(Model)]
#[model(table = "topics")]
pub struct Topic {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
    #[model(soft_delete)]
    pub deleted_at: Option<Timestamp>,
}

#[derive(Model)]
#[model(table = "posts")]
pub struct Post {
    #[model(key, auto)]
    pub id: i64,
    pub title: String,
    pub topic: ForeignKey<Topic>,
    #[model(auto_now)]
    pub updated_at: Timestamp,
    #[model(soft_delete)]
    pub deleted_at: Option<Timestamp>,
    #[model(version)]
    pub version: i64,
}

fn check(statement: Result<Statement>, expected: Expect) {
    expected.assert_eq(&text(statement));
}

#[test]
fn deleted_rows_are_left_out() {
    check(
        Topic::objects().to_sql(),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT "id", "name", "deleted_at" FROM "topics" WHERE "deleted_at" IS NULL"#]],
    );
    check(
        Topic::objects()
            .filter(Topic::name.eq("a") | Topic::name.eq("b"))
            .filter(Topic::id.gt(3))
            .limit(5)
            .to_sql(),
        expect![[r#"
            -- SELECT (4 parameters)
            SELECT "id", "name", "deleted_at" FROM "topics" WHERE ("name" = $1 OR "name" = $2) AND "id" > $3 AND "deleted_at" IS NULL LIMIT $4
            --   $1 = 'a'
            --   $2 = 'b'
            --   $3 = 3
            --   $4 = 5"#]],
    );
    // A group of one is what it has, which `OR` must not tear apart.
    check(
        Topic::objects()
            .filter(Q::all([Topic::name.eq("a") | Topic::name.eq("b")]))
            .to_sql(),
        expect![[r#"
            -- SELECT (2 parameters)
            SELECT "id", "name", "deleted_at" FROM "topics" WHERE ("name" = $1 OR "name" = $2) AND "deleted_at" IS NULL
            --   $1 = 'a'
            --   $2 = 'b'"#]],
    );
}

#[test]
fn deleted_rows_are_had_for_the_asking() {
    check(
        Topic::objects().with_deleted().to_sql(),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT "id", "name", "deleted_at" FROM "topics""#]],
    );
    check(
        Topic::objects()
            .filter(Topic::name.eq("a"))
            .only_deleted()
            .to_sql(),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT "id", "name", "deleted_at" FROM "topics" WHERE "name" = $1 AND "deleted_at" IS NOT NULL
            --   $1 = 'a'"#]],
    );
}

#[test]
fn values_and_groups_leave_them_out_too() {
    check(
        Post::objects()
            .values((Post::topic_id, count()))
            .filter(count().gt(1))
            .to_sql(),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT "topic_id", COUNT(*) FROM "posts" WHERE "deleted_at" IS NULL GROUP BY "topic_id" HAVING COUNT(*) > $1
            --   $1 = 1"#]],
    );
}

#[test]
fn a_join_finds_deleted_rows() {
    check(
        Post::objects()
            .filter(Post::topic().name().eq("a"))
            .select_related(Post::topic())
            .to_sql(),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT t0."id", t0."title", t0."topic_id", t0."updated_at", t0."deleted_at", t0."version", t1."id", t1."name", t1."deleted_at" FROM "posts" AS t0 LEFT JOIN "topics" AS t1 ON t1."id" = t0."topic_id" WHERE t1."name" = $1 AND t0."deleted_at" IS NULL
            --   $1 = 'a'"#]],
    );
}

#[test]
fn a_query_inside_another_leaves_out_its_own() {
    let posts = Post::objects().filter(Post::title.eq("x"));
    check(
        Topic::objects()
            .filter(exists(posts.clone().correlate(Post::topic_id, Topic::id)))
            .to_sql(),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT t0."id", t0."name", t0."deleted_at" FROM "topics" AS t0 WHERE EXISTS (SELECT 1 FROM "posts" AS t1 WHERE t1."title" = $1 AND t1."topic_id" = t0."id" AND t1."deleted_at" IS NULL) AND t0."deleted_at" IS NULL
            --   $1 = 'x'"#]],
    );
    check(
        Topic::objects()
            .with_deleted()
            .exclude(Topic::id.is_in_query(posts.only_deleted().values(Post::topic_id)))
            .to_sql(),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT t0."id", t0."name", t0."deleted_at" FROM "topics" AS t0 WHERE NOT (t0."id" IN (SELECT t1."topic_id" FROM "posts" AS t1 WHERE t1."title" = $1 AND t1."deleted_at" IS NOT NULL))
            --   $1 = 'x'"#]],
    );
}

#[test]
fn an_update_leaves_them_alone() {
    check(
        Post::objects()
            .filter(Post::topic().name().eq("a"))
            .update([Post::title.set("x")])
            .to_sql(),
        expect![[r#"
            -- UPDATE (2 parameters)
            UPDATE "posts" SET "title" = $1, "updated_at" = now(), "version" = "version" + 1 WHERE "id" IN (SELECT t0."id" FROM "posts" AS t0 LEFT JOIN "topics" AS t1 ON t1."id" = t0."topic_id" WHERE t1."name" = $2 AND t0."deleted_at" IS NULL)
            --   $1 = 'x'
            --   $2 = 'a'"#]],
    );
    check(
        Post::objects()
            .only_deleted()
            .update([Post::deleted_at.set(None)])
            .to_sql(),
        expect![[r#"
            -- UPDATE (1 parameter)
            UPDATE "posts" SET "deleted_at" = $1, "updated_at" = now(), "version" = "version" + 1 WHERE "deleted_at" IS NOT NULL
            --   $1 = NULL"#]],
    );
}

#[test]
fn a_condition_on_the_time_of_deletion_is_ones_own() {
    check(
        Topic::objects()
            .with_deleted()
            .filter(Topic::deleted_at.lt(Timestamp::UNIX_EPOCH))
            .to_sql(),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT "id", "name", "deleted_at" FROM "topics" WHERE "deleted_at" < $1
            --   $1 = '1970-01-01 00:00:00+00'::timestamptz"#]],
    );
}

#[test]
fn a_slice_is_neither_marked_nor_removed() {
    // Refused before it reaches a database.
    let db = Db::named("none");
    let slice = || Post::objects().limit(1);
    for error in [
        slice().delete(&db).unwrap_err(),
        slice().hard_delete(&db).unwrap_err(),
        Post::objects().only_deleted().delete(&db).unwrap_err(),
    ] {
        assert!(error.is_invalid_query(), "{error}");
    }
    let update = slice().update([Post::title.set("x")]);
    assert!(refusal(update.to_sql()).contains("cannot stand behind `limit`"));
}

#[derive(Model)]
#[model(table = "groups")]
pub struct Group {
    #[model(key, auto)]
    pub id: i64,
    pub members: ManyToMany<Member>,
    #[model(reverse = group)]
    pub rooms: Many<Room>,
}

#[derive(Model)]
#[model(table = "members")]
pub struct Member {
    #[model(key, auto)]
    pub id: i64,
    #[model(soft_delete)]
    pub deleted_at: Option<Timestamp>,
}

#[derive(Model)]
#[model(table = "rooms")]
pub struct Room {
    #[model(key, auto)]
    pub id: i64,
    pub group: ForeignKey<Group>,
    #[model(soft_delete)]
    pub deleted_at: Option<Timestamp>,
}

#[test]
fn rows_that_belong_to_a_row_leave_them_out() {
    check(
        Group::objects().filter(Group::rooms().any()).to_sql(),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t0."id" FROM "groups" AS t0 WHERE EXISTS (SELECT 1 FROM "rooms" AS t1 WHERE t1."group_id" = t0."id" AND t1."deleted_at" IS NULL)"#]],
    );
    check(
        Group::objects()
            .filter(Group::members().filter(Member::id.gt(3)).any())
            .to_sql(),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT t0."id" FROM "groups" AS t0 WHERE EXISTS (SELECT 1 FROM "groups_members" AS t1 LEFT JOIN "members" AS t2 ON t2."id" = t1."member_id" WHERE t1."member_id" > $1 AND t1."group_id" = t0."id" AND t2."deleted_at" IS NULL)
            --   $1 = 3"#]],
    );
    check(
        Group::objects().annotate(Group::members().count()).to_sql(),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t0."id", (SELECT COUNT(*) FROM "groups_members" AS t1 LEFT JOIN "members" AS t2 ON t2."id" = t1."member_id" WHERE t1."group_id" = t0."id" AND t2."deleted_at" IS NULL) FROM "groups" AS t0"#]],
    );
}

#[test]
fn of_rows_that_belong_to_a_row_the_deleted_ones_are_had_for_the_asking() {
    check(
        Group::objects()
            .filter(Group::members().only_deleted().any())
            .annotate((
                Group::members().with_deleted().count(),
                Group::rooms().with_deleted().count(),
            ))
            .to_sql(),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t0."id", (SELECT COUNT(*) FROM "groups_members" AS t1 WHERE t1."group_id" = t0."id"), (SELECT COUNT(*) FROM "rooms" AS t1 WHERE t1."group_id" = t0."id") FROM "groups" AS t0 WHERE EXISTS (SELECT 1 FROM "groups_members" AS t1 LEFT JOIN "members" AS t2 ON t2."id" = t1."member_id" WHERE t1."group_id" = t0."id" AND t2."deleted_at" IS NOT NULL)"#]],
    );
}
