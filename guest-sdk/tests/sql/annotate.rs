use expect_test::{Expect, expect};
use plinth::orm::{Selection, Values, count};
use plinth::prelude::*;

use crate::models::{Author, Book};
use crate::text;

fn check<M: Model, S: Selection<M>>(query: Values<M, S>, expected: Expect) {
    expected.assert_eq(&text(query.to_sql()));
}

fn reads<T, M: Model, S: Selection<M, Row = T>>(_: &Values<M, S>) {}

#[test]
fn whole_rows_with_values() {
    let twice = Author::id * 2;
    let query = Author::objects()
        .annotate((twice.clone(), Author::country().name().optional()))
        .filter(twice.clone().gt(10))
        .order_by([twice.desc()])
        .limit(5);
    reads::<(Author, (i64, Option<String>)), _, _>(&query);
    check(
        query,
        expect![[r#"
        -- SELECT (4 parameters)
        SELECT t0."id", t0."name", t0."born", t0."banned", t0."country_id", (t0."id" * $1), t1."name" FROM "authors" AS t0 LEFT JOIN "countries" AS t1 ON t1."code" = t0."country_id" WHERE (t0."id" * $2) > $3 ORDER BY 6 DESC LIMIT $4
        --   $1 = 2
        --   $2 = 2
        --   $3 = 10
        --   $4 = 5"#]],
    );
}

#[test]
fn with_the_rows_they_refer_to() {
    let query = Book::objects()
        .select_related(Book::author().country())
        .annotate(Book::stock - 1);
    reads::<(Book, i32), _, _>(&query);
    check(
        query,
        expect![[r#"
        -- SELECT (1 parameter)
        SELECT t0."id", t0."title", t0."isbn", t0."price", t0."pages", t0."stock", t0."featured", t0."status", t0."author_id", t0."sequel_of_id", t0."tags", t0."extra", t0."created_at", t0."updated_at", t0."author_id", t1."name", t1."born", t1."banned", t1."country_id", t1."country_id", t2."name", (t0."stock" - $1) FROM "books" AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id" LEFT JOIN "countries" AS t2 ON t2."code" = t1."country_id"
        --   $1 = 1"#]],
    );
}

#[test]
fn aggregates_group_by_the_row() {
    check(
        Author::objects().annotate(count()),
        expect![[r#"
        -- SELECT (0 parameters)
        SELECT "id", "name", "born", "banned", "country_id", COUNT(*) FROM "authors" GROUP BY "id", "name", "born", "banned", "country_id""#]],
    );
}
