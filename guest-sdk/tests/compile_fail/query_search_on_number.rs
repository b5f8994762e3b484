mod models;

use models::*;
use plinth::orm::{search_query, search_vector};
use plinth::prelude::*;

fn found() -> QuerySet<Book> {
    let words = search_vector((Book::title, Book::pages));
    Book::objects().filter(words.matches(search_query("dune")) & Book::pages.search("4"))
}

fn main() {}
