use plinth::prelude::*;

#[derive(Model)]
#[model(table = "Books & co", index(titel))]
pub struct Book {
    #[model(key, auto)]
    pub id: String,
    #[model(key)]
    pub isbn: String,
    #[model(uniqe)]
    pub title: String,
    #[model(default = "many", range = ..)]
    pub pages: i32,
    #[model(on_delete = set_null)]
    pub author: ForeignKey<Book>,
    #[model(on_delete = cascade)]
    pub shelf: i32,
    #[model(auto_now)]
    pub changed: bool,
    #[model(column = "isbn")]
    pub other: i32,
    pub objects: i32,
}

fn main() {}
