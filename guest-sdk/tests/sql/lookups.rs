use expect_test::{Expect, expect};
use plinth::orm::{Q, value};

use crate::models::Book;
use crate::text;

/// What follows WHERE.
fn check(condition: Q<Book>, expected: Expect) {
    let text = text(Book::objects().filter(condition).to_sql());
    let (_, condition) = text.split_once(" WHERE ").expect("it has a condition");
    expected.assert_eq(condition);
}

#[test]
fn a_regular_expression_is_a_parameter() {
    check(
        Book::title.regex("^the (left|right)") & Book::title.lower().iregex(r"\d'"),
        expect![[r#"
            "title" ~ $1 AND LOWER("title") ~* $2
            --   $1 = '^the (left|right)'
            --   $2 = '\d'''"#]],
    );
    check(
        !Book::title.regex("a") & !Book::sequel_of().title().iregex("b"),
        expect![[r#"
            NOT (t0."title" ~ $1) AND (t1."title" ~* $2) IS NOT TRUE
            --   $1 = 'a'
            --   $2 = 'b'"#]],
    );
}

#[test]
fn what_is_looked_for_may_be_a_column() {
    check(
        Book::title.icontains(Book::author().name()),
        expect![[
            r#"t0."title" ILIKE ('%' || REPLACE(REPLACE(REPLACE(t1."name", '\', '\\'), '%', '\%'), '_', '\_') || '%') ESCAPE '\'"#
        ]],
    );
    check(
        Book::title.contains(Book::isbn)
            & Book::title.starts_with(Book::isbn)
            & Book::title.istarts_with(Book::isbn.lower())
            & Book::title.ends_with(Book::isbn)
            & Book::title.iends_with(Book::isbn)
            & Book::title.iexact(Book::isbn)
            & Book::title.regex(Book::isbn),
        expect![[
            r#""title" LIKE ('%' || REPLACE(REPLACE(REPLACE("isbn", '\', '\\'), '%', '\%'), '_', '\_') || '%') ESCAPE '\' AND "title" LIKE (REPLACE(REPLACE(REPLACE("isbn", '\', '\\'), '%', '\%'), '_', '\_') || '%') ESCAPE '\' AND "title" ILIKE (REPLACE(REPLACE(REPLACE(LOWER("isbn"), '\', '\\'), '%', '\%'), '_', '\_') || '%') ESCAPE '\' AND "title" LIKE ('%' || REPLACE(REPLACE(REPLACE("isbn", '\', '\\'), '%', '\%'), '_', '\_')) ESCAPE '\' AND "title" ILIKE ('%' || REPLACE(REPLACE(REPLACE("isbn", '\', '\\'), '%', '\%'), '_', '\_')) ESCAPE '\' AND "title" ILIKE REPLACE(REPLACE(REPLACE("isbn", '\', '\\'), '%', '\%'), '_', '\_') ESCAPE '\' AND "title" ~ "isbn""#
        ]],
    );
    check(
        Book::title.contains(value("50%").concat("_")),
        expect![[r#"
        "title" LIKE ('%' || REPLACE(REPLACE(REPLACE(($1 || $2), '\', '\\'), '%', '\%'), '_', '\_') || '%') ESCAPE '\'
        --   $1 = '50%'
        --   $2 = '_'"#]],
    );
}

#[test]
fn a_column_that_can_be_null_is_found_in_nothing() {
    check(
        !Book::title.contains(Book::sequel_of().title()),
        expect![[
            r#"(t0."title" LIKE ('%' || REPLACE(REPLACE(REPLACE(t1."title", '\', '\\'), '%', '\%'), '_', '\_') || '%') ESCAPE '\') IS NOT TRUE"#
        ]],
    );
}

#[test]
fn text_comes_in_many_types() {
    let words = [String::from("a"), String::from("b")];
    let found = Q::all(words.iter().map(|word| Book::title.contains(word)));
    let borrowed = Q::any(["c", "d"].iter().map(|word| Book::title.iexact(word)));
    let cow = Book::title.contains(std::borrow::Cow::Borrowed("e"));
    check(
        found & borrowed & cow,
        expect![[r#"
        "title" LIKE $1 ESCAPE '\' AND "title" LIKE $2 ESCAPE '\' AND ("title" ILIKE $3 ESCAPE '\' OR "title" ILIKE $4 ESCAPE '\') AND "title" LIKE $5 ESCAPE '\'
        --   $1 = '%a%'
        --   $2 = '%b%'
        --   $3 = 'c'
        --   $4 = 'd'
        --   $5 = '%e%'"#]],
    );
}
