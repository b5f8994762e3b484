use plinth::prelude::*;

#[derive(Model)]
#[model(table = "books")]
pub enum Book {
    Novel,
}

#[derive(Model)]
#[model(table = "pairs")]
pub struct Pair(i64, i64);

#[derive(Model)]
#[model(table = "things")]
pub struct Thing<T> {
    #[model(key)]
    pub id: T,
}

fn main() {}
