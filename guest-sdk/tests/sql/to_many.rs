//! Rows that belong to a row: asked about in conditions and values, and as
//! tables.

use expect_test::{Expect, expect};
use plinth::orm::{Selection, Values, schema, sum};
use plinth::prelude::*;

use crate::{created, text};

#[derive(Model, Debug)]
#[model(table = "groups")]
pub struct Group {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
    #[model(reverse = group)]
    pub people: Many<Person>,
}

#[derive(Model, Debug)]
#[model(table = "people")]
pub struct Person {
    #[model(key)]
    pub id: i32,
    pub name: String,
    pub age: i32,
    pub group: Option<ForeignKey<Group>>,
    pub friends: ManyToMany<Person>,
    #[model(table = "skills_of_people")]
    pub skills: ManyToMany<Skill>,
    #[model(through = Membership(person, club))]
    pub clubs: ManyToMany<Club>,
    #[model(reverse = person)]
    pub memberships: Many<Membership>,
}

#[derive(Model, Debug)]
#[model(table = "skills")]
pub struct Skill {
    #[model(key)]
    pub code: String,
    pub rare: bool,
}

#[derive(Model, Debug)]
#[model(table = "clubs")]
pub struct Club {
    #[model(key, auto)]
    pub id: i64,
    pub city: String,
    #[model(through = Membership(club, person))]
    pub members: ManyToMany<Person>,
}

#[derive(Model, Debug)]
#[model(table = "memberships", unique(person, club))]
pub struct Membership {
    #[model(key, auto)]
    pub id: i64,
    #[model(on_delete = cascade)]
    pub person: ForeignKey<Person>,
    #[model(on_delete = cascade)]
    pub club: ForeignKey<Club>,
    pub since: Date,
}

fn check<M: Model>(query: QuerySet<M>, expected: Expect) {
    expected.assert_eq(&text(query.to_sql()));
}

fn check_values<M: Model, S: Selection<M>>(query: Values<M, S>, expected: Expect) {
    expected.assert_eq(&text(query.to_sql()));
}

#[test]
fn whether_any_belongs_to_a_row() {
    let grown = Group::people().filter(Person::age.gte(18));
    check(
        Group::objects().filter(grown.any()),
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT t0."id", t0."name" FROM "groups" AS t0 WHERE EXISTS (SELECT 1 FROM "people" AS t1 WHERE t1."age" >= $1 AND t1."group_id" = t0."id")
        --   $1 = 18"#]],
    );
}

#[test]
fn and_the_complement() {
    check(
        Group::objects().filter(!Group::people().any()),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t0."id", t0."name" FROM "groups" AS t0 WHERE NOT EXISTS (SELECT 1 FROM "people" AS t1 WHERE t1."group_id" = t0."id")"#]],
    );
    check(
        Group::objects().exclude(Group::people().any()),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t0."id", t0."name" FROM "groups" AS t0 WHERE NOT EXISTS (SELECT 1 FROM "people" AS t1 WHERE t1."group_id" = t0."id")"#]],
    );
}

#[test]
fn of_the_row_that_a_foreign_key_points_to() {
    let rivals = Person::group().people().filter(Person::age.gt(60));
    check(
        Person::objects().filter(rivals.any()),
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT t0."id", t0."name", t0."age", t0."group_id" FROM "people" AS t0 WHERE EXISTS (SELECT 1 FROM "people" AS t1 WHERE t1."age" > $1 AND t1."group_id" = t0."group_id")
        --   $1 = 60"#]],
    );
}

