use plinth::prelude::*;

#[derive(Model)]
#[model(table = "authors")]
pub struct Author {
    #[model(key, auto)]
    pub id: i64,
    #[model(reverse = author)]
    pub books: Many<Book>,
}

#[derive(Model)]
#[model(table = "books")]
pub struct Book {
    #[model(key, auto)]
    pub id: i64,
    pub author: ForeignKey<Author>,
}

fn main() {
    let _ = Book::objects().prefetch_related(Author::books());
    let _ = Book::objects().filter(Author::books().any());
    let _ = Author::objects().prefetch_related(Author::books().filter(Author::id.eq(1)));
    let _ = plinth::create!(Author { books: Many::default() });
}
