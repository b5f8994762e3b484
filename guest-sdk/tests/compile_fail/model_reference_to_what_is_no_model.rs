use plinth::prelude::*;

pub struct Colour;

#[derive(Model)]
#[model(table = "paints")]
pub struct Paint {
    #[model(key, auto)]
    pub id: i64,
    pub colour: ForeignKey<Colour>,
}

fn main() {}
