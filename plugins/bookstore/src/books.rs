//! Books: list, show, add, change, delete.

mod changes;
mod draft;
mod rules;

use plinth::prelude::*;
use serde::Deserialize;

use self::changes::BookChanges;
use self::draft::BookDraft;
use crate::models::{Book, Review};
use crate::page::{Page, PageSize};

/// What of the books to list, and which part of that.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BookFilter {
    limit: PageSize,
    offset: u64,
    search: Option<String>,
    author: Option<i64>,
    category: Option<i64>,
    published: Option<bool>,
    tag: Option<String>,
    /// The least that some review gives it.
    rated: Option<i32>,
}

impl BookFilter {
    fn page(&self) -> Page {
        Page {
            limit: self.limit,
            offset: self.offset,
        }
    }

    fn books(&self) -> QuerySet<Book> {
        let conditions = [
            self.search.as_deref().map(matches),
            self.author.map(|id| Book::author_id.eq(id)),
            self.category.map(|id| Book::category_id.eq(id)),
            self.published
                .map(|published| Book::published.eq(published)),
            self.tag.as_ref().map(|tag| Book::tags.has(tag)),
            self.rated.map(is_rated),
        ];
        Book::objects().filter(Q::all(conditions.into_iter().flatten()))
    }
}

fn matches(text: &str) -> Q<Book> {
    Book::title.icontains(text) | Book::author().name().icontains(text)
}

fn is_rated(least: i32) -> Q<Book> {
    Book::reviews().filter(Review::rating.gte(least)).any()
}

/// List books, newest first.
#[get("/api/v1/books")]
pub(crate) fn list_books(Query(filter): Query<BookFilter>, db: Db) -> Result<JsonRows> {
    let newest = [Book::created_at.desc(), Book::id.desc()];
    filter.page().of(filter.books().order_by(newest), &db)
}

/// Show a book.
#[get("/api/v1/books/{id}")]
pub(crate) fn get_book(id: i64, db: Db) -> Result<JsonRows> {
    Book::objects().filter(Book::id.eq(id)).json_or_404(&db)
}

/// Add a book.
#[post("/api/v1/books")]
pub(crate) fn create_book(Json(draft): Json<BookDraft>, db: Db) -> Result<Created<Book>> {
    let book = draft.insert(&db)?;
    log::info!("book {} added: {}", book.id, book.title);
    Ok(Created::at(format!("/api/v1/books/{}", book.id), book))
}

/// Change some of a book's fields.
#[patch("/api/v1/books/{id}")]
pub(crate) fn change_book(id: i64, Json(changes): Json<BookChanges>, db: Db) -> Result<Json<Book>> {
    changes.update(id, &db).map(Json)
}

/// Delete a book with its reviews.
#[delete("/api/v1/books/{id}")]
pub(crate) fn delete_book(id: i64, db: Db) -> Result<NoContent> {
    match Book::objects().filter(Book::id.eq(id)).delete(&db)? {
        0 => Err(Problem::not_found("There is no such book.").into()),
        _ => Ok(NoContent),
    }
}
