mod models;

use std::time::Duration;

use models::*;
use plinth::prelude::*;

fn count(mut db: Db) -> Result<i64> {
    db.transaction(|tx| Book::objects().count(&tx.with_timeout(Duration::from_secs(1))))
}

fn main() {}
