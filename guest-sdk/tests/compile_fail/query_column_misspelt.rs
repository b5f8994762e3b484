mod models;

use models::*;
use plinth::prelude::*;

fn books() -> QuerySet<Book> {
    Book::objects().filter(Book::titel.eq("Dune"))
}

fn main() {}
