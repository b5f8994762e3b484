mod models;

use models::*;
use plinth::orm::{Values, row_number};

fn numbers() -> Values<Book, impl plinth::orm::Selection<Book>> {
    Book::objects().values((Book::id, row_number()))
}

fn main() {}
