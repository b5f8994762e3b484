use plinth::prelude::*;

#[derive(Model)]
#[model(table = "books")]
pub struct Book {
    #[model(key, auto)]
    pub id: i64,
    #[model(default = "many")]
    pub pages: i32,
    #[model(default = Sold)]
    pub status: Status,
}

#[derive(Choices)]
pub enum Status {
    Draft,
    OnSale,
}

fn main() {}
