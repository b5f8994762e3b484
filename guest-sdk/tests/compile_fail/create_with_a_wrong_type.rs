mod models;

use models::*;
use plinth::prelude::*;

fn create(db: &Db) -> Result<Book> {
    create!(Book { title: 7, pages: "many", author: "Frank" }).insert(db)
}

#[derive(Model)]
#[model(table = "places")]
pub struct Place {
    #[model(key)]
    pub at: Json<Vec<i32>>,
    pub beside: ForeignKey<Place>,
}

fn place() {
    let _ = create!(Place { at: Json(vec![1]), beside: Json(vec![2]) });
}

fn main() {}
