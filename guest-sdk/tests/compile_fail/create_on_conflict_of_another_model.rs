mod models;

use models::*;
use plinth::prelude::*;

fn author(db: &Db) -> Result<Option<Author>> {
    create!(Author { name: "x" }).on_conflict(Book::title).do_nothing().insert(db)
}

fn main() {}
