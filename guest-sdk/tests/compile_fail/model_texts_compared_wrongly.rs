use plinth::prelude::*;

#[derive(Model)]
#[model(table = "people")]
pub struct Person {
    #[model(key, citext)]
    pub id: i64,
    #[model(citext, collation = "any_case")]
    pub name: String,
    #[model(collation = "")]
    pub city: Option<String>,
    #[model(citext)]
    pub friend: Option<ForeignKey<Animal>>,
}

#[derive(Model)]
#[model(table = "animals", discriminator = kind)]
pub struct Animal {
    #[model(key, citext)]
    pub name: String,
    pub kind: String,
}

#[derive(Model)]
#[model(table = "animals", parent = Animal, variant = "cat")]
pub struct Cat {
    #[model(key)]
    pub name: String,
}

fn main() {}
