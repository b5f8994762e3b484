//! Narrowing a query, where a limit or an offset may stand before it.

use super::{Deleted, Select};
use crate::orm::node::Node;
use crate::orm::order::OrderTerm;

/// What is to be done about what stands behind a slice.
const PUT_BEFORE: &str = "it would be of all rows; put it before";

impl Select {
    /// Keeps the rows of which a condition is true.
    pub(crate) fn keep(&mut self, method: &'static str, condition: Node) {
        if !condition.is_always_true() {
            self.behind_slice(method);
            self.conditions.push(condition);
        }
    }

    /// Keeps the groups of which a condition is true.
    pub(crate) fn keep_groups(&mut self, condition: Node) {
        self.behind_slice("having");
        self.having.push(condition);
    }

    pub(crate) fn order_by(&mut self, order: Vec<OrderTerm>) {
        self.behind_slice("order_by");
        self.order = order;
    }

    pub(crate) fn distinct(&mut self) {
        self.behind_slice("distinct");
        self.is_distinct = true;
    }

    pub(crate) fn distinct_on(&mut self, columns: Vec<Node>) {
        self.behind_slice("distinct_on");
        self.distinct_on = columns;
    }

    pub(crate) fn group_by(&mut self, group: Vec<Node>) {
        self.behind_slice("group_by");
        self.group = group;
    }

    pub(crate) fn deleted(&mut self, method: &'static str, deleted: Deleted) {
        self.behind_slice(method);
        self.deleted = deleted;
    }

    /// Loads the rows of a field, of which there is room for one loading.
    pub(crate) fn prefetch(&mut self, field: &'static str) {
        if self.prefetches.contains(&field) {
            let remedy = format!("one of the two would be lost; load `{field}` once");
            self.refuse_when_run("prefetch_related", "prefetch_related", &remedy);
        }
        self.prefetches.push(field);
    }

    /// Of two limits the smaller holds.
    pub(crate) fn limit(&mut self, rows: u64) {
        self.limit = Some(self.limit.map_or(rows, |limit| limit.min(rows)));
    }

    /// It may stand before a limit or behind it, as in SQL, but once.
    pub(crate) fn offset(&mut self, rows: u64) {
        if self.offset.is_some() {
            self.refuse_when_run("offset", "offset", "give the sum of both");
        }
        self.offset = Some(rows);
    }

    /// Remembers that a method, which is of all rows, stands behind a slice, if
    /// it does.
    pub(crate) fn behind_slice(&mut self, method: &'static str) {
        let slice = match (self.limit, self.offset) {
            (Some(_), _) => "limit",
            (None, Some(_)) => "offset",
            (None, None) => return,
        };
        self.refuse_when_run(method, slice, PUT_BEFORE);
    }
}
