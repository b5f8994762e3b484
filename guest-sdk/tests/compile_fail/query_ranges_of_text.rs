use plinth::database::Range;
use plinth::prelude::*;

#[derive(Model)]
#[model(table = "shelves")]
struct Shelf {
    #[model(key, auto)]
    id: i64,
    letters: Range<String>,
}

fn main() {}
