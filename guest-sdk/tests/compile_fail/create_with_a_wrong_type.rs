mod models;

use models::*;
use plinth::prelude::*;

fn create(db: &Db) -> Result<Book> {
    create!(Book { title: 7, pages: "many", author: "Frank" }).insert(db)
}

fn main() {}
