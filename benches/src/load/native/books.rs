//! What `plugins/bookstore` does for one book and for a list of them.

use deadpool_postgres::Pool;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use tokio_postgres::Row;

use super::Failure;

/// What the ORM sends for one book; checked before anything is measured.
pub(in crate::load) const GET_SQL: &str = concat!(
    r#"SELECT "id", "title", "isbn", "price", "pages", "published", "featured", "published_on", "#,
    r#""author_id", "category_id", "tags", "created_at", "updated_at" "#,
    r#"FROM "books" WHERE "id" = $1 LIMIT $2"#
);

/// What the ORM sends for a list; checked likewise.
pub(in crate::load) const LIST_SQL: &str = concat!(
    r#"SELECT "id", "title", "isbn", "price", "pages", "published", "featured", "published_on", "#,
    r#""author_id", "category_id", "tags", "created_at", "updated_at" "#,
    r#"FROM "books" ORDER BY "created_at" DESC, "id" DESC LIMIT $1 OFFSET $2"#
);

/// The ORM asks for one row more than it wants, to tell when a key is not unique.
const GET_ROWS: i64 = 2;
const LIMIT_DEFAULT: i64 = 20;
const LIMIT_MAX: i64 = 100;

#[derive(Serialize)]
pub(super) struct Book {
    id: i64,
    title: String,
    isbn: String,
    price: Decimal,
    pages: i32,
    published: bool,
    featured: bool,
    published_on: Option<Date>,
    author_id: i64,
    category_id: Option<i64>,
    tags: Vec<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<&Row> for Book {
    type Error = tokio_postgres::Error;

    fn try_from(row: &Row) -> Result<Self, Self::Error> {
        Ok(Self {
            id: row.try_get(0)?,
            title: row.try_get(1)?,
            isbn: row.try_get(2)?,
            price: row.try_get(3)?,
            pages: row.try_get(4)?,
            published: row.try_get(5)?,
            featured: row.try_get(6)?,
            published_on: row.try_get(7)?,
            author_id: row.try_get(8)?,
            category_id: row.try_get(9)?,
            tags: row.try_get(10)?,
            created_at: row.try_get(11)?,
            updated_at: row.try_get(12)?,
        })
    }
}

#[derive(Serialize)]
pub(super) struct Page {
    items: Vec<Book>,
    limit: i64,
    offset: i64,
}

pub(super) async fn get(pool: &Pool, id: Option<&str>) -> Result<Book, Failure> {
    let id: i64 = id
        .unwrap_or_default()
        .parse()
        .map_err(Failure::bad_request)?;
    let client = pool.get().await.map_err(Failure::internal)?;
    let statement = client
        .prepare_cached(GET_SQL)
        .await
        .map_err(Failure::internal)?;
    let row = client
        .query_opt(&statement, &[&id, &GET_ROWS])
        .await
        .map_err(Failure::internal)?;
    let row = row.ok_or_else(|| Failure::not_found("there is no such book"))?;
    Book::try_from(&row).map_err(Failure::internal)
}

pub(super) async fn list(pool: &Pool, query: &str) -> Result<Page, Failure> {
    let limit = number(query, "limit", LIMIT_DEFAULT)?.clamp(1, LIMIT_MAX);
    let offset = number(query, "offset", 0)?;
    let client = pool.get().await.map_err(Failure::internal)?;
    let statement = client
        .prepare_cached(LIST_SQL)
        .await
        .map_err(Failure::internal)?;
    let rows = client
        .query(&statement, &[&limit, &offset])
        .await
        .map_err(Failure::internal)?;
    let books: Result<_, _> = rows.iter().map(Book::try_from).collect();
    Ok(Page {
        items: books.map_err(Failure::internal)?,
        limit,
        offset,
    })
}

/// A number of the query string.
fn number(query: &str, name: &str, default: i64) -> Result<i64, Failure> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let given = pairs.find(|(key, _)| key == name);
    given.map_or(Ok(default), |(_, value)| {
        value.parse().map_err(Failure::bad_request)
    })
}
