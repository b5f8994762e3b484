use plinth::prelude::*;

#[derive(Model)]
pub struct Book {
    #[model(key, auto)]
    pub id: i64,
}

fn main() {}
