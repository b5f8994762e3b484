use std::time::Duration;

/// A step of a [`Plan`](super::Plan).
///
/// What is known only of a statement that was run is `None` of one that was
/// not, and the blocks are known if [`buffers`](crate::database::Explain::buffers)
/// asked for them. Rows and times are of one run of the step, on average of its
/// [`loops`](Self::loops).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanNode {
    pub(super) node_type: String,
    pub(super) relation: Option<String>,
    pub(super) alias: Option<String>,
    pub(super) index_name: Option<String>,
    pub(super) startup_cost: f64,
    pub(super) total_cost: f64,
    pub(super) plan_rows: f64,
    pub(super) plan_width: u64,
    pub(super) actual_startup_time: Option<Duration>,
    pub(super) actual_total_time: Option<Duration>,
    pub(super) actual_rows: Option<f64>,
    pub(super) loops: Option<u64>,
    pub(super) shared_hit_blocks: Option<u64>,
    pub(super) shared_read_blocks: Option<u64>,
    /// The others, in Postgres' order.
    pub(super) details: Vec<(String, String)>,
    pub(super) children: Vec<Self>,
}

impl PlanNode {
    /// What it does: `Seq Scan`, `Index Only Scan`, `Hash Join` and so on.
    #[must_use]
    pub fn node_type(&self) -> &str {
        &self.node_type
    }

    /// The table that it reads or writes; of a table in partitions, the
    /// partition.
    #[must_use]
    pub fn relation(&self) -> Option<&str> {
        self.relation.as_deref()
    }

    /// What the statement calls the table.
    #[must_use]
    pub fn alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }

    /// The index that it reads.
    #[must_use]
    pub fn index_name(&self) -> Option<&str> {
        self.index_name.as_deref()
    }

    /// What its first row costs, in the planner's unit.
    #[must_use]
    pub fn startup_cost(&self) -> f64 {
        self.startup_cost
    }

    /// What all its rows cost, in the planner's unit.
    #[must_use]
    pub fn total_cost(&self) -> f64 {
        self.total_cost
    }

    /// How many rows the planner expected.
    #[must_use]
    pub fn plan_rows(&self) -> f64 {
        self.plan_rows
    }

    /// How many rows it gave.
    #[must_use]
    pub fn actual_rows(&self) -> Option<f64> {
        self.actual_rows
    }

    /// How long its rows took, with the steps below it.
    #[must_use]
    pub fn actual_total_time(&self) -> Option<Duration> {
        self.actual_total_time
    }

    /// How often it was run, by all processes that took part; 0 when its rows
    /// were not needed.
    #[must_use]
    pub fn loops(&self) -> Option<u64> {
        self.loops
    }

    /// The blocks of tables and indexes that were in Postgres' memory, with
    /// those of the steps below it and of all its loops.
    #[must_use]
    pub fn shared_hit_blocks(&self) -> Option<u64> {
        self.shared_hit_blocks
    }

    /// The blocks of tables and indexes that were read into Postgres' memory,
    /// with those of the steps below it and of all its loops.
    #[must_use]
    pub fn shared_read_blocks(&self) -> Option<u64> {
        self.shared_read_blocks
    }

    /// Something else that Postgres tells of it, by Postgres' name, such as
    /// `Filter`, `Index Cond`, `Sort Method` or `Rows Removed by Filter`.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<&str> {
        let mut details = self.details.iter();
        let found = details.find(|(detail, _)| detail == name);
        found.map(|(_, value)| &**value)
    }

    /// The steps that it asks for rows.
    #[must_use]
    pub fn children(&self) -> &[PlanNode] {
        &self.children
    }

    /// Whether it reads a table from its first row to its last.
    #[must_use]
    pub fn is_seq_scan(&self) -> bool {
        self.node_type == "Seq Scan"
    }

    /// Whether it finds rows by an index, one after the other: an `Index Scan` or
    /// an `Index Only Scan`.
    #[must_use]
    pub fn is_index_scan(&self) -> bool {
        matches!(&*self.node_type, "Index Scan" | "Index Only Scan")
    }
}
