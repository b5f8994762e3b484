mod models;

use models::*;
use plinth::prelude::*;

fn books() -> QuerySet<Book> {
    Book::objects().filter(Author::name.eq("Ursula"))
}

fn main() {}
