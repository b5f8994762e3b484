mod models;

use models::*;
use plinth::orm::when;
use plinth::prelude::*;

fn books(db: &Db) -> Result<Vec<String>> {
    Book::objects().values(when(Book::pages.gt(500), "long").otherwise(0)).all(db)
}

fn main() {}
