use plinth::prelude::*;

#[derive(Model)]
#[model(table = "authors")]
pub struct Author {
    #[model(key, auto)]
    pub id: i64,
    pub books: Many<Book>,
    #[model(through = Tie(author))]
    pub prizes: ManyToMany<Book>,
    #[model(table = "Of Authors")]
    pub shelves: ManyToMany<Book>,
    #[model(unique)]
    pub sequels: ManyToMany<Book>,
    #[model(reverse = author)]
    pub readers: ManyToMany<Book>,
}

#[derive(Model)]
#[model(table = "books")]
pub struct Book {
    #[model(key, auto)]
    pub id: i64,
}

fn main() {}
