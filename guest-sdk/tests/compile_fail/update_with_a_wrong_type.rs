mod models;

use models::*;
use plinth::prelude::*;

fn update(db: &Db) -> Result<u64> {
    Book::objects().update([Book::title.set(7)]).execute(db)
}

fn main() {}
