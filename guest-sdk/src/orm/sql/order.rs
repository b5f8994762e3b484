//! In which order rows come.

use super::writer::Writer;
use crate::orm::meta::ModelMeta;
use crate::orm::node::{ColumnRef, Node};
use crate::orm::order::OrderTerm;
use crate::orm::select::Select;
use crate::{Error, Result};

impl Writer {
    pub(super) fn order(&mut self, select: &Select) -> Result<()> {
        let is_of_rows = select.values.is_empty();
        for (index, term) in select.order.iter().enumerate() {
            if is_of_rows && term.node.has_aggregate() {
                return Err(ordered_by_aggregate(select.model));
            }
            self.check_order(select, &term.node)?;
            self.push(if index == 0 { " ORDER BY " } else { ", " });
            self.node_or_place(&term.node, &select.values)?;
            self.direction(term, self.is_nullable(&term.node)?);
        }
        Ok(())
    }

    /// Of values that stand for several rows there is no order by what differs
    /// among those.
    fn check_order(&self, select: &Select, node: &Node) -> Result<()> {
        let mut values = select.values.iter();
        if node.has_query() || values.any(|value| self.is_same(&value.node, node)) {
            return Ok(());
        }
        if select.drops_duplicates() && select.distinct_on.is_empty() {
            return Err(ordered_by_other(select.model, "distinct"));
        }
        let mut groups = select.groups().into_iter();
        let is_column = matches!(node, Node::Column(_)) && select.is_grouped();
        match is_column && !groups.any(|group| self.is_same(group, node) || is_key(select, group)) {
            true => Err(ordered_by_other(select.model, "values")),
            false => Ok(()),
        }
    }

    /// Whether two expressions are written alike: the key of the row that a foreign
    /// key points to is the foreign key.
    fn is_same(&self, left: &Node, right: &Node) -> bool {
        match (left, right) {
            (Node::Column(left), Node::Column(right)) if left != right => {
                let found = [left, right].map(|column| self.scope.find(*column));
                match found {
                    [Ok(left), Ok(right)] => {
                        left.table == right.table && left.column.name == right.column.name
                    }
                    _ => false,
                }
            }
            _ => left.is_same(right),
        }
    }

    pub(super) fn direction(&mut self, term: &OrderTerm, is_nullable: bool) {
        let is_null_first = is_nullable.then_some(term.is_null_first);
        self.direction_words(term.is_descending, is_null_first);
    }

    /// The words behind what is ordered by; where NULL goes, if there can be
    /// any.
    pub(super) fn direction_words(&mut self, is_descending: bool, is_null_first: Option<bool>) {
        self.push(if is_descending { " DESC" } else { " ASC" });
        // Said where it is not the rule only: an index fits its own order.
        match is_null_first {
            Some(true) if !is_descending => self.push(" NULLS FIRST"),
            Some(false) if is_descending => self.push(" NULLS LAST"),
            _ => {}
        }
    }

    /// From the smallest key; without keys, from the smallest row. Rows that
    /// agree in something are sorted by it as they are.
    pub(super) fn order_by_least(&mut self, select: &Select) {
        if !select.distinct_on.is_empty() {
            return;
        }
        self.push(" ORDER BY ");
        if select.values.is_empty() || !(select.is_unique() || select.is_grouped()) {
            self.column(0, self.scope.root.key_column());
            return self.push(" ASC");
        }
        for place in 1..=select.values.len() {
            self.push(if place == 1 { "" } else { ", " });
            self.number(place);
        }
    }
}

/// Whether it is the primary key, by which Postgres knows the whole row.
fn is_key(select: &Select, node: &Node) -> bool {
    matches!(node, Node::Column(column) if *column == ColumnRef::key(select.model))
}

fn ordered_by_other(model: &ModelMeta, method: &str) -> Error {
    let table = model.table;
    Error::invalid_query(format!(
        "`{method}` on `{table}` makes one row of several, which differ in what `order_by` \
         orders by; select that too, or order by what is selected"
    ))
}

fn ordered_by_aggregate(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "rows of `{}` are ordered by an aggregate, which single rows do not have; \
         order groups by it, with `.values(…)`, or rows by one of others: \
         `Author::books().count()`, `subquery(…)`",
        model.table
    ))
}
