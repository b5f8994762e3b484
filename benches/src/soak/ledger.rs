//! What the database has of what was acknowledged.

use std::collections::HashSet;

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use tokio_postgres::Client;

use super::traffic::Acknowledged;

/// What is not as it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Missing {
    /// Acknowledged rows that are not there.
    pub rows: usize,
    /// Acknowledged twins that are not there.
    pub twins: usize,
    /// Rows of a pair that are there without their twin.
    pub torn: i64,
    /// Rows and twins that are there.
    pub found: usize,
}

/// A twin can't be there alone, because it refers to its row.
const TORN: &str = "SELECT count(*) FROM rows LEFT JOIN twins USING (id) \
    WHERE paired AND twins.id IS NULL";

/// Compares the tables with what was acknowledged.
pub(super) async fn missing(client: &Client, acknowledged: &Acknowledged) -> Result<Missing> {
    let rows = ids(client, "SELECT id FROM rows").await?;
    let twins = ids(client, "SELECT id FROM twins").await?;
    Ok(Missing {
        rows: absent(&acknowledged.rows, &rows),
        twins: absent(&acknowledged.twins, &twins),
        torn: client.query_one(TORN, &[]).await?.get(0),
        found: rows.len() + twins.len(),
    })
}

async fn ids(client: &Client, sql: &str) -> Result<HashSet<i64>> {
    let none: [&i64; 0] = [];
    let rows = client.query_raw(sql, none).await.context("the rows")?;
    let ids = rows.map_ok(|row| row.get::<_, i64>(0)).try_collect().await;
    ids.context("the rows")
}

fn absent(acknowledged: &[i64], found: &HashSet<i64>) -> usize {
    acknowledged.iter().filter(|id| !found.contains(id)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_acknowledged_is_no_loss() {
        let found = HashSet::from([1, 2, 3]);
        assert_eq!(absent(&[1, 3], &found), 0);
        assert_eq!(absent(&[1, 4, 5], &found), 2);
    }
}
