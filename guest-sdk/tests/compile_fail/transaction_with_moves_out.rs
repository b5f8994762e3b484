mod models;

use models::*;
use plinth::database::TransactionOptions;
use plinth::prelude::*;

// What may run twice must not give away what it has once.
fn rename(mut db: Db, names: Vec<String>) -> Result<Vec<String>> {
    db.transaction_with(TransactionOptions::new().retries(1), |tx| {
        Book::objects().delete(tx)?;
        Ok(names)
    })
}

fn main() {}
