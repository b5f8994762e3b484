use expect_test::{Expect, expect};
use plinth::orm::{QuerySet, count};

use crate::models::{Author, Book, Country, Player, Review};
use crate::{refusal, text};

fn check<M: plinth::Model>(query: &QuerySet<M>, expected: Expect) {
    expected.assert_eq(&text(query.to_sql()));
}

#[test]
fn all_rows_of_a_table() {
    check(
        &Country::objects(),
        expect![[r#"
        -- SELECT (0 parameters)
        SELECT "code", "name" FROM "countries""#]],
    );
}

#[test]
fn filters_are_joined_with_and() {
    check(
        &Country::objects()
            .filter(Country::code.eq("NL"))
            .filter(Country::name.gt("M")),
        expect![[r#"
            -- SELECT (2 parameters)
            SELECT "code", "name" FROM "countries" WHERE "code" = $1 AND "name" > $2
            --   $1 = 'NL'
            --   $2 = 'M'"#]],
    );
}

#[test]
fn slices_are_parameters_after_those_of_the_conditions() {
    check(
        &Country::objects()
            .filter(Country::code.eq("NL"))
            .order_by([Country::name.desc(), Country::code.asc()])
            .limit(10)
            .offset(20),
        expect![[r#"
            -- SELECT (3 parameters)
            SELECT "code", "name" FROM "countries" WHERE "code" = $1 ORDER BY "name" DESC, "code" ASC LIMIT $2 OFFSET $3
            --   $1 = 'NL'
            --   $2 = 10
            --   $3 = 20"#]],
    );
}

#[test]
fn a_later_ordering_replaces_the_one_before() {
    check(
        &Country::objects()
            .order_by([Country::name.desc()])
            .order_by([Country::code.asc()]),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT "code", "name" FROM "countries" ORDER BY "code" ASC"#]],
    );
}

#[test]
fn a_limit_beyond_bigint_is_all() {
    check(
        &Country::objects().limit(u64::MAX),
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT "code", "name" FROM "countries" LIMIT $1
        --   $1 = 9223372036854775807"#]],
    );
}

#[test]
fn a_relation_is_a_left_join() {
    check(
        &Review::objects()
            .filter(Review::book().title().eq("Dune"))
            .order_by([Review::book().author().name().asc(), Review::id.desc()]),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 LEFT JOIN "books" AS t1 ON t1."id" = t0."book_id" LEFT JOIN "authors" AS t2 ON t2."id" = t1."author_id" WHERE t1."title" = $1 ORDER BY t2."name" ASC, t0."id" DESC
            --   $1 = 'Dune'"#]],
    );
}

#[test]
fn the_key_over_a_relation_needs_no_join() {
    check(
        &Review::objects().filter(Review::book().id().eq(7)),
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT "id", "book_id", "rating", "body" FROM "reviews" WHERE "book_id" = $1
        --   $1 = 7"#]],
    );
    check(
        &Review::objects().filter(Review::book().author().id().eq(7)),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 LEFT JOIN "books" AS t1 ON t1."id" = t0."book_id" WHERE t1."author_id" = $1
            --   $1 = 7"#]],
    );
}

#[test]
fn one_relation_is_joined_once() {
    check(
        &Review::objects()
            .filter(Review::book().title().eq("Dune") & Review::book().isbn().is_in(["1", "2"])),
        expect![[r#"
            -- SELECT (2 parameters)
            SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 LEFT JOIN "books" AS t1 ON t1."id" = t0."book_id" WHERE t1."title" = $1 AND t1."isbn" = ANY($2)
            --   $1 = 'Dune'
            --   $2 = '{1,2}'::text[]"#]],
    );
}

#[test]
fn two_relations_to_one_table_are_two_joins() {
    check(
        &Review::objects().filter(
            Review::book()
                .title()
                .eq(Review::book().sequel_of().title()),
        ),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 LEFT JOIN "books" AS t1 ON t1."id" = t0."book_id" LEFT JOIN "books" AS t2 ON t2."id" = t1."sequel_of_id" WHERE t1."title" = t2."title""#]],
    );
}

#[test]
fn four_hops_and_no_more() {
    let path = Review::book().sequel_of().sequel_of().sequel_of();
    check(
        &Review::objects().filter(path.title().eq("Dune")),
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 LEFT JOIN "books" AS t1 ON t1."id" = t0."book_id" LEFT JOIN "books" AS t2 ON t2."id" = t1."sequel_of_id" LEFT JOIN "books" AS t3 ON t3."id" = t2."sequel_of_id" LEFT JOIN "books" AS t4 ON t4."id" = t3."sequel_of_id" WHERE t4."title" = $1
        --   $1 = 'Dune'"#]],
    );
    let query = Review::objects().filter(path.author().country().name().eq("NL"));
    expect!["a path follows more than 4 relations; filter in two queries instead"]
        .assert_eq(&refusal(query.to_sql()));
    let query = Review::objects().select_related(path.author().country());
    expect!["a path follows more than 4 relations; filter in two queries instead"]
        .assert_eq(&refusal(query.to_sql()));
}

#[test]
fn related_rows_follow_in_the_order_of_the_fields() {
    check(
        &Player::objects().select_related(Player::team().captain()),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t0."id", t0."team_id", t0."type", t0."form", t1."id", t1."captain_id", t2."id", t2."team_id", t2."type", t2."form" FROM "players" AS t0 LEFT JOIN "teams" AS t1 ON t1."id" = t0."team_id" LEFT JOIN "players" AS t2 ON t2."id" = t1."captain_id""#]],
    );
    check(
        &Author::objects()
            .select_related(Author::country())
            .filter(Author::country().name().eq("x")),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT t0."id", t0."name", t0."born", t0."banned", t0."country_id", t1."code", t1."name" FROM "authors" AS t0 LEFT JOIN "countries" AS t1 ON t1."code" = t0."country_id" WHERE t1."name" = $1
            --   $1 = 'x'"#]],
    );
}

#[test]
fn a_function_can_return_a_query() {
    fn featured() -> QuerySet<Book> {
        Book::objects().filter(Book::featured.is_true())
    }
    let text = text(featured().limit(1).to_sql());
    assert!(
        text.contains(r#"FROM "books" WHERE "featured" LIMIT $1"#),
        "{text}"
    );
}

#[test]
fn a_clone_is_a_query_of_its_own() {
    let query = Country::objects().filter(Country::code.eq("NL"));
    let narrow = query.clone().filter(Country::name.eq("x")).limit(1);
    assert_eq!(query.to_sql().unwrap().parameter_types().len(), 1);
    assert_eq!(narrow.to_sql().unwrap().parameter_types().len(), 3);
}

#[test]
fn null_has_its_place_in_an_ordering() {
    check(
        &Author::objects().filter(Author::name.eq("x")).order_by([
            Author::born.asc().nulls_first(),
            Author::born.desc().nulls_last(),
            Author::born.asc().nulls_last(),
            Author::name.desc().nulls_last(),
        ]),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT "id", "name", "born", "banned", "country_id" FROM "authors" WHERE "name" = $1 ORDER BY "born" ASC NULLS FIRST, "born" DESC NULLS LAST, "born" ASC, "name" DESC
            --   $1 = 'x'"#]],
    );
}

#[test]
fn rows_are_locked_but_not_those_joined_to_them() {
    check(
        &Country::objects().limit(1).for_update(),
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT "code", "name" FROM "countries" LIMIT $1 FOR UPDATE
        --   $1 = 1"#]],
    );
    check(
        &Country::objects().for_update().nowait(),
        expect![[r#"
        -- SELECT (0 parameters)
        SELECT "code", "name" FROM "countries" FOR UPDATE NOWAIT"#]],
    );
    check(
        &Player::objects()
            .filter(Player::team().captain_id().is_null())
            .for_update()
            .skip_locked(),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t0."id", t0."team_id", t0."type", t0."form" FROM "players" AS t0 LEFT JOIN "teams" AS t1 ON t1."id" = t0."team_id" WHERE t1."captain_id" IS NULL FOR UPDATE OF t0 SKIP LOCKED"#]],
    );
    let distinct = Country::objects().distinct().for_update();
    assert!(text(distinct.to_sql()).ends_with(r#" FROM "countries" FOR UPDATE"#));
    let names = distinct.values(Country::name);
    expect!["`for_update` on `countries` cannot lock groups or distinct `values`; lock the rows by their keys"].assert_eq(&refusal(names.to_sql()));
    let groups = Country::objects().for_update().values(count());
    assert!(refusal(groups.to_sql()).contains("cannot lock groups"));
}

#[test]
fn a_query_in_another_locks_its_rows() {
    let next = Country::objects().order_by([Country::name.asc()]).limit(1);
    let next = next.skip_locked().values(Country::code);
    let take = Country::objects().filter(Country::code.is_in_query(next));
    let take = take.update([Country::name.set("taken")]);
    expect![[r#"
        -- UPDATE (2 parameters)
        UPDATE "countries" AS t0 SET "name" = $1 WHERE t0."code" IN (SELECT t1."code" FROM "countries" AS t1 ORDER BY t1."name" ASC LIMIT $2 FOR UPDATE SKIP LOCKED)
        --   $1 = 'taken'
        --   $2 = 1"#]].assert_eq(&text(take.to_sql()));
}
