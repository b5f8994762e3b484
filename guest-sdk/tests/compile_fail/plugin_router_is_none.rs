use plinth::prelude::*;

pub struct Replicas;

/// Say hello.
#[get("/hello")]
fn hello() -> &'static str {
    "hello"
}

plinth::plugin! { routes: [hello], router: Replicas }

fn main() {}
