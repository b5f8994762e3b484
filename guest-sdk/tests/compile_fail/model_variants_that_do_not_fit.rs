use plinth::prelude::*;

#[derive(Choices)]
pub enum Kind {
    Car,
}

#[derive(Model)]
#[model(table = "vehicles", discriminator = kind)]
pub struct Vehicle {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
    pub kind: Kind,
}

#[derive(Model)]
#[model(table = "plain")]
pub struct Plain {
    #[model(key, auto)]
    pub id: i64,
    pub version: i64,
}

#[derive(Model)]
#[model(table = "numbers", discriminator = number)]
pub struct Number {
    #[model(key, auto)]
    pub id: i64,
    pub number: i32,
}

#[derive(Model)]
#[model(table = "plain", parent = Plain, variant = "car")]
pub struct OfPlain {
    #[model(key, auto)]
    pub id: i64,
}

#[derive(Model)]
#[model(table = "cars", parent = Vehicle, variant = "car")]
pub struct Elsewhere {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
}

#[derive(Model)]
#[model(table = "vehicles", parent = Vehicle, variant = "boat")]
pub struct Boat {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
}

#[derive(Model)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
pub struct Nameless {
    #[model(key, auto)]
    pub id: i64,
}

#[derive(Model)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
pub struct OtherType {
    #[model(key, auto)]
    pub id: i64,
    pub name: i32,
}

#[derive(Model)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
pub struct Versioned {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
    #[model(version)]
    pub version: i32,
}

#[derive(Model)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
pub struct WithKind {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
    pub kind: String,
}

fn main() {}
