use plinth::prelude::*;

struct Colour;

fn query(db: &Db) -> Result<u64> {
    db.execute("DELETE FROM paints WHERE colour = $1", &[&Colour])
}

fn main() {}
