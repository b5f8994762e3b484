//! The tables.

use plinth::prelude::*;
use serde::Serialize;

#[derive(Debug, Model, Serialize, JsonRow)]
#[model(table = "authors")]
pub(crate) struct Author {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
    pub country: Option<String>,
    pub born: Option<Date>,
    #[model(reverse = author)]
    #[serde(skip)]
    pub books: Many<Book>,
}

#[derive(Debug, Model, Serialize)]
#[model(table = "categories")]
pub(crate) struct Category {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
    #[model(unique)]
    pub slug: String,
    #[model(reverse = category)]
    #[serde(skip)]
    pub books: Many<Book>,
}

// As JSON a relation is its key, so it is called what the column is called.
#[derive(Debug, Model, Serialize, JsonRow)]
// The list is ordered by the index, so that its first page reads no other rows.
#[model(table = "books", index(created_at, id))]
pub(crate) struct Book {
    #[model(key, auto)]
    pub id: i64,
    pub title: String,
    #[model(unique)]
    pub isbn: String,
    pub price: Decimal,
    pub pages: i32,
    #[model(default = false)]
    pub published: bool,
    #[model(default = false)]
    pub featured: bool,
    pub published_on: Option<Date>,
    // A book is not lost with its author: the author stays while books do.
    #[model(on_delete = restrict)]
    #[serde(rename = "author_id")]
    pub author: ForeignKey<Author>,
    #[model(on_delete = set_null)]
    #[serde(rename = "category_id")]
    pub category: Option<ForeignKey<Category>>,
    pub tags: Vec<String>,
    #[model(default = now)]
    pub created_at: Timestamp,
    #[model(auto_now)]
    pub updated_at: Timestamp,
    #[model(reverse = book)]
    #[serde(skip)]
    pub reviews: Many<Review>,
}

#[derive(Debug, Model, Serialize, JsonRow)]
#[model(table = "reviews")]
pub(crate) struct Review {
    #[model(key, auto)]
    pub id: i64,
    #[model(on_delete = cascade)]
    #[serde(rename = "book_id")]
    pub book: ForeignKey<Book>,
    pub reviewer: String,
    #[model(range = 1..=5)]
    pub rating: i32,
    pub body: String,
    #[model(default = 0)]
    pub helpful: i32,
    #[model(default = now)]
    pub created_at: Timestamp,
}
