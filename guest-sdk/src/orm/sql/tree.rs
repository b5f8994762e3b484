//! Rows that are reached from rows of the same table.

use super::select::Ask;
use super::writer::Writer;
use crate::orm::node::Node;
use crate::orm::path::RelationPath;
use crate::orm::select::Select;
use crate::{Error, Result};

/// No model's table has capital letters in its name.
const TREE: &str = "\"Tree\"";

impl Writer {
    /// Whether a key is one of those reached from a query's.
    pub(super) fn in_tree(
        &mut self,
        key: &Node,
        start: &Select,
        path: RelationPath,
        is_up: bool,
    ) -> Result<()> {
        let model = start.model;
        let mut hops = path.hops();
        let (Some(hop), None) = (hops.next(), hops.next()) else {
            return Err(not_one_hop(model.model));
        };
        let parent = &model.columns[model.relations[hop].column];
        self.node(key)?;
        self.push(" IN (WITH RECURSIVE ");
        self.push(TREE);
        self.push(" (key) AS (");
        self.query(start, Ask::All)?;
        // UNION and not UNION ALL: a circle ends where it began.
        self.push(" UNION SELECT node.");
        let (reached, reaching) = match is_up {
            true => (parent, model.key_column()),
            false => (model.key_column(), parent),
        };
        self.name(reached.name);
        self.push(" FROM ");
        self.name(model.table);
        self.push(" AS node JOIN ");
        self.push(TREE);
        self.push(" ON node.");
        self.name(reaching.name);
        self.push(" = ");
        self.push(TREE);
        self.push(".key");
        if is_up && parent.nullable {
            self.push(" WHERE node.");
            self.name(parent.name);
            self.push(" IS NOT NULL");
        }
        self.push(") SELECT key FROM ");
        self.push(TREE);
        self.push(")");
        Ok(())
    }
}

fn not_one_hop(model: &str) -> Error {
    Error::invalid_query(format!(
        "a tree of `{model}` follows one foreign key to the model itself, and not several"
    ))
}
