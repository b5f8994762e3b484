use super::writer::Writer;
use crate::database::{Parameter, Statement};
use crate::orm::meta::{ColumnMeta, ModelMeta};
use crate::orm::node::{ColumnRef, Node};
use crate::orm::order::OrderTerm;
use crate::orm::select::Select;
use crate::orm::update::AssignTerm;
use crate::{Error, Result};

/// Each level takes room on the plugin's stack, and a level more than this is
/// a mistake in a loop.
const LEVELS_MAX: usize = 400;

/// What is wanted of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// All of them.
    All,
    /// The first, by the key when no ordering is given.
    First,
    /// Two at most, to see whether there is exactly one.
    Two,
    /// Whether there are any.
    Exists,
    /// How many there are.
    Count,
}

/// The statement that answers `ask`.
pub(crate) fn select(select: &Select, ask: Ask) -> Result<Statement> {
    let mut writer = Writer::new(select.model);
    writer.join(select, ask)?;
    match ask {
        Ask::All | Ask::First | Ask::Two => writer.rows(select)?,
        Ask::Exists => writer.push("SELECT 1"),
        Ask::Count if select.is_slice() => writer.push("SELECT COUNT(*) FROM (SELECT 1"),
        Ask::Count => writer.push("SELECT COUNT(*)"),
    }
    writer.from();
    writer.filter(&select.conditions)?;
    if ask == Ask::First && select.order.is_empty() {
        writer.order_by_key();
    } else if ask.needs_order(select) {
        writer.order(&select.order)?;
    }
    writer.slice(ask.limit(select), select.offset)?;
    if ask == Ask::Count && select.is_slice() {
        writer.push(") AS slice");
    }
    Ok(writer.finish())
}

/// The statement that deletes the rows.
pub(crate) fn delete(select: &Select) -> Result<Statement> {
    refuse_slice(select, "delete")?;
    let mut writer = Writer::new(select.model);
    writer.push("DELETE FROM ");
    writer.name(select.model.table);
    writer.target(select)?;
    Ok(writer.finish())
}

/// The statement that deletes the row with a key.
pub(crate) fn delete_row(model: &'static ModelMeta, key: &dyn Parameter) -> Result<Statement> {
    let mut writer = Writer::new(model);
    writer.push("DELETE FROM ");
    writer.name(model.table);
    writer.push(" WHERE ");
    writer.name(model.key_column().name);
    writer.push(" = ");
    let number = writer.parameters.push(key)?;
    writer.parameter(number);
    Ok(writer.finish())
}

/// The statement that sets columns of the rows, and returns them if asked to.
pub(crate) fn update(
    select: &Select,
    assigns: &[AssignTerm],
    is_returning: bool,
) -> Result<Statement> {
    refuse_slice(select, "update")?;
    let mut writer = Writer::new(select.model);
    writer.push("UPDATE ");
    writer.name(select.model.table);
    writer.assign(select.model, assigns)?;
    writer.target(select)?;
    if is_returning {
        writer.push(" RETURNING ");
        writer.columns(0, select.model);
    }
    Ok(writer.finish())
}

fn refuse_slice(select: &Select, verb: &str) -> Result<()> {
    if select.is_slice() {
        return Err(Error::invalid_query(format!(
            "cannot {verb} rows of `{}` once a limit or an offset is set; filter by their keys",
            select.model.table
        )));
    }
    Ok(())
}

impl Ask {
    fn is_rows(self) -> bool {
        matches!(self, Self::All | Self::First | Self::Two)
    }

    fn limit(self, select: &Select) -> Option<u64> {
        let most = match self {
            Self::All | Self::Count => return select.limit,
            Self::First | Self::Exists => 1,
            Self::Two => 2,
        };
        Some(select.limit.map_or(most, |limit| limit.min(most)))
    }

    /// An ordering decides which rows are in a slice, but neither whether there
    /// are any nor how many.
    fn needs_order(self, select: &Select) -> bool {
        self.is_rows() && !select.order.is_empty()
    }
}

impl Writer {
    /// Finds out which tables the query reads, which decides how its columns
    /// are written.
    fn join(&mut self, select: &Select, ask: Ask) -> Result<()> {
        self.join_all(&select.conditions)?;
        if ask.is_rows() {
            select
                .loads
                .iter()
                .try_for_each(|path| self.scope.add_path(*path).map(drop))?;
        }
        if ask.needs_order(select) {
            select
                .order
                .iter()
                .try_for_each(|term| self.join_node(&term.node))?;
        }
        self.is_qualified = !self.scope.joins.is_empty();
        Ok(())
    }

    fn join_all(&mut self, nodes: &[Node]) -> Result<()> {
        nodes.iter().try_for_each(|node| self.join_node(node))
    }

    fn join_node(&mut self, node: &Node) -> Result<()> {
        if node.is_deeper_than(LEVELS_MAX) {
            return Err(too_deep());
        }
        let mut columns = Vec::new();
        node.collect_columns(&mut columns);
        columns
            .into_iter()
            .try_for_each(|column| self.scope.add_column(column))
    }

