use expect_test::{Expect, expect};
use plinth::orm::Q;
use plinth::prelude::*;

use crate::models::{Author, Book, Review, Status};
use crate::{refusal, text};

/// What follows WHERE.
fn check(condition: Q<Book>, expected: Expect) {
    let text = text(Book::objects().filter(condition).to_sql());
    let (_, condition) = text.split_once(" WHERE ").expect("it has a condition");
    expected.assert_eq(condition);
}

#[test]
fn comparisons() {
    check(
        Book::stock.eq(1),
        expect![[r#"
        "stock" = $1
        --   $1 = 1"#]],
    );
    check(
        Book::stock.ne(1),
        expect![[r#"
        "stock" <> $1
        --   $1 = 1"#]],
    );
    check(
        Book::stock.gt(1) & Book::stock.gte(1),
        expect![[r#"
        "stock" > $1 AND "stock" >= $2
        --   $1 = 1
        --   $2 = 1"#]],
    );
    check(
        Book::stock.lt(1) & Book::stock.lte(1),
        expect![[r#"
        "stock" < $1 AND "stock" <= $2
        --   $1 = 1
        --   $2 = 1"#]],
    );
    check(
        Book::stock.between(1, 5) & Book::featured.is_true(),
        expect![[r#"
        "stock" BETWEEN $1 AND $2 AND "featured"
        --   $1 = 1
        --   $2 = 5"#]],
    );
    check(
        Book::stock.gt(Book::pages),
        expect![[r#""stock" > "pages""#]],
    );
}

#[test]
fn every_type_is_a_parameter_of_its_own() {
    let instant: Timestamp = "2024-02-29T12:30:00.123456Z".parse().unwrap();
    check(
        Book::price.lt(Decimal::new(1999, 2)),
        expect![[r#"
        "price" < $1
        --   $1 = 19.99"#]],
    );
    check(
        Book::price.lt(20),
        expect![[r#"
            "price" < $1
            --   $1 = '20'::numeric"#]],
    );
    check(
        Book::created_at.gte(instant),
        expect![[r#"
            "created_at" >= $1
            --   $1 = '2024-02-29 12:30:00.123456+00'::timestamptz"#]],
    );
    check(
        Book::author().born().lt(Date::constant(1950, 6, 1)),
        expect![[r#"
            t1."born" < $1
            --   $1 = '1950-06-01'::date"#]],
    );
    check(
        Book::status.eq(Status::OnSale),
        expect![[r#"
        "status" = $1
        --   $1 = 'on_sale'"#]],
    );
    check(
        Book::tags.eq(vec!["a".to_owned(), "b".to_owned()]),
        expect![[r#"
            "tags" = $1
            --   $1 = '{a,b}'::text[]"#]],
    );
    check(
        Book::extra.eq(serde_json::json!({"a": 1})),
        expect![[r#"
            "extra" = $1
            --   $1 = '{"a":1}'::jsonb"#]],
    );
}

#[test]
fn null_is_asked_for_by_name() {
    check(Book::pages.is_null(), expect![[r#""pages" IS NULL"#]]);
    check(
        Book::pages.is_not_null(),
        expect![[r#""pages" IS NOT NULL"#]],
    );
    check(Book::pages.eq(None), expect![[r#""pages" IS NULL"#]]);
    check(Book::pages.ne(None), expect![[r#""pages" IS NOT NULL"#]]);
    check(
        Book::pages.eq(Some(7)),
        expect![[r#"
        "pages" = $1
        --   $1 = 7"#]],
    );
}

#[test]
fn ne_is_the_complement_of_eq() {
    check(
        Book::pages.ne(7),
        expect![[r#"
        "pages" IS DISTINCT FROM $1
        --   $1 = 7"#]],
    );
    check(
        Book::stock.ne(Book::pages),
        expect![[r#""stock" IS DISTINCT FROM "pages""#]],
    );
}

#[test]
fn membership_is_one_parameter() {
    check(
        Book::id.is_in([3, 5, 8]),
        expect![[r#"
            "id" = ANY($1)
            --   $1 = '{3,5,8}'::int8[]"#]],
    );
    check(
        Book::title.is_in(["a", "it's"]),
        expect![[r#"
            "title" = ANY($1)
            --   $1 = '{a,"it''s"}'::text[]"#]],
    );
    check(
        Book::status.is_in([Status::Draft, Status::OutOfPrint]),
        expect![[r#"
            "status" = ANY($1)
            --   $1 = '{draft,"out of print"}'::text[]"#]],
    );
    check(
        Book::stock.is_in([Book::stock, Book::stock]),
        expect![[r#""stock" IN ("stock", "stock")"#]],
    );
}

#[test]
fn membership_in_nothing_is_false() {
    check(Book::id.is_in(Vec::<i64>::new()), expect!["FALSE"]);
    check(!Book::id.is_in(Vec::<i64>::new()), expect!["NOT (FALSE)"]);
}

#[test]
fn membership_with_null_asks_for_null_too() {
    check(
        Book::pages.is_in([Some(1), None]),
        expect![[r#"
            ("pages" = ANY($1) OR "pages" IS NULL)
            --   $1 = '{1}'::int4[]"#]],
    );
    check(Book::pages.is_in([None]), expect![[r#""pages" IS NULL"#]]);
    check(
        !Book::pages.is_in([Some(1), None]),
        expect![[r#"
            NOT (("pages" = ANY($1) OR "pages" IS NULL))
            --   $1 = '{1}'::int4[]"#]],
    );
    check(
        !Book::pages.is_in([1, 2]),
        expect![[r#"
            (NOT ("pages" = ANY($1)) OR "pages" IS NULL)
            --   $1 = '{1,2}'::int4[]"#]],
    );
}

#[test]
fn text_is_searched_for_as_it_is() {
    check(
        Book::title.contains("a"),
        expect![[r#"
        "title" LIKE $1 ESCAPE '\'
        --   $1 = '%a%'"#]],
    );
    check(
        Book::title.icontains("a"),
        expect![[r#"
        "title" ILIKE $1 ESCAPE '\'
        --   $1 = '%a%'"#]],
    );
    check(
        Book::title.starts_with("a"),
        expect![[r#"
        "title" LIKE $1 ESCAPE '\'
        --   $1 = 'a%'"#]],
    );
    check(
        Book::title.istarts_with("a"),
        expect![[r#"
        "title" ILIKE $1 ESCAPE '\'
        --   $1 = 'a%'"#]],
    );
    check(
        Book::title.ends_with("a"),
        expect![[r#"
        "title" LIKE $1 ESCAPE '\'
        --   $1 = '%a'"#]],
    );
    check(
        Book::title.iends_with("a"),
        expect![[r#"
        "title" ILIKE $1 ESCAPE '\'
        --   $1 = '%a'"#]],
    );
    check(
        Book::title.iexact("a"),
        expect![[r#"
        "title" ILIKE $1 ESCAPE '\'
        --   $1 = 'a'"#]],
    );
}

#[test]
fn hostile_text_stays_in_its_parameter() {
    let hostile = r#"100%_\'; DROP TABLE "books"; -- é 😀 $1"#;
    check(
        Book::title.icontains(hostile),
        expect![[r#"
        "title" ILIKE $1 ESCAPE '\'
        --   $1 = '%100\%\_\\''; DROP TABLE "books"; -- é 😀 $1%'"#]],
    );
    check(
        Book::title.eq(hostile),
        expect![[r#"
        "title" = $1
        --   $1 = '100%_\''; DROP TABLE "books"; -- é 😀 $1'"#]],
    );
    check(
        Book::title.is_in([hostile]),
        expect![[r#"
            "title" = ANY($1)
            --   $1 = '{"100%_\\''; DROP TABLE \"books\"; -- é 😀 $1"}'::text[]"#]],
    );
}

#[test]
fn and_or_and_not_keep_their_order() {
    let (a, b, c) = (Book::stock.eq(1), Book::stock.eq(2), Book::stock.eq(3));
    check(
        a.clone() | b.clone() & c.clone(),
        expect![[r#"
        "stock" = $1 OR ("stock" = $2 AND "stock" = $3)
        --   $1 = 1
        --   $2 = 2
        --   $3 = 3"#]],
    );
    check(
        (a.clone() | b.clone()) & c.clone(),
        expect![[r#"
        ("stock" = $1 OR "stock" = $2) AND "stock" = $3
        --   $1 = 1
        --   $2 = 2
        --   $3 = 3"#]],
    );
    check(
        a.clone() & (b.clone() | c.clone()),
        expect![[r#"
        "stock" = $1 AND ("stock" = $2 OR "stock" = $3)
        --   $1 = 1
        --   $2 = 2
        --   $3 = 3"#]],
    );
    check(
        !(a.clone() | b.clone()) & c.clone(),
        expect![[r#"
        NOT ("stock" = $1 OR "stock" = $2) AND "stock" = $3
        --   $1 = 1
        --   $2 = 2
        --   $3 = 3"#]],
    );
    check(
        !(a.clone() & !(b.clone() | c.clone())),
        expect![[r#"
        NOT ("stock" = $1 AND NOT ("stock" = $2 OR "stock" = $3))
        --   $1 = 1
        --   $2 = 2
        --   $3 = 3"#]],
    );
    check(
        !!a,
        expect![[r#"
        "stock" = $1
        --   $1 = 1"#]],
    );
}

#[test]
fn filters_with_or_stay_apart() {
    let query = Book::objects()
        .filter(Book::stock.eq(1) | Book::stock.eq(2))
        .filter(Book::stock.eq(3) | Book::stock.eq(4));
    let text = text(query.to_sql());
    let (_, condition) = text.split_once(" WHERE ").unwrap();
    expect![[r#"
        ("stock" = $1 OR "stock" = $2) AND ("stock" = $3 OR "stock" = $4)
        --   $1 = 1
        --   $2 = 2
        --   $3 = 3
        --   $4 = 4"#]]
    .assert_eq(condition);
}

#[test]
fn a_group_of_one_stays_apart_as_what_it_is() {
    let (a, b, c) = (Book::stock.eq(1), Book::stock.eq(2), Book::stock.eq(3));
    let filtered = Book::objects().filter(Q::all([a.clone() | b.clone()]));
    let text = text(filtered.filter(c.clone()).to_sql());
    let (_, condition) = text.split_once(" WHERE ").unwrap();
    expect![[r#"
        ("stock" = $1 OR "stock" = $2) AND "stock" = $3
        --   $1 = 1
        --   $2 = 2
        --   $3 = 3"#]]
    .assert_eq(condition);
    check(
        Q::any([Q::all([Q::any([a, b])])]) & c,
        expect![[r#"
            ("stock" = $1 OR "stock" = $2) AND "stock" = $3
            --   $1 = 1
            --   $2 = 2
            --   $3 = 3"#]],
    );
}

#[test]
fn a_complement_keeps_rows_with_null() {
    check(
        !Book::stock.gt(1),
        expect![[r#"
        NOT ("stock" > $1)
        --   $1 = 1"#]],
    );
    check(
        !Book::pages.gt(1),
        expect![[r#"
        (NOT ("pages" > $1) OR "pages" IS NULL)
        --   $1 = 1"#]],
    );
    check(
        !(Book::pages.gt(1) & Book::stock.eq(2)),
        expect![[r#"
        ("pages" > $1 AND "stock" = $2) IS NOT TRUE
        --   $1 = 1
        --   $2 = 2"#]],
    );
    check(
        !(Book::pages.gt(1) | Book::stock.eq(2)),
        expect![[r#"
        ("pages" > $1 OR "stock" = $2) IS NOT TRUE
        --   $1 = 1
        --   $2 = 2"#]],
    );
    check(!Book::pages.is_null(), expect![[r#""pages" IS NOT NULL"#]]);
    check(!Book::pages.eq(None), expect![[r#"NOT ("pages" IS NULL)"#]]);
    check(
        !Book::pages.ne(7),
        expect![[r#"
        NOT ("pages" IS DISTINCT FROM $1)
        --   $1 = 7"#]],
    );
    check(
        !Book::pages.gt(Book::stock),
        expect![[r#"(NOT ("pages" > "stock") OR "pages" IS NULL)"#]],
    );
    check(
        !Book::stock.gt(Book::pages),
        expect![[r#"("stock" > "pages") IS NOT TRUE"#]],
    );
}

#[test]
fn a_boolean_column_is_a_condition() {
    check(!Book::featured, expect![[r#"NOT "featured""#]]);
    check(
        !Book::author().banned() & Book::featured.is_true(),
        expect![[r#"NOT t1."banned" AND t0."featured""#]],
    );
    check(
        !Book::sequel_of().featured(),
        expect![[r#"(NOT (t1."featured") OR t1."featured" IS NULL)"#]],
    );
}

#[test]
fn exclude_is_the_complement_of_filter() {
    let excluded = text(Book::objects().exclude(Book::pages.eq(7)).to_sql());
    let negated = text(Book::objects().filter(!Book::pages.eq(7)).to_sql());
    assert_eq!(excluded, negated);
}

#[test]
fn a_column_over_a_nullable_relation_can_be_null() {
    check(
        !Book::author().name().eq("x"),
        expect![[r#"
        NOT (t1."name" = $1)
        --   $1 = 'x'"#]],
    );
    check(
        !Book::sequel_of().title().eq("x"),
        expect![[r#"
        (NOT (t1."title" = $1) OR t1."title" IS NULL)
        --   $1 = 'x'"#]],
    );
    check(
        Book::sequel_of().title().ne("x"),
        expect![[r#"
        t1."title" IS DISTINCT FROM $1
        --   $1 = 'x'"#]],
    );
    check(
        !Book::author().country().name().eq("x"),
        expect![[r#"
        (NOT (t2."name" = $1) OR t2."name" IS NULL)
        --   $1 = 'x'"#]],
    );
}

#[test]
fn arithmetic_is_in_parentheses() {
    check(
        (Book::stock + 1).gt(Book::pages),
        expect![[r#"
        ("stock" + $1) > "pages"
        --   $1 = 1"#]],
    );
    check(
        (Book::stock - (Book::stock - 2) * 3).lte(0),
        expect![[r#"
        ("stock" - (("stock" - $1) * $2)) <= $3
        --   $1 = 2
        --   $2 = 3
        --   $3 = 0"#]],
    );
    check(
        Book::price.gt(Book::price * Decimal::new(5, 1)),
        expect![[r#"
        "price" > ("price" * $1)
        --   $1 = 0.5"#]],
    );
}

#[test]
fn groups_of_none() {
    let all = Book::objects().filter(Q::all([]));
    assert!(!all.to_sql().unwrap().sql().contains("WHERE"));
    check(
        Q::all([]) | Book::stock.eq(Book::pages),
        expect![[r#"TRUE OR "stock" = "pages""#]],
    );
    check(Q::any([]), expect!["FALSE"]);
    check(
        Q::any([]) | Book::stock.eq(1),
        expect![[r#"
        "stock" = $1
        --   $1 = 1"#]],
    );
    check(!Q::all([]), expect!["NOT (TRUE)"]);
    check(
        Q::any([Book::stock.eq(1)]) & Book::stock.eq(2),
        expect![[r#"
        "stock" = $1 AND "stock" = $2
        --   $1 = 1
        --   $2 = 2"#]],
    );
}

#[test]
fn a_thousand_conditions_are_a_thousand_conditions() {
    let any = (0..1000).fold(Q::any([]), |q, n| q | Book::stock.eq(n));
    let statement = Book::objects().filter(any).to_sql().unwrap();
    assert_eq!(statement.parameter_types().len(), 1000);
    assert_eq!(statement.sql().matches("\"stock\" = $").count(), 1000);
    let filtered = (0..1000).fold(Book::objects(), |q, n| q.filter(Book::stock.ne(n)));
    assert_eq!(
        filtered.to_sql().unwrap().sql().matches(" AND ").count(),
        999
    );
}

/// Three levels for each round.
fn nested(rounds: i32) -> Q<Book> {
    (0..rounds).fold(Book::stock.eq(0), |q, n| {
        !(q & Book::stock.ne(n)) | Book::stock.gt(n)
    })
}

#[test]
fn conditions_nest_deep() {
    let statement = Book::objects().filter(nested(132)).to_sql().unwrap();
    assert_eq!(statement.parameter_types().len(), 2 * 132 + 1);
    let parentheses = |c| statement.sql().matches(c).count();
    assert_eq!(parentheses('('), parentheses(')'));
}

#[test]
fn conditions_that_nest_without_end_are_refused() {
    let query = Book::objects().filter(nested(1000));
    expect!["a condition nests more than 400 levels; put its parts side by side with `Q::all` or `Q::any`"].assert_eq(&refusal(query.to_sql()));
}

#[test]
fn more_parameters_than_postgres_takes_are_refused() {
    let many = Q::any((0..70_000).map(|n| Book::stock.eq(n)));
    expect![
        "a statement takes at most 65535 parameters; `is_in` passes any number of values as one"
    ]
    .assert_eq(&refusal(Book::objects().filter(many).to_sql()));
    let members = Book::objects().filter(Book::stock.is_in(0..70_000));
    assert_eq!(members.to_sql().unwrap().parameter_types().len(), 1);
}

#[test]
fn a_foreign_key_of_text_is_text() {
    let query = Author::objects().filter(Author::country_id.istarts_with("n"));
    assert!(text(query.to_sql()).contains(r#""country_id" ILIKE $1 ESCAPE '\'"#));
}

#[test]
fn a_path_ends_where_its_column_is() {
    let query = Review::objects().filter(Review::book().author().country_id().is_null());
    assert!(text(query.to_sql()).contains(r#"t2."country_id" IS NULL"#));
}
