mod models;

use models::*;
use plinth::prelude::*;

fn count(mut db: Db) -> Result<i64> {
    db.transaction(|tx| tx.savepoint("counted", |_| Book::objects().count(tx)))
}

fn main() {}
