use plinth::prelude::*;

fn lengths() -> DataLoader<'static, String, i64> {
    let db = Db::named("default");
    DataLoader::new(&db, |texts, _| Ok(vec![0; texts.len()]))
}

fn main() {}
