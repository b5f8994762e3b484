mod models;

use models::*;
use plinth::prelude::*;

fn count(mut db: Db) -> Result<i64> {
    let mut escaped = None;
    db.transaction(|tx| {
        escaped = Some(tx);
        Ok(())
    })?;
    Ok(0)
}

fn main() {}
