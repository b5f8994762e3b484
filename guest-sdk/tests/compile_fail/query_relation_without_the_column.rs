mod models;

use models::*;
use plinth::prelude::*;

fn books() -> QuerySet<Book> {
    Book::objects().filter(Book::author().title().eq("Ursula"))
}

fn main() {}
