mod models;

use models::*;
use plinth::prelude::*;

fn count(db: Db) -> Result<i64> {
    db.transaction(|tx| Book::objects().count(tx))
}

fn main() {}
