use expect_test::{Expect, expect};
use plinth::orm::{Q, count, exists};
use plinth::prelude::*;

use crate::models::{Author, Book, Country, Review};
use crate::{refusal, text};

/// What follows FROM.
fn check<M: Model>(query: QuerySet<M>, expected: Expect) {
    let text = text(query.to_sql());
    let (_, tables) = text.split_once(" FROM ").expect("it has a table");
    expected.assert_eq(tables);
}

/// Books that some review gives a rating.
fn rated(rating: i16) -> Q<Book> {
    let reviews = Review::objects().filter(Review::rating.eq(rating));
    exists(reviews.correlate(Review::book_id, Book::id))
}

#[test]
fn exists_reads_nothing_of_its_rows() {
    check(
        Book::objects().filter(Book::stock.gt(0) & rated(5)),
        expect![[r#"
            "books" AS t0 WHERE t0."stock" > $1 AND EXISTS (SELECT 1 FROM "reviews" AS t1 WHERE t1."rating" = $2 AND t1."book_id" = t0."id")
            --   $1 = 0
            --   $2 = 5"#]],
    );
}

#[test]
fn the_complement_is_not_exists() {
    check(
        Book::objects().filter(!rated(1)),
        expect![[r#"
        "books" AS t0 WHERE NOT EXISTS (SELECT 1 FROM "reviews" AS t1 WHERE t1."rating" = $1 AND t1."book_id" = t0."id")
        --   $1 = 1"#]],
    );
    check(
        Book::objects().exclude(rated(1)),
        expect![[r#"
        "books" AS t0 WHERE NOT EXISTS (SELECT 1 FROM "reviews" AS t1 WHERE t1."rating" = $1 AND t1."book_id" = t0."id")
        --   $1 = 1"#]],
    );
    check(
        Book::objects().exclude(rated(1) | Book::pages.gt(3)),
        expect![[r#"
            "books" AS t0 WHERE (EXISTS (SELECT 1 FROM "reviews" AS t1 WHERE t1."rating" = $1 AND t1."book_id" = t0."id") OR t0."pages" > $2) IS NOT TRUE
            --   $1 = 1
            --   $2 = 3"#]],
    );
}

#[test]
fn a_model_is_correlated_with_itself() {
    let sequels = Book::objects().filter(Book::stock.gt(0));
    check(
        Book::objects().filter(exists(sequels.correlate(Book::sequel_of_id, Book::id))),
        expect![[r#"
            "books" AS t0 WHERE EXISTS (SELECT 1 FROM "books" AS t1 WHERE t1."stock" > $1 AND t1."sequel_of_id" = t0."id")
            --   $1 = 0"#]],
    );
}

#[test]
fn names_of_tables_are_never_used_twice() {
    let sequels = Book::objects()
        .filter(Book::author().name().eq("a"))
        .filter(rated(5))
        .correlate(Book::sequel_of_id, Book::id);
    check(
        Book::objects()
            .filter(Book::author().country().name().eq("b"))
            .filter(exists(sequels)),
        expect![[r#"
            "books" AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id" LEFT JOIN "countries" AS t2 ON t2."code" = t1."country_id" WHERE t2."name" = $1 AND EXISTS (SELECT 1 FROM "books" AS t3 LEFT JOIN "authors" AS t4 ON t4."id" = t3."author_id" WHERE t4."name" = $2 AND EXISTS (SELECT 1 FROM "reviews" AS t5 WHERE t5."rating" = $3 AND t5."book_id" = t3."id") AND t3."sequel_of_id" = t0."id")
            --   $1 = 'b'
            --   $2 = 'a'
            --   $3 = 5"#]],
    );
}

#[test]
fn the_column_around_may_be_over_a_relation() {
    let same = Author::objects()
        .filter(Author::name.eq("a"))
        .correlate(Author::country_id, Book::author().country().code());
    check(
        Book::objects().filter(exists(same)),
        expect![[r#"
        "books" AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id" WHERE EXISTS (SELECT 1 FROM "authors" AS t2 WHERE t2."name" = $1 AND t2."country_id" = t1."country_id")
        --   $1 = 'a'"#]],
    );
}

#[test]
fn correlated_twice() {
    let twins = Book::objects()
        .correlate(Book::title, Book::title)
        .correlate(Book::author_id, Book::author_id);
    check(
        Book::objects().filter(exists(twins)),
        expect![[
            r#""books" AS t0 WHERE EXISTS (SELECT 1 FROM "books" AS t1 WHERE t1."title" = t0."title" AND t1."author_id" = t0."author_id")"#
        ]],
    );
}

#[test]
fn a_column_is_in_a_query() {
    let dutch = Author::objects()
        .filter(Author::country().name().eq("NL"))
        .order_by([Author::name.asc()])
        .values(Author::id);
    check(
        Book::objects().filter(Book::author_id.is_in_query(dutch.clone())),
        expect![[r#"
            "books" AS t0 WHERE t0."author_id" IN (SELECT t1."id" FROM "authors" AS t1 LEFT JOIN "countries" AS t2 ON t2."code" = t1."country_id" WHERE t2."name" = $1)
            --   $1 = 'NL'"#]],
    );
    check(
        Book::objects().filter(!Book::author_id.is_in_query(dutch.limit(3))),
        expect![[r#"
            "books" AS t0 WHERE NOT (t0."author_id" IN (SELECT t1."id" FROM "authors" AS t1 LEFT JOIN "countries" AS t2 ON t2."code" = t1."country_id" WHERE t2."name" = $1 ORDER BY t1."name" ASC LIMIT $2))
            --   $1 = 'NL'
            --   $2 = 3"#]],
    );
}

#[test]
fn a_null_among_the_values_loses_no_row() {
    let countries = Author::objects().values(Author::country_id);
    check(
        Country::objects().filter(!Country::code.is_in_query(countries)),
        expect![[
            r#""countries" AS t0 WHERE (t0."code" IN (SELECT t1."country_id" FROM "authors" AS t1)) IS NOT TRUE"#
        ]],
    );
    let codes = Country::objects().values(Country::code);
    check(
        Author::objects().filter(!Author::country_id.is_in_query(codes)),
        expect![[
            r#""authors" AS t0 WHERE (NOT (t0."country_id" IN (SELECT t1."code" FROM "countries" AS t1)) OR t0."country_id" IS NULL)"#
        ]],
    );
}

#[test]
fn the_values_can_be_of_groups() {
    let busy = Book::objects()
        .values(Book::author_id)
        .having(count().gt(3));
    check(
        Author::objects().filter(Author::id.is_in_query(busy)),
        expect![[r#"
            "authors" AS t0 WHERE t0."id" IN (SELECT t1."author_id" FROM "books" AS t1 GROUP BY t1."author_id" HAVING COUNT(*) > $1)
            --   $1 = 3"#]],
    );
}

#[test]
fn updates_and_deletions_ask_too() {
    let update = Book::objects()
        .filter(!rated(5))
        .update([Book::stock.set(Book::stock - 1)]);
    expect![[r#"
        -- UPDATE (2 parameters)
        UPDATE "books" AS t0 SET "stock" = (t0."stock" - $1), "updated_at" = now() WHERE NOT EXISTS (SELECT 1 FROM "reviews" AS t1 WHERE t1."rating" = $2 AND t1."book_id" = t0."id")
        --   $1 = 1
        --   $2 = 5"#]].assert_eq(&text(update.to_sql()));
    let over_a_relation = Book::objects()
        .filter(Book::author().name().eq("a") & rated(5))
        .update([Book::stock.set(0)]);
    expect![[r#"
        -- UPDATE (3 parameters)
        UPDATE "books" SET "stock" = $1, "updated_at" = now() WHERE "id" IN (SELECT t0."id" FROM "books" AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id" WHERE t1."name" = $2 AND EXISTS (SELECT 1 FROM "reviews" AS t2 WHERE t2."rating" = $3 AND t2."book_id" = t0."id"))
        --   $1 = 0
        --   $2 = 'a'
        --   $3 = 5"#]].assert_eq(&text(over_a_relation.to_sql()));
}

#[test]
fn an_aggregate_is_no_condition_on_the_rows_of_a_subquery() {
    let query = Review::objects()
        .filter(count().gt(3))
        .correlate(Review::book_id, Book::id);
    assert!(refusal(Book::objects().filter(exists(query)).to_sql()).contains("aggregate"));
}

#[test]
fn a_column_of_the_query_around_can_be_in_any_condition() {
    let longer = Book::objects()
        .correlate(Book::author_id, Author::id)
        .filter_outer(Author::name, |name| !Book::title.contains(name));
    check(
        Author::objects().filter(exists(longer)),
        expect![[
            r#""authors" AS t0 WHERE EXISTS (SELECT 1 FROM "books" AS t1 WHERE t1."author_id" = t0."id" AND NOT (t1."title" LIKE ('%' || REPLACE(REPLACE(REPLACE(t0."name", '\', '\\'), '%', '\%'), '_', '\_') || '%') ESCAPE '\'))"#
        ]],
    );
    let of_sequel = Book::objects()
        .correlate(Book::sequel_of_id, Book::id)
        .filter_outer(Book::pages, |pages| !Book::pages.gt(pages));
    check(
        Book::objects().filter(exists(of_sequel)),
        expect![[
            r#""books" AS t0 WHERE EXISTS (SELECT 1 FROM "books" AS t1 WHERE t1."sequel_of_id" = t0."id" AND (t1."pages" > t0."pages") IS NOT TRUE)"#
        ]],
    );
}

#[test]
fn a_column_of_the_query_around_is_not_one_of_another() {
    let nested = Book::objects()
        .correlate(Book::sequel_of_id, Book::id)
        .filter_outer(Book::stock, |stock| {
            let poorer = Book::objects().filter(Book::stock.lt(stock));
            Book::id.is_in_query(poorer.values(Book::id))
        });
    expect!["a column of the query around, as `filter_outer` gives it, is for the condition that it is given for, and not for a query inside that"].assert_eq(&refusal(Book::objects().filter(exists(nested)).to_sql()));
    let mut kept = None;
    let _ = Book::objects()
        .correlate(Book::author_id, Author::id)
        .filter_outer(Author::name, |name| {
            kept = Some(Book::title.eq(name.clone()));
            Book::title.eq(name)
        });
    let elsewhere = Book::objects().filter(kept.expect("the condition"));
    assert!(refusal(elsewhere.to_sql()).contains("filter_outer"));
}
