mod models;

use models::*;
use plinth::prelude::*;

fn values() -> QuerySet<Book> {
    Book::objects().values((Book::id, Book::author()));
    Book::objects()
}

fn main() {}
