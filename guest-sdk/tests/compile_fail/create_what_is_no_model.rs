mod models;

use models::*;
use plinth::prelude::*;

struct Shelf {
    width: i32,
}

fn create() {
    create!(Shelf { width: 7 });
}

fn main() {}
