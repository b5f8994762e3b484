use plinth::Partial;

mod models;
use models::Book;

#[derive(Partial)]
struct WithoutModel {
    title: String,
}

#[derive(Partial)]
#[partial(model = Book)]
struct Nothing {}

#[derive(Partial)]
#[partial(table = "books")]
struct Table {
    #[partial(column = "title")]
    title: String,
}

#[derive(Partial)]
#[partial(model = Book)]
enum Choice {
    Title,
}

fn main() {}
