mod models;

use models::*;
use plinth::orm::exists;
use plinth::prelude::*;

fn authors() -> QuerySet<Author> {
    let reviewed = Review::objects().correlate(Review::book_id, Book::id);
    Author::objects().filter(exists(reviewed))
}

fn main() {}
