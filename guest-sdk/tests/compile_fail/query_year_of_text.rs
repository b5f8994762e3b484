mod models;

use models::*;
use plinth::prelude::*;

fn old() -> QuerySet<Book> {
    Book::objects().filter(Book::title.year().lt(1900))
}

fn main() {}
