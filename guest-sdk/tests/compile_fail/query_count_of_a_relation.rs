mod models;

use models::*;
use plinth::orm::count_distinct;
use plinth::prelude::*;

fn values(db: &Db) -> Result<i64> {
    Book::objects().aggregate(count_distinct(Book::author()), db)
}

fn main() {}
