mod models;

use models::*;
use plinth::prelude::*;

fn count(mut db: Db) -> Result<i64> {
    db.transaction(|tx| {
        Book::objects().delete(tx)?;
        Book::objects().count(&db)
    })
}

fn main() {}
