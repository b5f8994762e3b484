use plinth::prelude::*;

#[derive(Model)]
#[model(table = "books", unique(isbn, where = "isbn <> ''", name = "isbn_once"))]
pub struct Book {
    #[model(key, auto)]
    pub id: i64,
    pub isbn: String,
}

#[derive(Model)]
#[model(table = "editions", unique(isbn, where = "isbn <> ''", name = "isbn_once"))]
pub struct Edition {
    #[model(key, auto)]
    pub id: i64,
    pub isbn: String,
}

#[derive(Model)]
#[model(table = "books")]
pub struct Title {
    #[model(key, auto)]
    pub id: i64,
    pub title: String,
}

plinth::plugin! { models: [Book, Edition, Title] }

fn main() {}
