mod models;

use models::*;
use plinth::prelude::*;

fn books() -> QuerySet<Book> {
    Book::objects().select_related(Review::book())
}

fn main() {}
