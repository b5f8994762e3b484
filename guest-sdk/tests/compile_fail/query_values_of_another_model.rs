mod models;

use models::*;
use plinth::prelude::*;

fn values() -> QuerySet<Book> {
    Book::objects().values((Book::id, Author::name));
    Book::objects()
}

fn main() {}
