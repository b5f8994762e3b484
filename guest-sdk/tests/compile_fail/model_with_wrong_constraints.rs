use plinth::prelude::*;

#[derive(Model)]
#[model(table = "wares")]
pub struct Ware {
    #[model(key, auto, generated = "1")]
    pub id: i64,
    #[model(generated = "price", default = 3)]
    pub worth: i32,
    #[model(generated = "now()", auto_now)]
    pub changed_at: Timestamp,
    #[model(generated = "1", version)]
    pub version: i32,
    #[model(generated = " ")]
    pub empty: i32,
    #[model(generated = "id", on_delete = set_null)]
    pub same: Option<ForeignKey<Vehicle>>,
    #[model(deferrable)]
    pub price: i32,
    #[model(deferrable = later)]
    pub other: Option<ForeignKey<Vehicle>>,
}

#[derive(Model)]
#[model(table = "kinds", discriminator = kind)]
pub struct Kind {
    #[model(key, auto)]
    pub id: i64,
    #[model(generated = "'a'")]
    pub kind: String,
}

#[derive(Model)]
#[model(table = "vehicles", discriminator = kind)]
pub struct Vehicle {
    #[model(key, auto)]
    pub id: i64,
    pub kind: String,
    pub wheels: i32,
    #[model(generated = "wheels / 2")]
    pub axles: i32,
}

#[derive(Model)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
pub struct Car {
    #[model(key, auto)]
    pub id: i64,
    pub wheels: i32,
    pub axles: i32,
}

#[derive(Model)]
#[model(table = "vehicles", parent = Vehicle, variant = "bike")]
pub struct Bike {
    #[model(key, auto)]
    pub id: i64,
    pub wheels: i32,
}

fn main() {
    let _ = create!(Vehicle { kind: "car", wheels: 4, axles: 2 });
    let _ = create!(Bike { wheels: 2 });
}
