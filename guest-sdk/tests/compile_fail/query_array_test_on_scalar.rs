mod models;

use models::*;
use plinth::prelude::*;

fn tagged() -> QuerySet<Book> {
    Book::objects().filter(Book::title.overlaps(["a"]))
}

fn main() {}
