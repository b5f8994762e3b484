mod models;

use models::*;
use plinth::orm::exists;
use plinth::prelude::*;

fn books() -> QuerySet<Book> {
    let reviewed = Review::objects().correlate(Review::book_id, Book::title);
    Book::objects().filter(exists(reviewed))
}

fn main() {}
