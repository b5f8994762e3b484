use plinth::prelude::*;
use serde::Serialize;

#[derive(Model, Serialize)]
#[model(table = "books")]
struct Book {
    #[model(key, auto)]
    id: i64,
    title: String,
}

#[get("/books")]
fn list_books(db: Db) -> Result<JsonRows> {
    Book::objects().json(&db)
}

fn main() {}
