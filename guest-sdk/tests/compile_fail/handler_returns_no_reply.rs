//! A handler's result that cannot be sent.

use plinth::prelude::*;

struct Book;

#[get("/book")]
fn get_book() -> Book {
    Book
}

#[get("/books")]
fn list_books() -> Result<Vec<String>> {
    Ok(Vec::new())
}

#[get("/shelf")]
fn get_shelf() -> Result<String, std::fmt::Error> {
    Ok(String::new())
}

fn main() {}
