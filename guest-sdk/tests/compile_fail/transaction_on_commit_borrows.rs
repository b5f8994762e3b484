mod models;

use models::*;
use plinth::prelude::*;

fn rename(mut db: Db, title: &str) -> Result<()> {
    db.transaction(|tx| {
        Book::objects().delete(tx)?;
        tx.on_commit(|_| {
            log::info!("{title} is gone");
            Ok(())
        });
        Ok(())
    })
}

fn main() {}
