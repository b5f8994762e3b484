//! Updating and deleting.

use super::cache::cached;
use super::select::window_in_condition;
use super::shape::Shape;
use super::writer::Writer;
use crate::database::Statement;
use crate::orm::meta::{ColumnMeta, ModelMeta};
use crate::orm::node::{ColumnRef, Node};
use crate::orm::select::{Deleted, Select};
use crate::orm::update::AssignTerm;
use crate::{Error, Result};

/// The statement that deletes the rows, and returns their values if there are
/// some to read. Rows with soft deletion are marked.
pub(crate) fn delete(select: &Select) -> Result<Statement> {
    let Some(deleted_at) = select.model.soft_delete else {
        return hard_delete(select);
    };
    refuse_slice(select, "delete")?;
    if select.deleted == Deleted::Only {
        return Err(deleted_already(select.model));
    }
    // What is deleted keeps the time of its deletion.
    let hidden;
    let select = match select.deleted {
        Deleted::Hidden => select,
        _ => {
            hidden = Select {
                deleted: Deleted::Hidden,
                ..select.clone()
            };
            &hidden
        }
    };
    cached(Shape::of_delete(select, false), || {
        let mut writer = Writer::new(select.model);
        writer.open(select, &[])?;
        writer.ctes(&select.ctes)?;
        writer.push("UPDATE ");
        writer.table(select.model.table, 0);
        writer.mark_deleted(select.model, deleted_at);
        writer.target(select)?;
        if !select.values.is_empty() {
            writer.returning(select)?;
        }
        Ok(writer)
    })
}

/// The statement that deletes the rows whatever the model says, and returns
/// their values if there are some to read.
pub(crate) fn hard_delete(select: &Select) -> Result<Statement> {
    refuse_append_only(select.model)?;
    let is_asked_for = select.model.soft_delete.is_some();
    refuse_slice(
        select,
        if is_asked_for {
            "hard_delete"
        } else {
            "delete"
        },
    )?;
    cached(Shape::of_delete(select, true), || {
        let mut writer = Writer::new(select.model);
        writer.open(select, &[])?;
        writer.ctes(&select.ctes)?;
        writer.push("DELETE FROM ");
        writer.table(select.model.table, 0);
        writer.target(select)?;
        if !select.values.is_empty() {
            writer.returning(select)?;
        }
        Ok(writer)
    })
}

/// The statement that sets columns of the rows, and returns them if asked to.
pub(crate) fn update(
    select: &Select,
    assigns: &[AssignTerm],
    is_returning: bool,
) -> Result<Statement> {
    refuse_append_only(select.model)?;
    refuse_slice(select, "update")?;
    cached(Shape::of_update(select, assigns, is_returning), || {
        let mut writer = Writer::new(select.model);
        writer.open(select, assigns)?;
        writer.ctes(&select.ctes)?;
        writer.push("UPDATE ");
        writer.table(select.model.table, 0);
        writer.assign(select.model, assigns)?;
        writer.target(select)?;
        if is_returning {
            writer.returning(select)?;
        }
        Ok(writer)
    })
}

/// # Errors
///
/// When not all the rows are meant, which SQL has no words for, or rows that are
/// locked are not to be waited for.
pub(super) fn refuse_slice(select: &Select, method: &'static str) -> Result<()> {
    select.check()?;
    select.refuse_slice(method)?;
    select.refuse_impatience(method)
}

/// # Errors
///
/// When rows of the model are only added.
pub(super) fn refuse_append_only(model: &ModelMeta) -> Result<()> {
    if !model.append_only {
        return Ok(());
    }
    Err(Error::invalid_query(format!(
        "rows of `{}` are added only (`append_only`), neither changed nor deleted",
        model.table
    )))
}

/// # Errors
///
/// When a change would set the version, which it counts: one that was set back
/// would be taken for one that was seen before.
pub(super) fn refuse_version(
    model: &ModelMeta,
    mut columns: impl Iterator<Item = usize>,
) -> Result<()> {
    let Some(version) = model.version else {
        return Ok(());
    };
    if !columns.any(|column| column == version) {
        return Ok(());
    }
    Err(Error::invalid_query(format!(
        "`{}.{}` counts the changes of a row, so no change can set it; leave it out",
        model.table, model.columns[version].name
    )))
}

/// # Errors
///
/// When Postgres computes the column.
pub(super) fn refuse_generated(model: &ModelMeta, column: &ColumnMeta) -> Result<()> {
    if column.generated.is_none() {
        return Ok(());
    }
    Err(Error::invalid_query(format!(
        "`{}.{}` is computed by Postgres (`generated`), so nothing sets it; \
         change the columns it is computed from",
        model.table, column.name
    )))
}

impl Writer {
    /// Decides whether the table has a name for the queries in what is
    /// written.
    fn open(&mut self, select: &Select, assigns: &[AssignTerm]) -> Result<()> {
        let assigned = assigns.iter().map(|assign| &assign.value);
        let returned = select.values.iter().map(|value| &value.node);
        let is_asking = assigned.chain(returned).any(Node::has_query);
        let conditions = &select.conditions;
        self.scope.is_qualified = is_asking
            || (conditions.iter().any(Node::has_query) && !self.needs_join(conditions)?);
        Ok(())
    }

