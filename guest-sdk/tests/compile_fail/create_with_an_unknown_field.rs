mod models;

use models::*;
use plinth::prelude::*;

fn create(db: &Db) -> Result<Book> {
    create!(Book { titel: "Dune", title: "Dune", pages: 412, author: 7 }).insert(db)
}

fn main() {}
