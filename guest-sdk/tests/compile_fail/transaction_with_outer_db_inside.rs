mod models;

use models::*;
use plinth::database::TransactionOptions;
use plinth::prelude::*;

fn count(mut db: Db) -> Result<i64> {
    let options = TransactionOptions::new().serializable().retries(3);
    db.transaction_with(options, |tx| {
        Book::objects().delete(tx)?;
        Book::objects().count(&db)
    })
}

fn main() {}
