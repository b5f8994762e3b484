mod models;

use models::*;
use plinth::prelude::*;

fn create(db: &Db, other: Book) -> Result<Book> {
    create!(Book { title: "Dune", title: "Dune", ..other }).insert(db)
}

fn main() {}
