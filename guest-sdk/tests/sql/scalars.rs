use expect_test::{Expect, expect};
use plinth::orm::{Selection, avg, coalesce, count, exists, subquery, sum};
use plinth::prelude::*;

use crate::models::{Author, Book, Review};
use crate::{refusal, text};

/// What is selected of authors, and that it is a `T`.
fn check<T>(selection: impl Selection<Author, Row = T>, expected: Expect) {
    let text = text(Author::objects().values(selection).to_sql());
    let (_, selected) = text.split_once("\nSELECT ").expect("it selects");
    expected.assert_eq(&selected.replace(" FROM \"authors\" AS t0", ""));
}

/// What follows WHERE.
fn check_where<M: Model>(query: QuerySet<M>, expected: Expect) {
    let text = text(query.to_sql());
    let (_, condition) = text.split_once(" WHERE ").expect("it has a condition");
    expected.assert_eq(condition);
}

#[test]
fn the_first_of_an_ordering_is_a_value() {
    let books = || Book::objects().correlate(Book::author_id, Author::id);
    check::<(Option<String>, Option<i32>)>(
        (
            subquery(
                books()
                    .filter(Book::stock.gt(0))
                    .order_by([Book::pages.desc()])
                    .values(Book::title)
                    .limit(1),
            ),
            subquery(
                books()
                    .values(Book::pages)
                    .order_by([Book::id.asc()])
                    .limit(1),
            ),
        ),
        expect![[r#"
            (SELECT t1."title" FROM "books" AS t1 WHERE t1."author_id" = t0."id" AND t1."stock" > $1 ORDER BY t1."pages" DESC LIMIT $2), (SELECT t1."pages" FROM "books" AS t1 WHERE t1."author_id" = t0."id" ORDER BY t1."id" ASC LIMIT $3)
            --   $1 = 0
            --   $2 = 1
            --   $3 = 1"#]],
    );
}

#[test]
fn an_aggregate_keeps_its_type() {
    let books = || Book::objects().correlate(Book::author_id, Author::id);
    check::<(i64, Option<i64>, i64)>(
        (
            subquery(books().values(count())),
            subquery(books().values(sum(Book::stock))),
            coalesce(subquery(books().values(sum(Book::stock))), 0),
        ),
        expect![[r#"
            (SELECT COUNT(*) FROM "books" AS t1 WHERE t1."author_id" = t0."id"), (SELECT SUM(t1."stock") FROM "books" AS t1 WHERE t1."author_id" = t0."id"), COALESCE((SELECT SUM(t1."stock") FROM "books" AS t1 WHERE t1."author_id" = t0."id"), $1)
            --   $1 = 0"#]],
    );
    // Of groups there may be none.
    let groups = || subquery(books().values(count()).having(count().gt(3)));
    assert!(refusal(Author::objects().values(groups()).to_sql()).contains("can be NULL"));
    check::<Option<i64>>(
        groups().optional(),
        expect![[r#"
        (SELECT COUNT(*) FROM "books" AS t1 WHERE t1."author_id" = t0."id" HAVING COUNT(*) > $1)
        --   $1 = 3"#]],
    );
    let sliced = subquery(books().values(count()).limit(0));
    assert!(refusal(Author::objects().values(sliced).to_sql()).contains("can be NULL"));
}

#[test]
fn a_query_of_its_own_is_a_value_too() {
    check_where(
        Book::objects().filter(Book::price.gt(subquery(Book::objects().values(avg(Book::price))))),
        expect![[r#"t0."price" > (SELECT AVG(t1."price") FROM "books" AS t1)"#]],
    );
}

#[test]
fn the_complement_of_a_comparison_holds_where_there_is_no_row() {
    let rating = || {
        let reviews = Review::objects().correlate(Review::book_id, Book::id);
        subquery(reviews.values(Review::rating).limit(1))
    };
    check_where(
        Book::objects().exclude(rating().eq(5)),
        expect![[r#"
        ((SELECT t1."rating" FROM "reviews" AS t1 WHERE t1."book_id" = t0."id" LIMIT $1) = $2) IS NOT TRUE
        --   $1 = 1
        --   $2 = 5"#]],
    );
    let counted = || {
        let reviews = Review::objects().correlate(Review::book_id, Book::id);
        subquery(reviews.values(count()))
    };
    check_where(
        Book::objects().exclude(counted().gt(5)),
        expect![[r#"
        NOT ((SELECT COUNT(*) FROM "reviews" AS t1 WHERE t1."book_id" = t0."id") > $1)
        --   $1 = 5"#]],
    );
}

#[test]
fn it_is_ordered_by_and_set() {
    let reviews = || Review::objects().correlate(Review::book_id, Book::id);
    let query = Book::objects().order_by([subquery(reviews().values(count())).desc()]);
    assert!(text(query.to_sql()).ends_with(
        r#"ORDER BY (SELECT COUNT(*) FROM "reviews" AS t1 WHERE t1."book_id" = t0."id") DESC"#
    ));
    let ratings = reviews().values(sum(Review::rating));
    let update =
        Book::objects().update([Book::stock.set(coalesce(subquery(ratings), 0).cast::<i32>())]);
    expect![[r#"
        -- UPDATE (1 parameter)
        UPDATE "books" AS t0 SET "stock" = CAST(COALESCE((SELECT SUM(t1."rating") FROM "reviews" AS t1 WHERE t1."book_id" = t0."id"), $1) AS integer), "updated_at" = now()
        --   $1 = 0"#]].assert_eq(&text(update.to_sql()));
}

#[test]
fn it_is_grouped_by_its_place() {
    let books = Book::objects()
        .filter(Book::stock.gt(3))
        .correlate(Book::author_id, Author::id);
    check::<(i64, i64)>(
        (subquery(books.values(count())), count()),
        expect![[r#"
        (SELECT COUNT(*) FROM "books" AS t1 WHERE t1."stock" > $1 AND t1."author_id" = t0."id"), COUNT(*) GROUP BY 1
        --   $1 = 3"#]],
    );
}

#[test]
fn a_column_is_in_a_correlated_query() {
    let ratings = Review::objects()
        .correlate(Review::book_id, Book::id)
        .filter(Review::body.contains("x"))
        .values(Review::rating.cast::<i32>());
    check_where(
        Book::objects().filter(Book::stock.is_in_query(ratings)),
        expect![[r#"
            t0."stock" IN (SELECT CAST(t1."rating" AS integer) FROM "reviews" AS t1 WHERE t1."book_id" = t0."id" AND t1."body" LIKE $1 ESCAPE '\')
            --   $1 = '%x%'"#]],
    );
}

#[test]
fn groups_are_asked_whether_there_are_any() {
    let twice = Review::objects()
        .correlate(Review::book_id, Book::id)
        .values(Review::rating)
        .having(count().gt(1));
    check_where(
        Book::objects().exclude(exists(twice)),
        expect![[r#"
        NOT EXISTS (SELECT t1."rating" FROM "reviews" AS t1 WHERE t1."book_id" = t0."id" GROUP BY t1."rating" HAVING COUNT(*) > $1)
        --   $1 = 1"#]],
    );
}

#[test]
fn a_subquery_stands_in_another() {
    let reviews = Review::objects()
        .correlate(Review::book_id, Book::id)
        .values(count());
    let books = Book::objects()
        .filter(subquery(reviews).gt(2))
        .correlate(Book::author_id, Author::id)
        .values(count());
    check::<i64>(
        subquery(books),
        expect![[r#"
        (SELECT COUNT(*) FROM "books" AS t1 WHERE (SELECT COUNT(*) FROM "reviews" AS t2 WHERE t2."book_id" = t1."id") > $1 AND t1."author_id" = t0."id")
        --   $1 = 2"#]],
    );
}
