mod models;

use models::*;
use plinth::prelude::*;

fn long() -> QuerySet<Book> {
    Book::objects().filter(Book::pages.is_in_range(7) | Book::title.is_in_range(1..3))
}

fn main() {}
