mod models;

use models::*;
use plinth::prelude::*;

fn create(db: &Db) -> Result<Book> {
    create!(Book { title: "Dune", pages: 412 }).insert(db)
}

fn main() {}
