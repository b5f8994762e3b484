mod models;

use models::*;
use plinth::prelude::*;

#[deny(unused_must_use)]
fn forgotten() {
    Book::objects().update([Book::pages.set(1)]);
}

fn main() {}
