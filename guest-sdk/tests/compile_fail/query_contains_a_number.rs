mod models;

use models::*;
use plinth::prelude::*;

fn books() -> QuerySet<Book> {
    Book::objects().filter(Book::title.icontains(4) & Book::title.contains(Author::name))
}

fn main() {}
