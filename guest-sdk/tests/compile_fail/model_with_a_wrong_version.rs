use plinth::prelude::*;

#[derive(Model)]
#[model(table = "books")]
pub struct Book {
    #[model(key, auto)]
    pub id: i64,
    #[model(version)]
    pub title: String,
    #[model(version)]
    pub version: Option<i32>,
    #[model(version)]
    pub third: i64,
    pub edit: i32,
    pub refresh: i32,
}

#[derive(Model)]
#[model(table = "pages")]
pub struct Page {
    #[model(key, auto, version)]
    pub id: i64,
}

fn main() {}
