//! Rows of several queries.

use expect_test::{Expect, expect};
use plinth::orm::{Combined, Selection};
use plinth::prelude::*;

use crate::models::{Author, Book, Country};
use crate::{refusal, text};

fn check<M: Model, S: Selection<M>>(query: Combined<M, S>, expected: Expect) {
    expected.assert_eq(&text(query.to_sql()));
}

fn reads<T, M: Model, S: Selection<M, Row = T>>(_: &Combined<M, S>) {}

#[test]
fn query_sets_of_one_model() {
    let known = Author::objects().filter(Author::born.is_not_null());
    let query = known.union(Author::objects().filter(Author::banned.is_true()));
    reads::<Author, _, _>(&query);
    check(
        query
            .order_by([Author::name.desc(), Author::born.asc().nulls_first()])
            .limit(3),
        expect![[r#"
            -- SELECT (1 parameter)
            (SELECT t0."id", t0."name", t0."born", t0."banned", t0."country_id" FROM "authors" AS t0 WHERE t0."born" IS NOT NULL) UNION (SELECT t0."id", t0."name", t0."born", t0."banned", t0."country_id" FROM "authors" AS t0 WHERE t0."banned") ORDER BY 2 DESC, 3 ASC NULLS FIRST LIMIT $1
            --   $1 = 3"#]],
    );
}

#[test]
fn values_of_two_models() {
    let query = Author::objects()
        .values(Author::name)
        .union_all(Country::objects().values(Country::name))
        .order_by([Author::name.asc()]);
    reads::<String, _, _>(&query);
    check(
        query,
        expect![[r#"
            -- SELECT (0 parameters)
            (SELECT t0."name" FROM "authors" AS t0) UNION ALL (SELECT t0."name" FROM "countries" AS t0) ORDER BY 1 ASC"#]],
    );
}

#[test]
fn from_left_to_right_whatever_binds_tighter() {
    let with = |name: &str| {
        Author::objects()
            .filter(Author::name.eq(name))
            .values(Author::id)
    };
    check(
        with("a").union(with("b")).union(with("c")),
        expect![[r#"
            -- SELECT (3 parameters)
            (SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $1) UNION (SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $2) UNION (SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $3)
            --   $1 = 'a'
            --   $2 = 'b'
            --   $3 = 'c'"#]],
    );
    check(
        with("a").union(with("b")).intersect(with("c")),
        expect![[r#"
            -- SELECT (3 parameters)
            ((SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $1) UNION (SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $2)) INTERSECT (SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $3)
            --   $1 = 'a'
            --   $2 = 'b'
            --   $3 = 'c'"#]],
    );
    check(
        with("a").except(with("b").union(with("c"))),
        expect![[r#"
            -- SELECT (3 parameters)
            (SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $1) EXCEPT ((SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $2) UNION (SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $3))
            --   $1 = 'a'
            --   $2 = 'b'
            --   $3 = 'c'"#]],
    );
    check(
        with("a")
            .union(with("b"))
            .intersect(with("c"))
            .except(with("d")),
        expect![[r#"
            -- SELECT (4 parameters)
            (((SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $1) UNION (SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $2)) INTERSECT (SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $3)) EXCEPT (SELECT t0."id" FROM "authors" AS t0 WHERE t0."name" = $4)
            --   $1 = 'a'
            --   $2 = 'b'
            --   $3 = 'c'
            --   $4 = 'd'"#]],
    );
}

#[test]
fn a_slice_keeps_its_order_and_others_drop_it() {
    let newest = Book::objects().order_by([Book::created_at.desc()]).limit(2);
    let any = Book::objects().order_by([Book::title.asc()]);
    let query = newest.values(Book::id).union(any.values(Book::id));
    check(
        query.clone(),
        expect![[r#"
            -- SELECT (1 parameter)
            (SELECT t0."id" FROM "books" AS t0 ORDER BY t0."created_at" DESC LIMIT $1) UNION (SELECT t0."id" FROM "books" AS t0)
            --   $1 = 2"#]],
    );
    check(
        query.limit(1).union(Book::objects().values(Book::id)),
        expect![[r#"
            -- SELECT (2 parameters)
            ((SELECT t0."id" FROM "books" AS t0 ORDER BY t0."created_at" DESC LIMIT $1) UNION (SELECT t0."id" FROM "books" AS t0) LIMIT $2) UNION (SELECT t0."id" FROM "books" AS t0)
            --   $1 = 2
            --   $2 = 1"#]],
    );
}

#[test]
fn joins_of_the_one_are_not_those_of_the_other() {
    let query = Book::objects()
        .filter(Book::author().name().eq("a"))
        .values((Book::id, Book::author().name()))
        .except(
            Book::objects()
                .filter(Book::author().country().name().eq("b"))
                .values((Book::id, Book::title)),
        );
    check(
        query,
        expect![[r#"
            -- SELECT (2 parameters)
            (SELECT t0."id", t1."name" FROM "books" AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id" WHERE t1."name" = $1) EXCEPT (SELECT t0."id", t0."title" FROM "books" AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id" LEFT JOIN "countries" AS t2 ON t2."code" = t1."country_id" WHERE t2."name" = $2)
            --   $1 = 'a'
            --   $2 = 'b'"#]],
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    let books = || Book::objects().values(Book::id);
    let query = books().union(books()).order_by([Book::title.asc()]);
    expect!["a combined query is ordered by what its first query does not select"]
        .assert_eq(&refusal(query.to_sql()));
    let query = Book::objects().union(Book::objects().for_update());
    expect!["`union` on `books` cannot stand behind `for_update`: rows of a combined query can't be locked"]
        .assert_eq(&refusal(query.to_sql()));
    let query = Book::objects().union(Book::objects().select_related(Book::author()));
    expect!["`union` on `books` puts queries together that load different relations; give each the same `select_related`"]
        .assert_eq(&refusal(query.to_sql()));
}
