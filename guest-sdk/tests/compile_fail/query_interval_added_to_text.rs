mod models;

use models::*;
use plinth::Interval;
use plinth::prelude::*;

fn books() -> QuerySet<Book> {
    Book::objects().filter(Book::title.eq(Book::title + Interval::days(1)))
}

fn main() {}
