mod models;

use models::*;
use plinth::prelude::*;

fn books() -> QuerySet<Book> {
    Book::objects().order_by([Book::title.asc(), Author::name.asc()])
}

fn main() {}
