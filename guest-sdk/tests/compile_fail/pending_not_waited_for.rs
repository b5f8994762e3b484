#![deny(unused_must_use)]

mod models;

use models::*;
use plinth::prelude::*;

fn count(db: Db) {
    db.start(Book::objects().to_count());
}

fn main() {}
