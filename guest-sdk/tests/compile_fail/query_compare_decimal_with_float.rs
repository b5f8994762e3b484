use plinth::prelude::*;

#[derive(Model)]
#[model(table = "books")]
struct Book {
    #[model(key, auto)]
    id: i64,
    price: Decimal,
}

fn cheap() -> QuerySet<Book> {
    Book::objects().filter(Book::price.lt(19.99))
}

fn main() {}
