use plinth::Partial;
use plinth::orm::ForeignKey;

mod models;
use models::{Author, Book};

#[derive(Partial)]
#[partial(model = Book)]
struct Card {
    titel: String,
    pages: i64,
    subtitle: String,
    #[partial(value = Book::author().name())]
    author: i64,
}

#[derive(Partial)]
#[partial(model = Book)]
struct Title {
    title: String,
}

#[derive(Partial)]
#[partial(model = Book)]
struct Tie {
    author: ForeignKey<Book>,
}

#[derive(Partial)]
#[partial(model = Book)]
struct OptionalTie {
    author: Option<ForeignKey<Author>>,
}

fn main() {
    let _ = Author::objects().only::<Title>();
    let _ = Book::objects().only::<Book>();
}
