//! Parts of rows, as structs of their own.

use expect_test::expect;
use plinth::orm::{Selection, Values, count};
use plinth::{Partial, prelude::*};

use crate::models::{Author, Book, Review, Status};
use crate::text;

#[derive(Partial)]
#[partial(model = Book)]
pub struct Card {
    pub id: i64,
    pub title: String,
    pub author_id: i64,
    pub status: Status,
    #[partial(value = Book::author().name())]
    pub author: String,
    #[partial(value = Book::sequel_of().title().optional())]
    pub sequel_of: Option<String>,
    #[partial(value = Book::stock * 2)]
    pub twice: i32,
}

#[derive(Partial)]
#[partial(model = Book)]
pub struct PerAuthor {
    pub author_id: i64,
    #[partial(value = count())]
    pub books: i64,
}

fn reads<T, M: Model, S: Selection<M, Row = T>>(_: &Values<M, S>) {}

#[test]
fn columns_by_their_names_and_values_by_expressions() {
    let query = Book::objects()
        .filter(Book::stock.gt(1))
        .only::<Card>()
        .limit(3);
    reads::<Card, _, _>(&query);
    expect![[r#"
        -- SELECT (3 parameters)
        SELECT t0."id", t0."title", t0."author_id", t0."status", t1."name", t2."title", (t0."stock" * $1) FROM "books" AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id" LEFT JOIN "books" AS t2 ON t2."id" = t0."sequel_of_id" WHERE t0."stock" > $2 LIMIT $3
        --   $1 = 2
        --   $2 = 1
        --   $3 = 3"#]].assert_eq(&text(query.to_sql()));
}

#[test]
fn aggregates_group_by_the_columns() {
    let query = Book::objects().only::<PerAuthor>().having(count().gt(1));
    expect![[r#"
        -- SELECT (1 parameter)
        SELECT "author_id", COUNT(*) FROM "books" GROUP BY "author_id" HAVING COUNT(*) > $1
        --   $1 = 1"#]]
    .assert_eq(&text(query.to_sql()));
}

#[derive(Partial, JsonRow, serde::Serialize)]
#[partial(model = Book)]
pub struct Ties {
    pub id: i64,
    pub author: ForeignKey<Author>,
    pub sequel_of: Option<ForeignKey<Book>>,
}

#[derive(Partial)]
#[partial(model = Review)]
pub struct Reviewed {
    #[partial(value = Review::book().author_id())]
    pub author: OneToOne<Author>,
    #[partial(value = Review::book().sequel_of_id())]
    pub before: Option<plinth::orm::ForeignKey<Book>>,
}

#[test]
fn a_foreign_key_is_the_column_of_its_key() {
    expect![[r#"
        -- SELECT (0 parameters)
        SELECT "id", "author_id", "sequel_of_id" FROM "books""#]]
    .assert_eq(&text(Book::objects().only::<Ties>().to_sql()));
    expect![[r#"
        -- SELECT (0 parameters)
        SELECT t1."author_id", t1."sequel_of_id" FROM "reviews" AS t0 LEFT JOIN "books" AS t1 ON t1."id" = t0."book_id""#]].assert_eq(&text(Review::objects().only::<Reviewed>().to_sql()));
}