    /// The columns of the model, then those of the relations to load.
    fn rows(&mut self, select: &Select) -> Result<()> {
        self.push("SELECT ");
        self.columns(0, select.model);
        for (path, model) in select.related().models(select.model) {
            let table = self.scope.add_path(path)?;
            self.push(", ");
            self.columns(table, model);
        }
        Ok(())
    }

    fn from(&mut self) {
        self.push(" FROM ");
        self.table(self.scope.root.table, 0);
        for number in 1..=self.scope.joins.len() {
            self.join_table(number);
        }
    }

    fn join_table(&mut self, number: usize) {
        let join = &self.scope.joins[number - 1];
        let (model, from, column) = (join.model, join.from, join.column);
        self.push(" LEFT JOIN ");
        self.table(model.table, number);
        self.push(" ON ");
        self.column(number, model.key_column());
        self.push(" = ");
        self.column(from, column);
    }

    fn filter(&mut self, conditions: &[Node]) -> Result<()> {
        if conditions.is_empty() {
            return Ok(());
        }
        self.push(" WHERE ");
        self.conditions(conditions)
    }

    fn order(&mut self, order: &[OrderTerm]) -> Result<()> {
        for (index, term) in order.iter().enumerate() {
            self.push(if index == 0 { " ORDER BY " } else { ", " });
            self.node(&term.node)?;
            self.push(if term.is_descending { " DESC" } else { " ASC" });
        }
        Ok(())
    }

    fn order_by_key(&mut self) {
        self.push(" ORDER BY ");
        self.column(0, self.scope.root.key_column());
        self.push(" ASC");
    }

    fn slice(&mut self, limit: Option<u64>, offset: Option<u64>) -> Result<()> {
        for (word, rows) in [(" LIMIT ", limit), (" OFFSET ", offset)] {
            if let Some(rows) = rows {
                // Postgres counts rows in a bigint; more than that is all.
                let rows = i64::try_from(rows).unwrap_or(i64::MAX);
                self.push(word);
                let number = self.parameters.push(&rows)?;
                self.parameter(number);
            }
        }
        Ok(())
    }

    /// The rows to update or delete. Where their condition reads other tables
    /// they are found by their keys.
    fn target(&mut self, select: &Select) -> Result<()> {
        self.join_all(&select.conditions)?;
        if self.scope.joins.is_empty() {
            return self.filter(&select.conditions);
        }
        let key = select.model.key_column();
        self.push(" WHERE ");
        self.name(key.name);
        self.push(" IN (SELECT ");
        self.is_qualified = true;
        self.column(0, key);
        self.from();
        self.filter(&select.conditions)?;
        self.is_qualified = false;
        self.push(")");
        Ok(())
    }

    fn assign(&mut self, model: &ModelMeta, assigns: &[AssignTerm]) -> Result<()> {
        if assigns.is_empty() {
            return Err(Error::invalid_query(format!(
                "an update of `{}` sets nothing; give it an assignment, as in `Book::stock.set(0)`",
                model.table
            )));
        }
        for (index, assign) in assigns.iter().enumerate() {
            self.push(if index == 0 { " SET " } else { ", " });
            let column = self.assigned(model, assign.column)?;
            if assigns[..index]
                .iter()
                .any(|other| other.column == assign.column)
            {
                return Err(twice(model, column));
            }
            self.name(column.name);
            self.push(" = ");
            self.own_value(&assign.value)?;
        }
        self.assign_now(model, assigns);
        Ok(())
    }

    fn assigned(&self, model: &ModelMeta, column: ColumnRef) -> Result<&'static ColumnMeta> {
        if column.path.is_root() {
            return self.scope.find(column).map(|found| found.column);
        }
        Err(other_table(model))
    }

    /// A value that reads no other table, for an update knows but one.
    fn own_value(&mut self, value: &Node) -> Result<()> {
        self.join_node(value)?;
        if !self.scope.joins.is_empty() {
            return Err(other_table(self.scope.root));
        }
        self.node(value)
    }

    /// Sets the columns that every update sets, unless it does so itself.
    fn assign_now(&mut self, model: &ModelMeta, assigns: &[AssignTerm]) {
        for (index, column) in model.columns.iter().enumerate() {
            let is_assigned = assigns.iter().any(|a| usize::from(a.column.index) == index);
            if column.auto_now && !is_assigned {
                self.push(", ");
                self.name(column.name);
                self.push(" = now()");
            }
        }
    }
}

fn too_deep() -> Error {
    Error::invalid_query(format!(
        "a condition nests more than {LEVELS_MAX} levels; \
         put its parts side by side with `Q::all` or `Q::any`"
    ))
}

fn twice(model: &ModelMeta, column: &ColumnMeta) -> Error {
    Error::invalid_query(format!(
        "an update sets `{}.{}` twice",
        model.table, column.name
    ))
}

fn other_table(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "an update of `{}` sets or reads a column over a relation; \
         it can filter by one, but knows the values of its own table only",
        model.table
    ))
}
