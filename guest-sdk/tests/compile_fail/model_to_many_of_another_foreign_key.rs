use plinth::prelude::*;

#[derive(Model)]
#[model(table = "authors")]
pub struct Author {
    #[model(key, auto)]
    pub id: i64,
    #[model(reverse = shelf)]
    pub books: Many<Book>,
    #[model(reverse = writer)]
    pub others: Many<Book>,
}

#[derive(Model)]
#[model(table = "shelves")]
pub struct Shelf {
    #[model(key, auto)]
    pub id: i64,
}

#[derive(Model)]
#[model(table = "books")]
pub struct Book {
    #[model(key, auto)]
    pub id: i64,
    pub author: ForeignKey<Author>,
    pub shelf: ForeignKey<Shelf>,
}

fn main() {}
