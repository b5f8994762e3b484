mod models;

use models::*;
use plinth::orm::subquery;
use plinth::prelude::*;

fn counted() -> QuerySet<Book> {
    let reviews = Review::objects().correlate(Review::book_id, Book::id);
    Book::objects().order_by([subquery(reviews.values((Review::id, Review::book_id))).asc()])
}

fn main() {}
