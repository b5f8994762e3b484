use plinth::prelude::*;

#[derive(Model)]
#[model(table = "authors")]
pub struct Author {
    #[model(key, auto)]
    pub id: i64,
}

#[derive(Model)]
#[model(table = "entries", database = "archive")]
pub struct Entry {
    #[model(key, auto)]
    pub id: i64,
    pub author: ForeignKey<Author>,
    pub editor: Option<ForeignKey<Author>>,
    #[model(table = "readers")]
    pub readers: ManyToMany<Author>,
    pub before: Option<ForeignKey<Entry>>,
}

fn main() {}
