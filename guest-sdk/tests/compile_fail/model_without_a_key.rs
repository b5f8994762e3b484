use plinth::prelude::*;

#[derive(Model)]
#[model(table = "books")]
pub struct Book {
    pub title: String,
}

fn main() {}
