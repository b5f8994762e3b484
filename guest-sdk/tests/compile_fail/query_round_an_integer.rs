mod models;

use models::*;
use plinth::orm::Values;

fn books() -> Values<Book, impl plinth::orm::Selection<Book>> {
    Book::objects().values(Book::pages.round())
}

fn main() {}