#[test]
fn over_a_table_between() {
    let rare = Person::skills().filter(Skill::rare.is_true() | Skill::code.eq("x"));
    check(
        Person::objects().filter(rare.any() & Person::age.lt(9)),
        expect![[r#"
            -- SELECT (2 parameters)
            SELECT t0."id", t0."name", t0."age", t0."group_id" FROM "people" AS t0 WHERE EXISTS (SELECT 1 FROM "skills_of_people" AS t1 LEFT JOIN "skills" AS t2 ON t2."code" = t1."skill_id" WHERE (t2."rare" OR t1."skill_id" = $1) AND t1."person_id" = t0."id") AND t0."age" < $2
            --   $1 = 'x'
            --   $2 = 9"#]],
    );
}

#[test]
fn over_a_model_between() {
    let query =
        Club::objects().filter(Club::members().filter(Person::group().name().eq("a")).any());
    check(
        query,
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT t0."id", t0."city" FROM "clubs" AS t0 WHERE EXISTS (SELECT 1 FROM "memberships" AS t1 LEFT JOIN "people" AS t2 ON t2."id" = t1."person_id" LEFT JOIN "groups" AS t3 ON t3."id" = t2."group_id" WHERE t3."name" = $1 AND t1."club_id" = t0."id")
        --   $1 = 'a'"#]],
    );
}

#[test]
fn a_model_tied_to_itself() {
    let younger = Person::friends().filter(Person::age.lt(18));
    check(
        Person::objects().filter(younger.any()),
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT t0."id", t0."name", t0."age", t0."group_id" FROM "people" AS t0 WHERE EXISTS (SELECT 1 FROM "people_friends" AS t1 LEFT JOIN "people" AS t2 ON t2."id" = t1."to_person_id" WHERE t2."age" < $1 AND t1."from_person_id" = t0."id")
        --   $1 = 18"#]],
    );
}

#[test]
fn relations_of_relations() {
    let query = Group::objects().filter(
        Group::people()
            .filter(Person::clubs().filter(Club::city.eq("Bern")).any())
            .any(),
    );
    check(
        query,
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT t0."id", t0."name" FROM "groups" AS t0 WHERE EXISTS (SELECT 1 FROM "people" AS t1 WHERE EXISTS (SELECT 1 FROM "memberships" AS t2 LEFT JOIN "clubs" AS t3 ON t3."id" = t2."club_id" WHERE t3."city" = $1 AND t2."person_id" = t1."id") AND t1."group_id" = t0."id")
        --   $1 = 'Bern'"#]],
    );
}

#[test]
fn what_belongs_over_a_table_between_has_relations_too() {
    let query = Club::objects().filter(
        Club::members()
            .filter(Person::skills().filter(Skill::rare.is_true()).any())
            .any(),
    );
    check(
        query,
        expect![[r#"
        -- SELECT (0 parameters)
        SELECT t0."id", t0."city" FROM "clubs" AS t0 WHERE EXISTS (SELECT 1 FROM "memberships" AS t1 WHERE EXISTS (SELECT 1 FROM "skills_of_people" AS t2 LEFT JOIN "skills" AS t3 ON t3."code" = t2."skill_id" WHERE t3."rare" AND t2."person_id" = t1."person_id") AND t1."club_id" = t0."id")"#]],
    );
}

#[test]
fn counts_and_sums_of_them() {
    let query = Group::objects()
        .annotate((
            Group::people().count(),
            Group::people()
                .filter(Person::age.gt(3))
                .aggregate(sum(Person::age)),
        ))
        .filter(Group::people().count().gt(1))
        .order_by([Group::people().count().desc()]);
    check_values(
        query,
        expect![[r#"
        -- SELECT (2 parameters)
        SELECT t0."id", t0."name", (SELECT COUNT(*) FROM "people" AS t1 WHERE t1."group_id" = t0."id"), (SELECT SUM(t1."age") FROM "people" AS t1 WHERE t1."age" > $1 AND t1."group_id" = t0."id") FROM "groups" AS t0 WHERE (SELECT COUNT(*) FROM "people" AS t1 WHERE t1."group_id" = t0."id") > $2 ORDER BY (SELECT COUNT(*) FROM "people" AS t1 WHERE t1."group_id" = t0."id") DESC
        --   $1 = 3
        --   $2 = 1"#]],
    );
    let query = Person::objects().values((Person::id, Person::skills().count()));
    check_values(
        query,
        expect![[r#"
        -- SELECT (0 parameters)
        SELECT t0."id", (SELECT COUNT(*) FROM "skills_of_people" AS t1 WHERE t1."person_id" = t0."id") FROM "people" AS t0"#]],
    );
    let query = Club::objects().values(Club::members().aggregate(sum(Person::age)));
    check_values(
        query,
        expect![[r#"
        -- SELECT (0 parameters)
        SELECT (SELECT SUM(t2."age") FROM "memberships" AS t1 LEFT JOIN "people" AS t2 ON t2."id" = t1."person_id" WHERE t1."club_id" = t0."id") FROM "clubs" AS t0"#]],
    );
}

#[test]
fn in_an_update() {
    let update = Group::objects()
        .filter(!Group::people().any())
        .update([Group::name.set("empty")]);
    expect![[r#"
        -- UPDATE (1 parameter)
        UPDATE "groups" AS t0 SET "name" = $1 WHERE NOT EXISTS (SELECT 1 FROM "people" AS t1 WHERE t1."group_id" = t0."id")
        --   $1 = 'empty'"#]].assert_eq(&text(update.to_sql()));
}

#[test]
fn tables_between_are_made_once() {
    let metas = [
        Group::META,
        Person::META,
        Skill::META,
        Club::META,
        Membership::META,
    ];
    let tables = schema::tables(&metas);
    let names: Vec<_> = tables.iter().map(|table| &*table.name).collect();
    expect!["groups people skills clubs memberships people_friends skills_of_people"]
        .assert_eq(&names.join(" "));
    let between = tables
        .into_iter()
        .filter(|table| ["people_friends", "skills_of_people"].contains(&&*table.name));
    let ddl = created(between.collect());
    expect![[r#"
        CREATE TABLE IF NOT EXISTS "people_friends" (
          "id" bigint GENERATED BY DEFAULT AS IDENTITY,
          "from_person_id" integer NOT NULL,
          "to_person_id" integer NOT NULL,
          CONSTRAINT "people_friends_pkey" PRIMARY KEY ("id"),
          CONSTRAINT "people_friends_from_person_id_to_person_id_key" UNIQUE ("from_person_id", "to_person_id"),
          CONSTRAINT "people_friends_from_person_id_fkey" FOREIGN KEY ("from_person_id") REFERENCES "people" ("id") ON DELETE CASCADE,
          CONSTRAINT "people_friends_to_person_id_fkey" FOREIGN KEY ("to_person_id") REFERENCES "people" ("id") ON DELETE CASCADE
        );
        CREATE INDEX IF NOT EXISTS "people_friends_to_person_id_idx" ON "people_friends" ("to_person_id");
        CREATE TABLE IF NOT EXISTS "skills_of_people" (
          "id" bigint GENERATED BY DEFAULT AS IDENTITY,
          "person_id" integer NOT NULL,
          "skill_id" text NOT NULL,
          CONSTRAINT "skills_of_people_pkey" PRIMARY KEY ("id"),
          CONSTRAINT "skills_of_people_person_id_skill_id_key" UNIQUE ("person_id", "skill_id"),
          CONSTRAINT "skills_of_people_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people" ("id") ON DELETE CASCADE,
          CONSTRAINT "skills_of_people_skill_id_fkey" FOREIGN KEY ("skill_id") REFERENCES "skills" ("code") ON DELETE CASCADE
        );
        CREATE INDEX IF NOT EXISTS "skills_of_people_skill_id_idx" ON "skills_of_people" ("skill_id")"#]].assert_eq(&ddl.join(";\n"));
}
