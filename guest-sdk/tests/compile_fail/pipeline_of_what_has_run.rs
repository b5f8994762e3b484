mod models;

use models::*;
use plinth::prelude::*;

fn count(db: Db) -> Result<i64> {
    let (_, count) = db.pipeline((Book::objects(), Book::objects().count(&db)?))?;
    Ok(count)
}

fn main() {}
