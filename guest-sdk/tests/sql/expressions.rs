use expect_test::{Expect, expect};
use plinth::orm::{Expr, Selection, Values, coalesce, count, exists, max, min, sum, value, when};
use plinth::prelude::*;

use crate::models::{Book, Review, Status};
use crate::{refusal, text};

/// What is selected, and that it is a `T`.
fn check<T>(selection: impl Selection<Book, Row = T>, expected: Expect) {
    let query: Values<Book, _> = Book::objects().values(selection);
    let text = text(query.to_sql());
    let (_, selected) = text.split_once("\nSELECT ").expect("it selects");
    expected.assert_eq(&selected.replace(" FROM \"books\"", ""));
}

#[test]
fn arithmetic_keeps_its_parentheses() {
    check::<i32>(
        Book::stock / 2 % 3 * -Book::stock,
        expect![[r#"
        ((("stock" / $1) % $2) * (-"stock"))
        --   $1 = 2
        --   $2 = 3"#]],
    );
    check::<i32>(
        -(-Book::stock) - -1,
        expect![[r#"
            ((-(-"stock")) - $1)
            --   $1 = '-1'::int4"#]],
    );
    check::<Option<i32>>(
        Book::pages / Book::stock,
        expect![[r#"("pages" / "stock")"#]],
    );
    check::<Option<i64>>(
        -sum(Book::stock) / count(),
        expect![[r#"((-SUM("stock")) / COUNT(*))"#]],
    );
    check::<Decimal>(
        Book::price * Decimal::new(121, 2) % 5,
        expect![[r#"
            (("price" * $1) % $2)
            --   $1 = 1.21
            --   $2 = '5'::numeric"#]],
    );
}

#[test]
fn a_value_may_stand_first() {
    check::<i32>(
        value(100) - Book::stock,
        expect![[r#"
        ($1 - "stock")
        --   $1 = 100"#]],
    );
    check::<String>(
        value("it's"),
        expect![[r#"
        $1
        --   $1 = 'it''s'"#]],
    );
}

#[test]
fn coalesce_takes_the_null_away() {
    check::<i32>(
        coalesce(Book::pages, 0),
        expect![[r#"
        COALESCE("pages", $1)
        --   $1 = 0"#]],
    );
    check::<i64>(
        coalesce(sum(Book::pages), 0),
        expect![[r#"
        COALESCE(SUM("pages"), $1)
        --   $1 = 0"#]],
    );
    let nested = coalesce(Book::sequel_of().title().optional(), Book::title);
    let text = text(Book::objects().values(nested).to_sql());
    assert!(
        text.contains(r#"COALESCE(t1."title", t0."title")"#),
        "{text}"
    );
    let first = coalesce(Book::pages, Book::sequel_of().pages());
    expect!["value 1 of the query can be NULL here, which its type has no place for; add `.optional()` to make it an `Option`"].assert_eq(&refusal(Book::objects().values(first.clone()).to_sql()));
    check_flat(coalesce(first.optional(), 0));
}

/// That one COALESCE in another is one of three.
fn check_flat(expression: Expr<Book, i32>) {
    let text = text(Book::objects().values(expression).to_sql());
    assert!(
        text.contains(r#"COALESCE(t0."pages", t1."pages", $1)"#),
        "{text}"
    );
}

#[test]
fn functions_of_text() {
    check::<(String, String, String, i32)>(
        (
            Book::title.lower(),
            Book::title.trim().upper(),
            Book::author().name().lower(),
            Book::title.length(),
        ),
        expect![[
            r#"LOWER(t0."title"), UPPER(BTRIM(t0."title")), LOWER(t1."name"), LENGTH(t0."title") AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id""#
        ]],
    );
    let query = Book::objects().filter(
        Book::title.lower().starts_with("100%") & !Book::sequel_of().title().upper().eq("X"),
    );
    let text = text(query.to_sql());
    let (_, condition) = text.split_once(" WHERE ").expect("it has a condition");
    expect![[r#"
        LOWER(t0."title") LIKE $1 ESCAPE '\' AND (UPPER(t1."title") = $2) IS NOT TRUE
        --   $1 = '100\%%'
        --   $2 = 'X'"#]]
    .assert_eq(condition);
}

#[test]
fn the_first_true_condition_has_the_value() {
    let reviewed = || exists(Review::objects().correlate(Review::book_id, Book::id));
    check::<String>(
        when(Book::pages.gt(500), "long")
            .when(!Book::pages.gt(100), Book::title)
            .otherwise("it's fine"),
        expect![[r#"
            CASE WHEN "pages" > $1 THEN $2 WHEN (NOT ("pages" > $3) OR "pages" IS NULL) THEN "title" ELSE $4 END
            --   $1 = 500
            --   $2 = 'long'
            --   $3 = 100
            --   $4 = 'it''s fine'"#]],
    );
    check::<Option<i32>>(
        when(reviewed(), 1).or_null(),
        expect![[r#"
        CASE WHEN EXISTS (SELECT 1 FROM "reviews" AS t1 WHERE t1."book_id" = t0."id") THEN $1 END AS t0
        --   $1 = 1"#]],
    );
    check::<Status>(
        when(Book::stock.eq(0), Status::OutOfPrint).otherwise(Book::status),
        expect![[r#"
            CASE WHEN "stock" = $1 THEN $2 ELSE "status" END
            --   $1 = 0
            --   $2 = 'out of print'"#]],
    );
    let can_be_null = when(Book::stock.eq(0), Book::stock).otherwise(Book::pages);
    assert!(refusal(Book::objects().values(can_be_null).to_sql()).contains("can be NULL"));
}

#[test]
fn casts() {
    check::<(i64, Decimal, String, Vec<String>)>(
        (
            Book::stock.cast::<i64>(),
            Book::stock.cast(),
            Book::status.cast(),
            Book::tags.cast(),
        ),
        expect![[
            r#"CAST("stock" AS bigint), CAST("stock" AS numeric), CAST("status" AS text), CAST("tags" AS text[])"#
        ]],
    );
    check::<Option<i64>>(
        Book::pages.cast::<Option<i64>>(),
        expect![[r#"CAST("pages" AS bigint)"#]],
    );
    let query = Book::objects().values(Book::pages.cast::<i64>());
    assert!(refusal(query.to_sql()).contains("can be NULL"));
}

#[test]
fn expressions_are_grouped_updated_and_ordered_by() {
    let shelf = || when(Book::stock.gt(10), "full").otherwise("some");
    let query = Book::objects()
        .values((shelf(), count(), max(Book::title.length())))
        .order_by([shelf().asc(), min(Book::price).desc()]);
    expect![[r#"
        -- SELECT (3 parameters)
        SELECT CASE WHEN "stock" > $1 THEN $2 ELSE $3 END, COUNT(*), MAX(LENGTH("title")) FROM "books" GROUP BY 1 ORDER BY 1 ASC, MIN("price") DESC
        --   $1 = 10
        --   $2 = 'full'
        --   $3 = 'some'"#]].assert_eq(&text(query.to_sql()));
    let update = Book::objects().update([Book::stock.set(
        when(
            exists(Review::objects().correlate(Review::book_id, Book::id)),
            1,
        )
        .otherwise(Book::stock),
    )]);
    expect![[r#"
        -- UPDATE (1 parameter)
        UPDATE "books" AS t0 SET "stock" = CASE WHEN EXISTS (SELECT 1 FROM "reviews" AS t1 WHERE t1."book_id" = t0."id") THEN $1 ELSE t0."stock" END, "updated_at" = now()
        --   $1 = 1"#]].assert_eq(&text(update.to_sql()));
}
