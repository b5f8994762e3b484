use expect_test::{Expect, expect};
use plinth::orm::{
    Q, Selection, Values, coalesce, count, greatest, least, now, nullif, random, sum, value, when,
};
use plinth::prelude::*;

use crate::models::{Author, Book};
use crate::{refusal, text};

/// What is selected, and that it is a `T`.
fn check<T>(selection: impl Selection<Book, Row = T>, expected: Expect) {
    let query: Values<Book, _> = Book::objects().values(selection);
    let text = text(query.to_sql());
    let (_, selected) = text.split_once("\nSELECT ").expect("it selects");
    expected.assert_eq(&selected.replace(" FROM \"books\"", ""));
}

/// What follows WHERE.
fn check_where(query: QuerySet<Book>, expected: Expect) {
    let text = text(query.to_sql());
    let (_, condition) = text.split_once(" WHERE ").expect("it has a condition");
    expected.assert_eq(condition);
}

#[test]
fn what_is_put_into_a_text_may_be_null() {
    let blurb = || Book::extra.text("blurb");
    check::<(String, String, String)>(
        (
            Book::title.concat(blurb()),
            Book::title.replace("a", blurb()),
            Book::title.replace(blurb(), "a"),
        ),
        expect![[r#"
            ("title" || COALESCE(("extra" ->> $1), '')), (SELECT COALESCE(REPLACE(a, b, c), a) FROM (VALUES ("title", $2, ("extra" ->> $3))) AS e(a, b, c)), (SELECT COALESCE(REPLACE(a, b, c), a) FROM (VALUES ("title", ("extra" ->> $4), $5)) AS e(a, b, c))
            --   $1 = 'blurb'
            --   $2 = 'a'
            --   $3 = 'blurb'
            --   $4 = 'blurb'
            --   $5 = 'a'"#]],
    );
}

#[test]
fn an_option_is_a_value() {
    check::<(Option<i64>, i64, Option<i32>, Option<String>)>(
        (
            value(None::<i64>),
            coalesce(Some(7_i64), 0),
            when(Book::stock.gt(1), None::<i32>).otherwise(Book::stock),
            value(Some("a")),
        ),
        expect![[r#"
            $1, COALESCE($2, $3), CASE WHEN "stock" > $4 THEN $5 ELSE "stock" END, $6
            --   $1 = NULL
            --   $2 = 7
            --   $3 = 0
            --   $4 = 1
            --   $5 = NULL
            --   $6 = 'a'"#]],
    );
    let query = Book::objects().filter(Q::raw("{} IS NULL", (None::<i64>,)));
    expect![[r#"
        -- SELECT (1 parameter)
        SELECT t0."id", t0."title", t0."isbn", t0."price", t0."pages", t0."stock", t0."featured", t0."status", t0."author_id", t0."sequel_of_id", t0."tags", t0."extra", t0."created_at", t0."updated_at" FROM "books" AS t0 WHERE ($1 IS NULL)
        --   $1 = NULL"#]].assert_eq(&text(query.to_sql()));
    let refused = Book::objects().values(value(None::<i32>).cast::<i32>());
    assert!(refusal(refused.to_sql()).contains("can be NULL"));
}

#[test]
fn text_is_trimmed_and_turned() {
    check::<(String, String, String, String, String)>(
        (
            Book::title.trim_start(),
            Book::title.trim_end(),
            Book::title.initcap(),
            Book::title.reverse(),
            Book::title.md5(),
        ),
        expect![[
            r#"LTRIM("title"), RTRIM("title"), INITCAP("title"), REVERSE("title"), MD5("title")"#
        ]],
    );
}

#[test]
fn text_is_cut_and_put_together() {
    check::<(String, String, String, String, String)>(
        (
            Book::title.left(3),
            Book::title.right(Book::stock),
            Book::title.substr(2, 4),
            Book::title.split_part(", ", 1),
            Book::title.repeat(2),
        ),
        expect![[r#"
            LEFT("title", $1), RIGHT("title", "stock"), SUBSTR("title", $2, $3), SPLIT_PART("title", $4, $5), REPEAT("title", $6)
            --   $1 = 3
            --   $2 = 2
            --   $3 = 4
            --   $4 = ', '
            --   $5 = 1
            --   $6 = 2"#]],
    );
    check::<(String, String, i32)>(
        (
            Book::title.concat(" by ").concat(Book::isbn),
            Book::title.replace("a", Book::isbn),
            Book::title.position("%"),
        ),
        expect![[r#"
            (("title" || $1) || "isbn"), REPLACE("title", $2, "isbn"), STRPOS("title", $3)
            --   $1 = ' by '
            --   $2 = 'a'
            --   $3 = '%'"#]],
    );
}

#[test]
fn functions_are_null_of_null() {
    let name = Book::sequel_of().title().lower();
    assert!(refusal(Book::objects().values(name.clone()).to_sql()).contains("can be NULL"));
    check::<(Option<String>, Option<i32>)>(
        (name.clone().optional().left(1), name.optional().length()),
        expect![[r#"
            LEFT(LOWER(t1."title"), $1), LENGTH(LOWER(t1."title")) AS t0 LEFT JOIN "books" AS t1 ON t1."id" = t0."sequel_of_id"
            --   $1 = 1"#]],
    );
    check_where(
        Book::objects().exclude(Book::sequel_of().title().left(1).eq("a")),
        expect![[r#"
            (LEFT(t1."title", $1) = $2) IS NOT TRUE
            --   $1 = 1
            --   $2 = 'a'"#]],
    );
    check_where(
        Book::objects().exclude(Book::title.left(1).eq("a")),
        expect![[r#"
            NOT (LEFT("title", $1) = $2)
            --   $1 = 1
            --   $2 = 'a'"#]],
    );
}

#[test]
fn numbers_are_rounded() {
    check::<(i32, Option<i32>, Decimal, Decimal, Decimal, Decimal)>(
        (
            Book::stock.abs(),
            Book::pages.abs(),
            Book::price.round(),
            Book::price.round_to(1),
            Book::price.ceil(),
            Book::price.floor(),
        ),
        expect![[r#"
            ABS("stock"), ABS("pages"), ROUND("price"), ROUND("price", $1), CEIL("price"), FLOOR("price")
            --   $1 = 1"#]],
    );
    check::<(Decimal, Decimal, Decimal, f64)>(
        (
            Book::price.sign(),
            Book::price.sqrt(),
            Book::price.power(2),
            Book::stock.cast::<f64>().sqrt(),
        ),
        expect![[r#"
            SIGN("price"), SQRT("price"), POWER("price", $1), SQRT(CAST("stock" AS double precision))
            --   $1 = '2'::numeric"#]],
    );
    check::<f64>(random(), expect!["RANDOM()"]);
}

#[test]
fn the_greatest_and_the_least_pass_over_null() {
    check::<(i32, Option<i32>)>(
        (
            greatest(greatest(Book::stock, 1), Book::id.cast::<i32>()),
            least(Book::pages, Book::stock),
        ),
        expect![[r#"
            GREATEST("stock", $1, CAST("id" AS integer)), LEAST("pages", "stock")
            --   $1 = 1"#]],
    );
    check_where(
        Book::objects().exclude(greatest(Book::pages, 10).gt(Book::stock)),
        expect![[r#"
            NOT (GREATEST("pages", $1) > "stock")
            --   $1 = 10"#]],
    );
}

#[test]
fn nullif_can_be_null() {
    check::<Option<i32>>(
        Book::stock.optional() / nullif(Book::stock, 0),
        expect![[r#"
        ("stock" / NULLIF("stock", $1))
        --   $1 = 0"#]],
    );
    check_where(
        Book::objects().exclude(nullif(Book::stock, 0).gt(5)),
        expect![[r#"
            (NULLIF("stock", $1) > $2) IS NOT TRUE
            --   $1 = 0
            --   $2 = 5"#]],
    );
}

#[test]
fn parts_of_a_timestamp_are_those_of_utc() {
    check::<(i32, i32, i32, i32, i32, i32)>(
        (
            Book::created_at.year(),
            Book::created_at.month(),
            Book::created_at.day(),
            Book::created_at.hour(),
            Book::created_at.minute(),
            Book::created_at.second(),
        ),
        expect![[
            r#"CAST(EXTRACT(YEAR FROM "created_at" AT TIME ZONE 'UTC') AS integer), CAST(EXTRACT(MONTH FROM "created_at" AT TIME ZONE 'UTC') AS integer), CAST(EXTRACT(DAY FROM "created_at" AT TIME ZONE 'UTC') AS integer), CAST(EXTRACT(HOUR FROM "created_at" AT TIME ZONE 'UTC') AS integer), CAST(EXTRACT(MINUTE FROM "created_at" AT TIME ZONE 'UTC') AS integer), CAST(FLOOR(EXTRACT(SECOND FROM "created_at" AT TIME ZONE 'UTC')) AS integer)"#
        ]],
    );
    check::<(i32, i32, i32, i32, i32, i32, Date)>(
        (
            Book::created_at.week_day(),
            Book::created_at.iso_week_day(),
            Book::created_at.week(),
            Book::created_at.iso_year(),
            Book::created_at.quarter(),
            Book::created_at.day_of_year(),
            Book::created_at.date(),
        ),
        expect![[
            r#"CAST(EXTRACT(DOW FROM "created_at" AT TIME ZONE 'UTC') + 1 AS integer), CAST(EXTRACT(ISODOW FROM "created_at" AT TIME ZONE 'UTC') AS integer), CAST(EXTRACT(WEEK FROM "created_at" AT TIME ZONE 'UTC') AS integer), CAST(EXTRACT(ISOYEAR FROM "created_at" AT TIME ZONE 'UTC') AS integer), CAST(EXTRACT(QUARTER FROM "created_at" AT TIME ZONE 'UTC') AS integer), CAST(EXTRACT(DOY FROM "created_at" AT TIME ZONE 'UTC') AS integer), CAST("created_at" AT TIME ZONE 'UTC' AS date)"#
        ]],
    );
}

#[test]
fn parts_of_a_date_need_no_zone() {
    check::<(Option<i32>, Option<Date>)>(
        (
            Book::author().born().year(),
            Book::author().born().trunc_quarter(),
        ),
        expect![[
            r#"CAST(EXTRACT(YEAR FROM t1."born") AS integer), CAST(DATE_TRUNC('quarter', CAST(t1."born" AS timestamp)) AS date) AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id""#
        ]],
    );
    let query = Author::objects().exclude(Author::born.month().eq(12));
    let text = text(query.to_sql());
    assert!(
        text.contains(r#"(CAST(EXTRACT(MONTH FROM "born") AS integer) = $1) IS NOT TRUE"#),
        "{text}"
    );
}

#[test]
fn times_are_truncated_in_utc_and_grouped_by() {
    check::<(Timestamp, i64)>(
        (Book::created_at.trunc_month(), count()),
        expect![[r#"DATE_TRUNC('month', "created_at", 'UTC'), COUNT(*) GROUP BY 1"#]],
    );
    check::<(Timestamp, Timestamp, Timestamp, Timestamp)>(
        (
            Book::created_at.trunc_year(),
            Book::created_at.trunc_week(),
            Book::created_at.trunc_day(),
            Book::created_at.trunc_quarter(),
        ),
        expect![[
            r#"DATE_TRUNC('year', "created_at", 'UTC'), DATE_TRUNC('week', "created_at", 'UTC'), DATE_TRUNC('day', "created_at", 'UTC'), DATE_TRUNC('quarter', "created_at", 'UTC')"#
        ]],
    );
    check::<(Timestamp, Timestamp, Timestamp)>(
        (
            Book::created_at.trunc_hour(),
            Book::created_at.trunc_minute(),
            Book::created_at.trunc_second(),
        ),
        expect![[
            r#"DATE_TRUNC('hour', "created_at", 'UTC'), DATE_TRUNC('minute', "created_at", 'UTC'), DATE_TRUNC('second', "created_at", 'UTC')"#
        ]],
    );
}

#[test]
fn now_is_the_databases() {
    check_where(
        Book::objects().filter(Book::created_at.lte(now()) & now().year().gt(2020)),
        expect![[r#"
            "created_at" <= NOW() AND CAST(EXTRACT(YEAR FROM NOW() AT TIME ZONE 'UTC') AS integer) > $1
            --   $1 = 2020"#]],
    );
    let update = Book::objects().update([Book::created_at.set(now())]);
    assert!(text(update.to_sql()).contains(r#"SET "created_at" = NOW()"#));
}

#[test]
fn an_expression_with_parameters_is_grouped_by_once() {
    let shelf = || Book::title.left(1).concat("…");
    let query = Book::objects()
        .values((shelf().lower(), count()))
        .group_by(shelf())
        .having(shelf().ne("Q…") & sum(Book::stock).gt(1))
        .order_by([shelf().upper().asc()]);
    expect![[r#"
        -- SELECT (4 parameters)
        SELECT LOWER((LEFT("title", $1) || $2)), COUNT(*) FROM "books" GROUP BY (LEFT("title", $1) || $2) HAVING (LEFT("title", $1) || $2) <> $3 AND SUM("stock") > $4 ORDER BY UPPER((LEFT("title", $1) || $2)) ASC
        --   $1 = 1
        --   $2 = '…'
        --   $3 = 'Q…'
        --   $4 = 1"#]].assert_eq(&text(query.to_sql()));
    let other = Book::objects()
        .values(count())
        .group_by((shelf(), Book::title.left(2).concat("…")));
    expect![[r#"
        -- SELECT (4 parameters)
        SELECT COUNT(*) FROM "books" GROUP BY (LEFT("title", $1) || $2), (LEFT("title", $3) || $4)
        --   $1 = 1
        --   $2 = '…'
        --   $3 = 2
        --   $4 = '…'"#]]
    .assert_eq(&text(other.to_sql()));
    let members = || Book::stock.cast::<i64>() + value(3_i64) * Book::id;
    let query = Book::objects()
        .filter(Book::stock.gt(3))
        .values((members(), count()))
        .having(members().is_in([1, 2]))
        .order_by([(members() * 2).desc()])
        .limit(5);
    expect![[r#"
        -- SELECT (5 parameters)
        SELECT (CAST("stock" AS bigint) + ($1 * "id")), COUNT(*) FROM "books" WHERE "stock" > $2 GROUP BY 1 HAVING (CAST("stock" AS bigint) + ($1 * "id")) = ANY($3) ORDER BY ((CAST("stock" AS bigint) + ($1 * "id")) * $4) DESC LIMIT $5
        --   $1 = 3
        --   $2 = 3
        --   $3 = '{1,2}'::int8[]
        --   $4 = 2
        --   $5 = 5"#]].assert_eq(&text(query.to_sql()));
}
