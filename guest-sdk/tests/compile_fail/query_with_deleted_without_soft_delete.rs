mod models;

use models::Book;

fn main() {
    let _ = Book::objects().with_deleted();
    let _ = Book::objects().only_deleted();
}
