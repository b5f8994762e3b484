//! A book to add.

use plinth::prelude::*;
use serde::Deserialize;

use super::rules;
use crate::isbn;
use crate::models::Book;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BookDraft {
    title: String,
    isbn: String,
    price: Decimal,
    pages: i32,
    author_id: i64,
    category_id: Option<i64>,
    published_on: Option<Date>,
    #[serde(default)]
    published: bool,
    #[serde(default)]
    featured: bool,
    #[serde(default)]
    tags: Vec<String>,
}

impl BookDraft {
    /// Adds the book, if all about it is right.
    pub(crate) fn insert(self, db: &Db) -> Result<Book> {
        self.check()?;
        let isbn = isbn::digits(&self.isbn).expect("it has been checked");
        create!(Book {
            title: self.title,
            isbn,
            price: self.price,
            pages: self.pages,
            published: self.published,
            featured: self.featured,
            published_on: self.published_on,
            author: self.author_id,
            category: self.category_id,
            tags: self.tags,
        })
        .insert(db)
    }

    fn check(&self) -> Result<(), Problem> {
        Validation::new()
            .check("title", rules::is_title(&self.title), rules::TITLE)
            .check("isbn", isbn::digits(&self.isbn).is_some(), rules::ISBN)
            .check("price", rules::is_price(&self.price), rules::PRICE)
            .check("pages", self.pages > 0, rules::PAGES)
            .finish()
    }
}
