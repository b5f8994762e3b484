//! Authors and their books, to read only.

use plinth::orm::avg;
use plinth::prelude::*;
use serde::{Deserialize, Serialize};

use crate::models::{Author, Book, Review};
use crate::page::{Page, PageSize};

/// Which part of the authors to list.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuthorFilter {
    limit: PageSize,
    offset: u64,
    search: Option<String>,
}

/// List authors by name.
#[get("/api/v1/authors")]
pub(crate) fn list_authors(Query(filter): Query<AuthorFilter>, db: Db) -> Result<JsonRows> {
    let mut authors = Author::objects();
    if let Some(search) = &filter.search {
        authors = authors.filter(Author::name.icontains(search));
    }
    let page = Page {
        limit: filter.limit,
        offset: filter.offset,
    };
    page.of(
        authors.order_by([Author::name.asc(), Author::id.asc()]),
        &db,
    )
}

/// A book among its author's: what a list shows of it.
#[derive(Partial, Serialize, JsonRow)]
#[partial(model = Book)]
pub(crate) struct BookCard {
    id: i64,
    title: String,
    published_on: Option<Date>,
    #[partial(value = Book::category().name().optional())]
    category: Option<String>,
    #[partial(value = Book::reviews().aggregate(avg(Review::rating)))]
    average_rating: Option<Decimal>,
}

/// List an author's books, the newest first.
#[get("/api/v1/authors/{id}/books")]
pub(crate) fn list_books_of(id: i64, db: Db) -> Result<JsonRows> {
    let author = Author::objects()
        .filter(Author::id.eq(id))
        .get_or_404(&db)?;
    let books = author.books.objects()?;
    let newest = Book::published_on.desc().nulls_last();
    let cards = books.order_by([newest, Book::id.desc()]).only::<BookCard>();
    cards.json(&db)
}

/// Show an author.
#[get("/api/v1/authors/{id}")]
pub(crate) fn get_author(id: i64, db: Db) -> Result<JsonRows> {
    Author::objects().filter(Author::id.eq(id)).json_or_404(&db)
}