    /// The values, and without any the whole rows.
    fn returning(&mut self, select: &Select) -> Result<()> {
        self.push(" RETURNING ");
        if select.values.is_empty() {
            self.columns(0, select.model);
            return Ok(());
        }
        for value in &select.values {
            self.join_own(&value.node)?;
        }
        self.values(&select.values)
    }

    fn needs_join(&self, conditions: &[Node]) -> Result<bool> {
        let mut probe = Writer::new(self.scope.root);
        probe.join_conditions(conditions)?;
        Ok(!probe.scope.joins.is_empty())
    }

    /// The rows to update or delete. Where their condition reads other tables
    /// they are found by their keys.
    fn target(&mut self, select: &Select) -> Result<()> {
        if !self.needs_join(&select.conditions)? {
            return self.filter(select);
        }
        self.push(" WHERE ");
        self.is_one_of(select)
    }

    /// The same after other conditions.
    pub(super) fn and_target(&mut self, select: &Select) -> Result<()> {
        if !self.needs_join(&select.conditions)? {
            return self.and_filter(select);
        }
        self.push(" AND ");
        self.is_one_of(select)
    }

    fn is_one_of(&mut self, select: &Select) -> Result<()> {
        let (model, conditions) = (self.scope.root, &select.conditions);
        let key = model.key_column();
        self.column(0, key);
        self.push(" IN (SELECT ");
        self.inside(model, |writer| {
            writer.join_conditions(conditions)?;
            writer.column(0, key);
            writer.from()?;
            writer.filter(select)
        })?;
        self.push(")");
        Ok(())
    }

    pub(super) fn assign(&mut self, model: &ModelMeta, assigns: &[AssignTerm]) -> Result<()> {
        let columns = assigns
            .iter()
            .map(|assign| usize::from(assign.column.index));
        refuse_version(model, columns)?;
        if assigns.is_empty() {
            return Err(Error::invalid_query(format!(
                "an update of `{}` sets nothing; give it an assignment, as in `Book::stock.set(0)`",
                model.table
            )));
        }
        for (index, assign) in assigns.iter().enumerate() {
            self.push(if index == 0 { " SET " } else { ", " });
            let column = self.own_column(assign.column)?;
            if assigns[..index]
                .iter()
                .any(|other| other.column == assign.column)
            {
                return Err(twice(model, column));
            }
            refuse_generated(model, column)?;
            self.name(column.name);
            self.push(" = ");
            self.own_value(&assign.value)?;
        }
        let is_assigned = |column| {
            assigns
                .iter()
                .any(|a| usize::from(a.column.index) == column)
        };
        self.assign_always(model, &is_assigned);
        Ok(())
    }

    pub(super) fn own_column(&self, column: ColumnRef) -> Result<&'static ColumnMeta> {
        if column.path.is_root() {
            return self.scope.find(column).map(|found| found.column);
        }
        Err(other_table(self.scope.root))
    }

    /// A value that reads no other table, for an update knows but one.
    fn own_value(&mut self, value: &Node) -> Result<()> {
        self.join_own(value)?;
        self.node(value)
    }

    fn join_own(&mut self, value: &Node) -> Result<()> {
        if value.has_window() {
            return Err(window_in_condition(self.scope.root));
        }
        if value.has_aggregate() {
            return Err(aggregate_in_change(self.scope.root));
        }
        self.join_node(value)?;
        if self.scope.joins.is_empty() {
            return Ok(());
        }
        Err(other_table(self.scope.root))
    }

    /// Sets what a deletion sets.
    pub(super) fn mark_deleted(&mut self, model: &ModelMeta, deleted_at: usize) {
        self.push(" SET ");
        self.name(model.columns[deleted_at].name);
        self.push(" = now()");
        self.assign_always(model, &|column| column == deleted_at);
    }

    /// Sets the columns that every update sets, unless it does so itself.
    pub(super) fn assign_always(&mut self, model: &ModelMeta, is_assigned: &dyn Fn(usize) -> bool) {
        for (index, column) in model.columns.iter().enumerate() {
            let is_version = model.version == Some(index);
            if !(column.auto_now || is_version) || is_assigned(index) {
                continue;
            }
            self.push(", ");
            self.name(column.name);
            self.push(" = ");
            if is_version {
                self.column(0, column);
                self.push(" + 1");
            } else {
                self.push("now()");
            }
        }
    }
}

fn deleted_already(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "the rows of `{}` that `only_deleted` finds are deleted already; \
         `hard_delete` removes them from the table",
        model.table
    ))
}

fn twice(model: &ModelMeta, column: &ColumnMeta) -> Error {
    Error::invalid_query(format!(
        "an update sets `{}.{}` twice",
        model.table, column.name
    ))
}

fn aggregate_in_change(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "a change of `{}` sets or returns an aggregate, which single rows do not have; \
         `subquery` computes one of other rows",
        model.table
    ))
}

fn other_table(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "a change of `{}` sets or reads a column over a relation; \
         it can filter by one, but knows the values of its own table only",
        model.table
    ))
}
