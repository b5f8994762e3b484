use plinth::prelude::*;

#[derive(Model)]
#[model(table = "vehicles", discriminator = kin)]
pub struct Vehicle {
    #[model(key, auto)]
    pub id: i64,
    pub kind: String,
}

#[derive(Model)]
#[model(table = "vehicles", discriminator = id)]
pub struct Keyed {
    #[model(key)]
    pub id: String,
}

#[derive(Model)]
#[model(table = "vehicles", parent = Vehicle)]
pub struct Car {
    #[model(key, auto)]
    pub id: i64,
}

#[derive(Model)]
#[model(table = "vehicles", variant = "car")]
pub struct Orphan {
    #[model(key, auto)]
    pub id: i64,
}

#[derive(Model)]
#[model(table = "vehicles", parent = Vehicle, variant = "car", discriminator = kind)]
pub struct Both {
    #[model(key, auto)]
    pub id: i64,
    pub kind: String,
}

fn main() {}
