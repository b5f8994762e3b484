use plinth::prelude::*;

#[derive(Model)]
#[model(table = "vehicles", discriminator = kind)]
pub struct Vehicle {
    #[model(key, auto)]
    pub id: i64,
    pub kind: String,
}

#[derive(Model)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
pub struct Car {
    #[model(key, auto)]
    pub id: i64,
    pub size: i32,
}

#[derive(Model)]
#[model(table = "vehicles", parent = Vehicle, variant = "truck")]
pub struct Truck {
    #[model(key, auto)]
    pub id: i64,
    pub size: String,
}

plinth::plugin! { models: [Vehicle, Car, Truck] }

fn main() {}
