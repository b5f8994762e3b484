//! What `EXPLAIN` tells.

mod node;
mod read;
mod text;

use std::time::Duration;

pub use node::PlanNode;

/// How Postgres goes about a statement: a tree of steps, each of which asks
/// those below it for rows.
///
/// [`Db::explain`](super::Db::explain), [`Explain`](super::Explain) and the
/// query sets make one. Printed, it is the text that `psql` shows:
///
/// ```text
/// Index Scan using books_author_id on books  (cost=0.28..8.29 rows=1 width=36)
///   Index Cond: (author_id = '7'::bigint)
/// ```
///
/// Its properties are for tests; [`testing`] has assertions that say more when
/// they fail.
///
/// [`testing`]: ../testing/index.html
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    root: PlanNode,
    planning_time: Option<Duration>,
    execution_time: Option<Duration>,
    json: String,
}

impl Plan {
    /// The last step, which gives the statement's result.
    #[must_use]
    pub fn root(&self) -> &PlanNode {
        &self.root
    }

    /// All steps, each before those it asks; those of subqueries and of queries
    /// with a name too.
    pub fn nodes(&self) -> impl Iterator<Item = &PlanNode> {
        let mut left = vec![&self.root];
        std::iter::from_fn(move || {
            let node = left.pop()?;
            left.extend(node.children().iter().rev());
            Some(node)
        })
    }

    /// Whether the statement was run.
    #[must_use]
    pub fn is_analyzed(&self) -> bool {
        self.execution_time.is_some()
    }

    /// How long it took to make the plan; not known of a statement that was not
    /// run.
    #[must_use]
    pub fn planning_time(&self) -> Option<Duration> {
        self.planning_time
    }

    /// How long it took to run the statement, if it was run.
    #[must_use]
    pub fn execution_time(&self) -> Option<Duration> {
        self.execution_time
    }

    /// Whether any table is read from its first row to its last.
    #[must_use]
    pub fn has_seq_scan(&self) -> bool {
        self.nodes().any(PlanNode::is_seq_scan)
    }

    /// The tables that are read from their first row to their last, each once; of
    /// a table in partitions, the partitions.
    #[must_use]
    pub fn seq_scan_tables(&self) -> Vec<&str> {
        let mut tables = Vec::new();
        for node in self.nodes().filter(|node| node.is_seq_scan()) {
            let table = node.relation().unwrap_or_default();
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
        tables
    }

    /// The steps that find rows by an index.
    pub fn index_scans(&self) -> impl Iterator<Item = &PlanNode> {
        self.nodes().filter(|node| node.is_index_scan())
    }

    /// Whether an index of this name is used, be it for a bitmap.
    #[must_use]
    pub fn uses_index(&self, name: &str) -> bool {
        self.nodes().any(|node| node.index_name() == Some(name))
    }

    /// All that Postgres told, as the JSON that programs which draw plans take.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }
}

#[cfg(test)]
mod tests;
