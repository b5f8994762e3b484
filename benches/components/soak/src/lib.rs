//! Writes rows one by one and in pairs, and reads them back, while somebody
//! kills the connections.

use plinth::prelude::*;

/// Write a row by a statement of its own.
#[post("/rows/{id}")]
fn write_row(id: i64, db: Db) -> Result<&'static str> {
    db.execute("INSERT INTO rows (id, paired) VALUES ($1, FALSE)", &[&id])?;
    Ok("written")
}

/// Write a row and its twin, both or none.
#[post("/pairs/{id}")]
fn write_pair(id: i64, mut db: Db) -> Result<&'static str> {
    db.transaction(|tx| {
        tx.execute("INSERT INTO rows (id, paired) VALUES ($1, TRUE)", &[&id])?;
        tx.execute("INSERT INTO twins (id) VALUES ($1)", &[&id])?;
        Ok("written")
    })
}

/// Read a row.
#[get("/rows/{id}")]
fn read_row(id: i64, db: Db) -> Result<&'static str> {
    match db.query("SELECT id FROM rows WHERE id = $1", &[&id])?.len() {
        1 => Ok("found"),
        _ => Err(Problem::not_found("There is no such row.").into()),
    }
}

/// Tell how the pool does: connections, idle, waiting.
#[get("/statistics")]
fn statistics(db: Db) -> Result<String> {
    let pool = db.statistics()?;
    Ok(format!(
        "{} {} {}",
        pool.connections, pool.idle, pool.waiting
    ))
}

plinth::plugin! { routes: [write_row, write_pair, read_row, statistics] }
