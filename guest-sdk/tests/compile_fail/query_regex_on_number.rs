mod models;

use models::*;
use plinth::prelude::*;

fn books() -> QuerySet<Book> {
    Book::objects().filter(Book::pages.regex("^4"))
}

fn main() {}
