//! A handler's argument that neither the path nor a request holds.

use plinth::prelude::*;

struct Clock;

#[get("/time")]
fn time(clock: Clock) -> String {
    let Clock = clock;
    "noon".to_owned()
}

fn main() {}
