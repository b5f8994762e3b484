mod models;

use models::*;
use plinth::orm::coalesce;
use plinth::prelude::*;

fn books(db: &Db) -> Result<Vec<String>> {
    Book::objects().values(coalesce(Book::title, "untitled")).all(db)
}

fn main() {}
