//! Handlers are ordinary functions.

use plinth::prelude::*;

#[post("/books")]
async fn create_book(book: Json<String>) -> Result<Json<String>> {
    Ok(book)
}

#[post("/things")]
unsafe fn create_thing<T>(thing: Json<T>) -> Json<T> {
    thing
}

fn main() {}
