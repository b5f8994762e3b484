use plinth::prelude::*;

#[derive(Model)]
#[model(table = "entries", append_only)]
pub struct Entry {
    #[model(key, auto)]
    pub id: i64,
    pub text: String,
}

fn delete(entry: Entry, db: &Db) -> Result<()> {
    entry.delete(db)
}

fn edit(entry: Entry, db: &Db) -> Result<()> {
    let mut entry = entry.edit();
    entry.text.clear();
    entry.save(db)
}

fn main() {}
