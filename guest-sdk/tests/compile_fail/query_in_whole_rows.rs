mod models;

use models::*;
use plinth::prelude::*;

fn books() -> QuerySet<Book> {
    Book::objects().filter(Book::author_id.is_in_query(Author::objects()))
}

fn main() {}
