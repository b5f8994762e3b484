use std::ops::RangeInclusive;

use expect_test::{Expect, expect};
use plinth::orm::{
    Selection, Values, array_agg, bool_and, bool_or, count, count_of, cume_dist, dense_rank,
    first_value, lag, last_value, lead, nth_value, ntile, percent_rank, rank, row_number,
    string_agg, sum, window,
};

use crate::models::Book;
use crate::{refusal, text};

/// What is selected, and that it is a `T`.
fn check<T>(selection: impl Selection<Book, Row = T>, expected: Expect) {
    let query: Values<Book, _> = Book::objects().values(selection);
    let text = text(query.to_sql());
    let (_, selected) = text.split_once("\nSELECT ").expect("it selects");
    expected.assert_eq(&selected.replace(" FROM \"books\"", ""));
}

#[test]
fn ranks() {
    let by_price = window().order_by([Book::price.desc(), Book::pages.asc().nulls_first()]);
    check::<(i64, i64, i64, f64, f64, i32)>(
        (
            row_number().over(window()),
            rank().over(by_price.clone()),
            dense_rank().over(by_price.clone()),
            percent_rank().over(by_price.clone()),
            cume_dist().over(by_price.clone()),
            ntile(4).over(by_price),
        ),
        expect![[r#"
            ROW_NUMBER() OVER (), RANK() OVER (ORDER BY "price" DESC, "pages" ASC NULLS FIRST), DENSE_RANK() OVER (ORDER BY "price" DESC, "pages" ASC NULLS FIRST), PERCENT_RANK() OVER (ORDER BY "price" DESC, "pages" ASC NULLS FIRST), CUME_DIST() OVER (ORDER BY "price" DESC, "pages" ASC NULLS FIRST), NTILE($1) OVER (ORDER BY "price" DESC, "pages" ASC NULLS FIRST)
            --   $1 = 4"#]],
    );
}

#[test]
fn a_partition_is_of_columns_and_expressions() {
    check::<i64>(
        row_number().over(
            window()
                .partition_by((Book::author().name(), Book::stock / 10))
                .order_by([Book::id.asc()]),
        ),
        expect![[r#"
            ROW_NUMBER() OVER (PARTITION BY t1."name", (t0."stock" / $1) ORDER BY t0."id" ASC) AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id"
            --   $1 = 10"#]],
    );
}

#[test]
fn values_of_other_rows_can_be_missing() {
    let by_id = || window().order_by([Book::id.asc()]);
    check::<(Option<i32>, Option<i32>, Option<String>)>(
        (
            lag(Book::stock, 1).over(by_id()),
            lead(Book::pages, 2).over(by_id()),
            nth_value(Book::title, 3).over(by_id()),
        ),
        expect![[r#"
            LAG("stock", $1) OVER (ORDER BY "id" ASC), LEAD("pages", $2) OVER (ORDER BY "id" ASC), NTH_VALUE("title", $3) OVER (ORDER BY "id" ASC)
            --   $1 = 1
            --   $2 = 2
            --   $3 = 3"#]],
    );
    check::<(String, Option<i32>)>(
        (
            first_value(Book::title).over(by_id()),
            last_value(Book::pages).over(by_id().rows(..)),
        ),
        expect![[
            r#"FIRST_VALUE("title") OVER (ORDER BY "id" ASC), LAST_VALUE("pages") OVER (ORDER BY "id" ASC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"#
        ]],
    );
    let may_be_empty = || first_value(Book::title).over(by_id().rows(1..=2));
    assert!(refusal(Book::objects().values(may_be_empty()).to_sql()).contains("can be NULL"));
    check::<Option<String>>(
        may_be_empty().optional(),
        expect![[r#"
        FIRST_VALUE("title") OVER (ORDER BY "id" ASC ROWS BETWEEN $1 FOLLOWING AND $2 FOLLOWING)
        --   $1 = 1
        --   $2 = 2"#]],
    );
}

#[test]
fn aggregates_are_over_windows() {
    let by_author = || {
        window()
            .partition_by(Book::author_id)
            .order_by([Book::id.asc()])
    };
    check::<(Option<i64>, i64, i64)>(
        (
            sum(Book::stock).over(by_author()),
            count().over(window()),
            count().filter(Book::stock.gt(0)).over(by_author()),
        ),
        expect![[r#"
            SUM("stock") OVER (PARTITION BY "author_id" ORDER BY "id" ASC), COUNT(*) OVER (), COUNT(*) FILTER (WHERE "stock" > $1) OVER (PARTITION BY "author_id" ORDER BY "id" ASC)
            --   $1 = 0"#]],
    );
    check::<i64>(
        Book::stock.cast::<i64>() - count().over(window()),
        expect![[r#"(CAST("stock" AS bigint) - COUNT(*) OVER ())"#]],
    );
}

#[test]
fn frames() {
    let by_id = || window().order_by([Book::id.asc()]);
    let total = || sum(Book::stock);
    check::<(Option<i64>, Option<i64>, Option<i64>, Option<i64>)>(
        (
            total().over(by_id().rows(-3..=0)),
            total().over(by_id().range(..=0)),
            total().over(by_id().groups(-1..2)),
            total().over(by_id().rows(1..)),
        ),
        expect![[r#"
            SUM("stock") OVER (ORDER BY "id" ASC ROWS BETWEEN $1 PRECEDING AND CURRENT ROW), SUM("stock") OVER (ORDER BY "id" ASC RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), SUM("stock") OVER (ORDER BY "id" ASC GROUPS BETWEEN $2 PRECEDING AND $3 FOLLOWING), SUM("stock") OVER (ORDER BY "id" ASC ROWS BETWEEN $4 FOLLOWING AND UNBOUNDED FOLLOWING)
            --   $1 = 3
            --   $2 = 1
            --   $3 = 1
            --   $4 = 1"#]],
    );
    for over in [
        by_id().rows(RangeInclusive::new(3, -3)),
        by_id().rows(0..0),
        by_id().range(RangeInclusive::new(1, i64::MIN)),
    ] {
        let refusal = refusal(Book::objects().values(total().over(over)).to_sql());
        assert!(refusal.contains("write the lesser first"), "{refusal}");
    }
}

#[test]
fn groups_are_ranked() {
    let query = Book::objects()
        .values((
            Book::author_id,
            sum(Book::stock),
            rank().over(window().order_by([sum(Book::stock).desc()])),
        ))
        .order_by([rank().over(window().order_by([count().asc()])).asc()]);
    expect![[r#"
        -- SELECT (0 parameters)
        SELECT "author_id", SUM("stock"), RANK() OVER (ORDER BY SUM("stock") DESC) FROM "books" GROUP BY "author_id" ORDER BY RANK() OVER (ORDER BY COUNT(*) ASC) ASC"#]].assert_eq(&text(query.to_sql()));
    let query =
        Book::objects().values((Book::id, rank().over(window().order_by([Book::id.asc()]))));
    assert!(!text(query.to_sql()).contains("GROUP BY"));
}

#[test]
fn a_window_is_no_condition() {
    let first = || row_number().over(window()).eq(1);
    expect!["a condition, a group or a change of `books` is on a window function, which is computed after the rows are chosen; select it with `.values(…)` in a `Cte`, and filter by what that holds"].assert_eq(&refusal(Book::objects().filter(first()).to_sql()));
    for refused in [
        refusal(
            Book::objects()
                .exclude(first() | Book::stock.gt(0))
                .to_sql(),
        ),
        refusal(Book::objects().values(Book::id).having(first()).to_sql()),
        refusal(
            Book::objects()
                .values(count())
                .group_by(row_number().over(window()))
                .to_sql(),
        ),
        refusal(
            Book::objects()
                .update([Book::stock.set(ntile(2).over(window()))])
                .to_sql(),
        ),
        refusal(
            Book::objects()
                .filter(first())
                .update([Book::stock.set(1)])
                .to_sql(),
        ),
    ] {
        assert!(refused.contains("window function"), "{refused}");
    }
    let ordered = Book::objects().order_by([row_number().over(window()).asc()]);
    assert!(text(ordered.to_sql()).ends_with("ORDER BY ROW_NUMBER() OVER () ASC"));
}

#[test]
fn aggregates_that_collect() {
    check::<(Option<Vec<String>>, Option<Vec<Option<i32>>>)>(
        (
            array_agg(Book::title).order_by([Book::title.desc(), Book::pages.asc().nulls_first()]),
            array_agg(Book::pages).filter(Book::stock.gt(0)),
        ),
        expect![[r#"
            ARRAY_AGG("title" ORDER BY "title" DESC, "pages" ASC NULLS FIRST), ARRAY_AGG("pages") FILTER (WHERE "stock" > $1)
            --   $1 = 0"#]],
    );
    check::<(Option<String>, Option<String>)>(
        (
            string_agg(Book::title, ", ")
                .filter(Book::stock.gt(0))
                .order_by([Book::id.asc()]),
            string_agg(Book::title.lower(), Book::isbn).distinct(),
        ),
        expect![[r#"
            STRING_AGG("title", $1 ORDER BY "id" ASC) FILTER (WHERE "stock" > $2), STRING_AGG(DISTINCT LOWER("title"), "isbn")
            --   $1 = ', '
            --   $2 = 0"#]],
    );
    check::<(i64, Option<i64>, i64)>(
        (
            count_of(Book::pages),
            sum(Book::stock).distinct(),
            count_of(Book::pages).distinct(),
        ),
        expect![[r#"COUNT("pages"), SUM(DISTINCT "stock"), COUNT(DISTINCT "pages")"#]],
    );
}

#[test]
fn a_condition_of_all_rows_and_of_some() {
    check::<(Option<bool>, Option<bool>)>(
        (
            bool_and(Book::pages.gt(100) | Book::featured.is_true()),
            bool_or(!Book::pages.gt(100)),
        ),
        expect![[r#"
            BOOL_AND(("pages" > $1 OR "featured") IS TRUE), BOOL_OR(((NOT ("pages" > $2) OR "pages" IS NULL)) IS TRUE)
            --   $1 = 100
            --   $2 = 100"#]],
    );
}
