//! SQL of the author's own, queries with a name, trees, and the first of rows
//! that agree.

use expect_test::{Expect, expect};
use plinth::orm::{Cte, count, exists, max, raw};
use plinth::prelude::*;

use crate::models::{Author, Book, Review};
use crate::{refusal, text};

fn check<M: Model>(query: QuerySet<M>, expected: Expect) {
    expected.assert_eq(&text(query.to_sql()));
}

fn refuse<M: Model>(query: QuerySet<M>, expected: Expect) {
    expected.assert_eq(&refusal(query.to_sql()));
}

fn ids() -> QuerySet<Review> {
    Review::objects()
}

#[test]
fn operands_are_bound_and_columns_are_those_of_the_query() {
    let hostile = "'; DROP TABLE reviews --";
    let query = ids().filter(
        Review::rating.gt(1)
            & Q::raw(
                "{} || {} = {}",
                (Review::body, Review::book().title(), hostile),
            ),
    );
    check(
        query,
        expect![[r#"
        -- SELECT (2 parameters)
        SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 LEFT JOIN "books" AS t1 ON t1."id" = t0."book_id" WHERE t0."rating" > $1 AND (t0."body" || t1."title" = $2)
        --   $1 = 1
        --   $2 = '''; DROP TABLE reviews --'"#]],
    );
    let length = raw::<_, i32>("length({})", (Review::body,));
    check(
        ids().filter(length.clone().gt(7)).order_by([length.desc()]),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 WHERE (length(t0."body")) > $1 ORDER BY (length(t0."body")) DESC
            --   $1 = 7"#]],
    );
    check(
        ids().filter(Q::raw("now() > '{{2020-01-01}}'", ())),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 WHERE (now() > '{2020-01-01}')"#]],
    );
}

#[test]
fn a_complement_reckons_with_null() {
    check(
        ids().filter(!Q::raw("f({})", (Review::body,))),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 WHERE ((f(t0."body"))) IS NOT TRUE"#]],
    );
    check(
        ids().exclude(raw::<_, i32>("f()", ()).eq(1)),
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 WHERE NOT ((f()) = $1)
        --   $1 = 1"#]],
    );
    check(
        ids().exclude(raw::<_, Option<i32>>("f()", ()).eq(1)),
        expect![[r#"
            -- SELECT (1 parameter)
            SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 WHERE ((f()) = $1) IS NOT TRUE
            --   $1 = 1"#]],
    );
}

#[test]
fn in_an_update() {
    let update = Review::objects()
        .filter(Q::raw("{} = 1", (Review::id,)))
        .update([Review::body.set(raw::<_, String>("initcap({})", (Review::body,)))]);
    expect![[r#"
        -- UPDATE (0 parameters)
        UPDATE "reviews" AS t0 SET "body" = (initcap(t0."body")) WHERE (t0."id" = 1)"#]]
    .assert_eq(&text(update.to_sql()));
}

#[test]
fn braces_that_fit_no_operand_are_refused() {
    refuse(
        ids().filter(Q::raw("{} = {}", (1,))),
        expect![
            "`{} = {}` does not have one `{}` for each operand; a brace of SQL's own is doubled"
        ],
    );
    refuse(
        ids().filter(Q::raw("f({})", (1, 2))),
        expect!["`f({})` does not have one `{}` for each operand; a brace of SQL's own is doubled"],
    );
    refuse(
        ids().filter(Q::raw("a = '{'", ())),
        expect![
            "`a = '{'` does not have one `{}` for each operand; a brace of SQL's own is doubled"
        ],
    );
    refuse(
        ids().filter(Q::raw("a = '}'", ())),
        expect![
            "`a = '}'` does not have one `{}` for each operand; a brace of SQL's own is doubled"
        ],
    );
    refuse(
        ids().filter(Q::raw("{0}", (1,))),
        expect!["`{0}` does not have one `{}` for each operand; a brace of SQL's own is doubled"],
    );
}

#[test]
fn queries_with_names_come_first_with_their_parameters() {
    let recent = Book::objects().filter(Book::stock.gt(3)).values(Book::id);
    let query = ids()
        .with(Cte::query("recent", recent))
        .with(Cte::raw("some", "SELECT generate_series(1, {})", (9,)).columns(&["number"]))
        .filter(Review::rating.gt(4) & Q::raw("{} IN (SELECT id FROM recent)", (Review::book_id,)));
    check(
        query,
        expect![[r#"
        -- WITH (3 parameters)
        WITH "recent" AS (SELECT t1."id" FROM "books" AS t1 WHERE t1."stock" > $1), "some" ("number") AS (SELECT generate_series(1, $2)) SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 WHERE t0."rating" > $3 AND (t0."book_id" IN (SELECT id FROM recent))
        --   $1 = 3
        --   $2 = 9
        --   $3 = 4"#]],
    );
}

#[test]
fn one_that_is_recursive_makes_all_so() {
    let all = Cte::recursive(
        "n",
        "SELECT {} AS i UNION ALL SELECT i + 1 FROM n WHERE i < {}",
        (1, 5),
    );
    let query = ids().with(Cte::raw("one", "SELECT 1", ())).with(all);
    check(
        query
            .clone()
            .filter(Q::raw("{} IN (SELECT i FROM n)", (Review::rating,))),
        expect![[r#"
            -- WITH (2 parameters)
            WITH RECURSIVE "one" AS (SELECT 1), "n" AS (SELECT $1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < $2) SELECT t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 WHERE (t0."rating" IN (SELECT i FROM n))
            --   $1 = 1
            --   $2 = 5"#]],
    );
    let values = query.values((Review::rating, count()));
    expect![[r#"
        -- WITH (2 parameters)
        WITH RECURSIVE "one" AS (SELECT 1), "n" AS (SELECT $1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < $2) SELECT "rating", COUNT(*) FROM "reviews" GROUP BY "rating"
        --   $1 = 1
        --   $2 = 5"#]].assert_eq(&text(values.to_sql()));
}

#[test]
fn before_an_update() {
    let known = Cte::query("known", Author::objects().values(Author::id));
    let update = Book::objects()
        .with(known)
        .filter(Q::raw("{} IN (SELECT id FROM known)", (Book::author_id,)))
        .update([Book::stock.set(0)]);
    expect![[r#"
        -- WITH (1 parameter)
        WITH "known" AS (SELECT t1."id" FROM "authors" AS t1) UPDATE "books" AS t0 SET "stock" = $1, "updated_at" = now() WHERE (t0."author_id" IN (SELECT id FROM known))
        --   $1 = 0"#]].assert_eq(&text(update.to_sql()));
}

#[test]
fn names_are_names() {
    for name in ["", "1st", "a b", "Tree", "a\"; --", "ä"] {
        let error = refusal(ids().with(Cte::raw(name, "SELECT 1", ())).to_sql());
        assert!(
            error.starts_with(&format!("`{name}` is no name")),
            "{error}"
        );
    }
    refuse(
        ids().with(Cte::raw("a", "SELECT 1", ()).columns(&["b c"])),
        expect![
            "`b c` is no name for a query or a column: it is at most 63 small letters, digits and `_`"
        ],
    );
}

#[test]
fn a_name_hides_no_table_of_the_query() {
    let named = |name| {
        let query = ids().filter(Review::book().title().eq("a"));
        query.with(Cte::raw(name, "SELECT 1 AS id", ()))
    };
    refuse(
        named("reviews"),
        expect![
            "a query is named `reviews`, which is a table that the query around it reads; give it another name"
        ],
    );
    refuse(
        named("books"),
        expect![
            "a query is named `books`, which is a table that the query around it reads; give it another name"
        ],
    );
    assert!(
        named("authors").to_sql().is_ok(),
        "it does not read that table"
    );
}

#[test]
fn trees_downwards_and_upwards() {
    let start = || Book::objects().filter(Book::author().name().eq("a"));
    let ids = |query: QuerySet<Book>| text(query.values(Book::id).to_sql());
    expect![[r#"
        -- SELECT (1 parameter)
        SELECT t0."id" FROM "books" AS t0 WHERE t0."id" IN (WITH RECURSIVE "Tree" (key) AS ((SELECT t1."id" FROM "books" AS t1 LEFT JOIN "authors" AS t2 ON t2."id" = t1."author_id" WHERE t2."name" = $1) UNION SELECT node."id" FROM "books" AS node JOIN "Tree" ON node."sequel_of_id" = "Tree".key) SELECT key FROM "Tree")
        --   $1 = 'a'"#]].assert_eq(&ids(start().with_descendants(Book::sequel_of())));
    expect![[r#"
        -- SELECT (1 parameter)
        SELECT t0."id" FROM "books" AS t0 WHERE t0."id" IN (WITH RECURSIVE "Tree" (key) AS ((SELECT t1."id" FROM "books" AS t1 LEFT JOIN "authors" AS t2 ON t2."id" = t1."author_id" WHERE t2."name" = $1) UNION SELECT node."sequel_of_id" FROM "books" AS node JOIN "Tree" ON node."id" = "Tree".key WHERE node."sequel_of_id" IS NOT NULL) SELECT key FROM "Tree")
        --   $1 = 'a'"#]].assert_eq(&ids(start().with_ancestors(Book::sequel_of())));
}

#[test]
fn a_tree_from_a_slice_filtered_and_asked_about() {
    let newest = Book::objects().order_by([Book::created_at.desc()]).limit(2);
    let tree = newest
        .with_descendants(Book::sequel_of())
        .filter(Book::stock.gt(0));
    expect![[r#"
        -- SELECT (2 parameters)
        SELECT t0."id" FROM "books" AS t0 WHERE t0."id" IN (WITH RECURSIVE "Tree" (key) AS ((SELECT t1."id" FROM "books" AS t1 ORDER BY t1."created_at" DESC LIMIT $1) UNION SELECT node."id" FROM "books" AS node JOIN "Tree" ON node."sequel_of_id" = "Tree".key) SELECT key FROM "Tree") AND t0."stock" > $2 ORDER BY t0."created_at" DESC
        --   $1 = 2
        --   $2 = 0"#]].assert_eq(&text(tree.clone().values(Book::id).to_sql()));
    let authors = Author::objects().filter(exists(tree.correlate(Book::author_id, Author::id)));
    expect![[r#"
        -- SELECT (2 parameters)
        SELECT t0."id" FROM "authors" AS t0 WHERE EXISTS (SELECT 1 FROM "books" AS t1 WHERE t1."id" IN (WITH RECURSIVE "Tree" (key) AS ((SELECT t2."id" FROM "books" AS t2 ORDER BY t2."created_at" DESC LIMIT $1) UNION SELECT node."id" FROM "books" AS node JOIN "Tree" ON node."sequel_of_id" = "Tree".key) SELECT key FROM "Tree") AND t1."stock" > $2 AND t1."author_id" = t0."id")
        --   $1 = 2
        --   $2 = 0"#]].assert_eq(&text(authors.values(Author::id).to_sql()));
}

#[test]
fn a_tree_over_two_relations_is_refused() {
    let query = Book::objects().with_ancestors(Book::sequel_of().sequel_of());
    refuse(
        query,
        expect!["a tree of `Book` follows one foreign key to the model itself, and not several"],
    );
}

#[test]
fn the_first_of_rows_that_agree() {
    let query = Review::objects().distinct_on((Review::book_id, Review::rating));
    check(
        query.clone(),
        expect![[r#"
        -- SELECT (0 parameters)
        SELECT DISTINCT ON ("book_id", "rating") "id", "book_id", "rating", "body" FROM "reviews""#]],
    );
    check(
        query.clone().order_by([
            Review::rating.desc(),
            Review::book_id.asc(),
            Review::id.desc(),
        ]),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT DISTINCT ON ("book_id", "rating") "id", "book_id", "rating", "body" FROM "reviews" ORDER BY "rating" DESC, "book_id" ASC, "id" DESC"#]],
    );
    refuse(
        query.clone().order_by([Review::id.asc()]),
        expect![
            "`distinct_on` on `reviews` keeps the first of the rows that agree; order by what they agree in before anything else"
        ],
    );
    let by_book = Review::objects().distinct_on(Review::book().title());
    check(
        by_book.order_by([Review::book().title().asc()]),
        expect![[r#"
            -- SELECT (0 parameters)
            SELECT DISTINCT ON (t1."title") t0."id", t0."book_id", t0."rating", t0."body" FROM "reviews" AS t0 LEFT JOIN "books" AS t1 ON t1."id" = t0."book_id" ORDER BY t1."title" ASC"#]],
    );
    let error = query.clone().update([Review::body.set("x")]).to_sql();
    expect![
        "`update` on `reviews` cannot stand behind `distinct_on`: filter by the keys of its rows"
    ]
    .assert_eq(&refusal(error));
    expect!["`distinct_on` on `reviews` keeps rows, and these `values` are groups; leave out the aggregates, or compute them with `aggregate`, over the rows that are kept"]
    .assert_eq(&refusal(query.values(max(Review::rating)).to_sql()));
}
