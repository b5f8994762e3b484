//! Changes to a book.

use plinth::orm::Assign;
use plinth::prelude::*;
use serde::Deserialize;

use super::rules;
use crate::isbn;
use crate::models::Book;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BookChanges {
    title: Change<String>,
    isbn: Change<String>,
    price: Change<Decimal>,
    pages: Change<i32>,
    author_id: Change<i64>,
    category_id: Change<Option<i64>>,
    published_on: Change<Option<Date>>,
    published: Change<bool>,
    featured: Change<bool>,
    tags: Change<Vec<String>>,
}

impl BookChanges {
    /// Makes the changes, if they are right, and shows the book as it is then.
    pub(crate) fn update(self, id: i64, db: &Db) -> Result<Book> {
        self.check()?;
        let book = Book::objects().filter(Book::id.eq(id));
        match self.assignments() {
            none if none.is_empty() => book.get_or_404(db),
            some => book.update(some).returning().one(db),
        }
    }

    fn check(&self) -> Result<(), Problem> {
        let is_isbn = |text: &String| isbn::digits(text).is_some();
        Validation::new()
            .check(
                "title",
                self.title.is_none_or(|t| rules::is_title(t)),
                rules::TITLE,
            )
            .check("isbn", self.isbn.is_none_or(is_isbn), rules::ISBN)
            .check(
                "price",
                self.price.is_none_or(rules::is_price),
                rules::PRICE,
            )
            .check(
                "pages",
                self.pages.is_none_or(|pages| *pages > 0),
                rules::PAGES,
            )
            .finish()
    }

    /// One assignment for each field that the client sent.
    fn assignments(self) -> Vec<Assign<Book>> {
        let isbn = self.isbn.as_ref().and_then(|text| isbn::digits(text));
        let assignments = [
            self.title.into_option().map(|title| Book::title.set(title)),
            isbn.map(|isbn| Book::isbn.set(isbn)),
            self.price.into_option().map(|price| Book::price.set(price)),
            self.pages.into_option().map(|pages| Book::pages.set(pages)),
            self.author_id
                .into_option()
                .map(|id| Book::author_id.set(id)),
            self.category_id
                .into_option()
                .map(|id| Book::category_id.set(id)),
            self.published_on
                .into_option()
                .map(|day| Book::published_on.set(day)),
            self.published
                .into_option()
                .map(|is| Book::published.set(is)),
            self.featured.into_option().map(|is| Book::featured.set(is)),
            self.tags.into_option().map(|tags| Book::tags.set(tags)),
        ];
        assignments.into_iter().flatten().collect()
    }
}
