mod models;

use models::*;
use plinth::orm::sum;
use plinth::prelude::*;

fn values(db: &Db) -> Result<String> {
    Book::objects().aggregate(sum(Book::title), db)
}

fn main() {}
