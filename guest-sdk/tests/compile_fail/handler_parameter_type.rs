//! A path parameter of a type that a path does not give.

use plinth::prelude::*;

#[get("/books/{id}")]
fn get_book(id: f64) -> String {
    id.to_string()
}

fn main() {}
