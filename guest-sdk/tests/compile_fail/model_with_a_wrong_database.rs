use plinth::prelude::*;

#[derive(Model)]
#[model(table = "entries", database = "", discriminator = kind)]
pub struct Entry {
    #[model(key, auto)]
    pub id: i64,
    pub kind: String,
}

#[derive(Model)]
#[model(table = "entries", parent = Entry, variant = "note", database = "archive")]
pub struct Note {
    #[model(key, auto)]
    pub id: i64,
}

fn main() {}
