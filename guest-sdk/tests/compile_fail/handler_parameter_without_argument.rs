//! A path parameter that no argument takes.

use plinth::prelude::*;

#[get("/authors/{author}/books/{book}")]
fn get_book(book: i64, db: Db) -> Result<Json<Option<i64>>> {
    drop(db);
    Ok(Json(Some(book)))
}

fn main() {}
