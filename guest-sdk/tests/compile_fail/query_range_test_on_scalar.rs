mod models;

use models::*;
use plinth::prelude::*;

fn long() -> QuerySet<Book> {
    Book::objects().filter(Book::pages.overlaps_range(1..3))
}

fn main() {}
