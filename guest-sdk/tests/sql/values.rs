use expect_test::{Expect, expect};
use plinth::orm::{
    Selection, Values, avg, count, count_distinct, max, min, std_dev, sum, variance,
};
use plinth::prelude::*;

use crate::models::{Author, Book, Review};
use crate::{refusal, text};

fn check<M: Model, S: Selection<M>>(query: Values<M, S>, expected: Expect) {
    expected.assert_eq(&text(query.to_sql()));
}

/// That a query reads rows of this type.
fn reads<T, M: Model, S: Selection<M, Row = T>>(_: &Values<M, S>) {}

#[test]
fn one_column_is_a_flat_list() {
    let query = Book::objects()
        .filter(Book::stock.gt(0))
        .values(Book::title);
    reads::<String, _, _>(&query);
    check(
        query,
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT "title" FROM "books" WHERE "stock" > $1
        --   $1 = 0"#]],
    );
}

#[test]
fn several_are_a_tuple() {
    let query = Book::objects()
        .values((Book::id, Book::pages, Book::stock * 2))
        .order_by([Book::title.asc()])
        .limit(3);
    reads::<(i64, Option<i32>, i32), _, _>(&query);
    check(
        query,
        expect![[r#"
        -- SELECT (2 parameters)
        SELECT "id", "pages", ("stock" * $1) FROM "books" ORDER BY "title" ASC LIMIT $2
        --   $1 = 2
        --   $2 = 3"#]],
    );
}

#[test]
fn eight_are_the_most() {
    let query = Review::objects().values((
        Review::id,
        Review::book_id,
        Review::rating,
        Review::body,
        Review::id,
        Review::book_id,
        Review::rating,
        Review::body,
    ));
    check(
        query,
        expect![[r#"
        -- SELECT (0 parameters)
        SELECT "id", "book_id", "rating", "body", "id", "book_id", "rating", "body" FROM "reviews""#]],
    );
}

#[test]
fn values_over_a_relation_join_it() {
    check(
        Book::objects()
            .filter(Book::featured.is_true())
            .values((Book::author().name(), Book::sequel_of().title().optional())),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t1."name", t2."title" FROM "books" AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id" LEFT JOIN "books" AS t2 ON t2."id" = t0."sequel_of_id" WHERE t0."featured""#]],
    );
}

#[test]
fn what_can_be_null_is_an_option() {
    let query = Book::objects().values((Book::id, Book::sequel_of().title()));
    expect!["`books.title` can be NULL here, which its type has no place for; add `.optional()` to make it an `Option`"].assert_eq(&refusal(query.to_sql()));
    let query = Book::objects().values(Book::stock + Book::pages);
    expect!["value 1 of the query can be NULL here, which its type has no place for; add `.optional()` to make it an `Option`"].assert_eq(&refusal(query.to_sql()));
    let query = Book::objects().values((Book::stock + Book::pages).optional());
    reads::<Option<i32>, _, _>(&query);
    assert!(query.to_sql().is_ok());
}

#[test]
fn plain_columns_beside_aggregates_are_grouped_by() {
    let query = Book::objects()
        .values((
            Book::author_id,
            count(),
            count().filter(Book::stock.gt(0)),
            sum(Book::stock),
        ))
        .order_by([count().desc(), Book::author_id.asc()]);
    reads::<(i64, i64, i64, Option<i64>), _, _>(&query);
    check(
        query,
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT "author_id", COUNT(*), COUNT(*) FILTER (WHERE "stock" > $1), SUM("stock") FROM "books" GROUP BY "author_id" ORDER BY 2 DESC, "author_id" ASC
        --   $1 = 0"#]],
    );
}

#[test]
fn aggregates_alone_are_one_row() {
    check(
        Book::objects().values(count()),
        expect![[r#"
        -- SELECT (0 parameters)
        SELECT COUNT(*) FROM "books""#]],
    );
}

#[test]
fn a_group_can_be_named() {
    check(
        Book::objects()
            .values((Book::author().name(), count()))
            .group_by((Book::author_id, Book::author().name())),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t1."name", COUNT(*) FROM "books" AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id" GROUP BY t0."author_id", t1."name""#]],
    );
    check(
        Book::objects()
            .values(Book::author_id)
            .group_by(Book::author_id),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT "author_id" FROM "books" GROUP BY "author_id""#]],
    );
}

#[test]
fn an_expression_is_grouped_and_ordered_by_its_place() {
    check(
        Book::objects()
            .values((Book::stock * 2, count()))
            .order_by([(Book::stock * 2).asc(), count().desc()]),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT ("stock" * $1), COUNT(*) FROM "books" GROUP BY 1 ORDER BY 1 ASC, 2 DESC
            --   $1 = 2"#]],
    );
    check(
        Book::objects()
            .values((Book::author_id, count()))
            .group_by((Book::author_id, Book::stock - 1)),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT "author_id", COUNT(*) FROM "books" GROUP BY "author_id", ("stock" - $1)
            --   $1 = 1"#]],
    );
}

#[test]
fn a_condition_on_an_aggregate_is_on_the_group() {
    check(
        Book::objects()
            .filter(Book::featured.is_true())
            .values((Book::author_id, sum(Book::stock)))
            .having(count().gt(3) & !sum(Book::stock).lt(10)),
        expect![[r#"
            -- SELECT (2 parameters)
            SELECT "author_id", SUM("stock") FROM "books" WHERE "featured" GROUP BY "author_id" HAVING COUNT(*) > $1 AND (SUM("stock") < $2) IS NOT TRUE
            --   $1 = 3
            --   $2 = 10"#]],
    );
    check(
        Book::objects()
            .filter(count().gt(3))
            .values(Book::author_id)
            .filter(Book::stock.gt(0))
            .filter(max(Book::pages).is_not_null()),
        expect![[r#"
            -- SELECT (2 parameters)
            SELECT "author_id" FROM "books" WHERE "stock" > $1 GROUP BY "author_id" HAVING COUNT(*) > $2 AND MAX("pages") IS NOT NULL
            --   $1 = 0
            --   $2 = 3"#]],
    );
}

#[test]
fn rows_have_no_aggregates() {
    let query = Book::objects().filter(count().gt(3));
    expect!["a filter of `books` is on an aggregate, which single rows do not have; use `.values(…).having(…)`"].assert_eq(&refusal(query.to_sql()));
    let update = query.update([Book::stock.set(0)]);
    assert!(refusal(update.to_sql()).contains("aggregate"));
    let ordered = Book::objects().order_by([count().desc()]);
    expect!["rows of `books` are ordered by an aggregate, which single rows do not have; order groups by it, with `.values(…)`, or rows by one of others: `Author::books().count()`, `subquery(…)`"].assert_eq(&refusal(ordered.to_sql()));
    let set = Book::objects().update([Book::pages.set(max(Book::stock))]);
    expect!["a change of `books` sets or returns an aggregate, which single rows do not have; `subquery` computes one of other rows"].assert_eq(&refusal(set.to_sql()));
    let returned = Book::objects().update([Book::stock.set(0)]);
    let returned = returned.returning_values(count());
    assert!(refusal(returned.to_sql()).contains("sets or returns an aggregate"));
}

#[test]
fn filters_of_an_aggregate_are_joined_with_and() {
    check(
        Book::objects().values(
            sum(Book::stock)
                .filter(Book::featured.is_true())
                .filter(Book::pages.gt(1) | Book::author().name().eq("x")),
        ),
        expect![[r#"
            -- SELECT (2 parameters)
            SELECT SUM(t0."stock") FILTER (WHERE t0."featured" AND (t0."pages" > $1 OR t1."name" = $2)) FROM "books" AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id"
            --   $1 = 1
            --   $2 = 'x'"#]],
    );
}

#[test]
fn aggregates_have_the_types_that_postgres_gives() {
    let query = Book::objects().values((
        sum(Book::id),
        sum(Book::price),
        avg(Book::pages),
        min(Book::title),
        max(Book::created_at),
        count_distinct(Book::author_id),
        std_dev(Book::stock),
        variance(Book::price),
    ));
    type Row = (
        Option<Decimal>,
        Option<Decimal>,
        Option<Decimal>,
        Option<String>,
        Option<Timestamp>,
        i64,
        Option<Decimal>,
        Option<Decimal>,
    );
    reads::<Row, _, _>(&query);
    check(
        query,
        expect![[r#"
        -- SELECT (0 parameters)
        SELECT SUM("id"), SUM("price"), AVG("pages"), MIN("title"), MAX("created_at"), COUNT(DISTINCT "author_id"), STDDEV_POP("stock"), VAR_POP("price") FROM "books""#]],
    );
    let query = Review::objects().values((sum(Review::rating), avg(Review::rating * 2)));
    reads::<(Option<i64>, Option<Decimal>), _, _>(&query);
}

#[test]
fn aggregates_are_calculated_with() {
    let query = Book::objects().values(sum(Book::stock) - count() * 2);
    reads::<Option<i64>, _, _>(&query);
    check(
        query,
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT (SUM("stock") - (COUNT(*) * $1)) FROM "books"
        --   $1 = 2"#]],
    );
}

#[test]
fn distinct_values() {
    check(
        Author::objects()
            .distinct()
            .values(Author::country_id)
            .order_by([Author::country_id.asc()]),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT DISTINCT "country_id" FROM "authors" ORDER BY "country_id" ASC"#]],
    );
    expect![[r#"
        -- SELECT (0 parameters)
        SELECT "id", "name", "born", "banned", "country_id" FROM "authors""#]]
    .assert_eq(&text(Author::objects().distinct().to_sql()));
}
