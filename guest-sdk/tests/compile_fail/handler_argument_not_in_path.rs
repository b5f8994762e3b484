//! An argument that only a path can give, and a path that does not.

use plinth::prelude::*;

#[get("/books")]
fn get_book(id: i64) -> String {
    id.to_string()
}

#[get("/authors/{author}")]
fn get_author(author_id: i64) -> Json<i64> {
    Json(author_id)
}

#[get("/files/{path}")]
fn get_file(path: &str, request: &Request) -> Result<String> {
    Ok(format!("{path} for {}", request.id()))
}

fn main() {}
