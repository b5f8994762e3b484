mod models;

use models::*;
use plinth::orm::subquery;
use plinth::prelude::*;

fn counted() -> QuerySet<Book> {
    let reviews = Review::objects().correlate(Review::id, Author::id);
    Book::objects().filter(Book::id.eq(subquery(reviews.values(Review::id).limit(1))))
}

fn main() {}
