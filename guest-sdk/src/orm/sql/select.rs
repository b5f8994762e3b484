use super::writer::Writer;
use crate::database::{Parameter, Statement};
use crate::orm::meta::ModelMeta;
use crate::orm::order::OrderTerm;
use crate::orm::path::RelationPath;
use crate::orm::select::Select;
use crate::orm::update::AssignTerm;
use crate::{Error, Result};

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
    writer.from()?;
    writer.filter(select)?;
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
        !select.order.is_empty() && !matches!(self, Self::Count | Self::Exists)
    }
}

impl Writer {
    /// Finds out which tables the query reads, which decides how its columns
    /// are written.
    fn join(&mut self, select: &Select, ask: Ask) -> Result<()> {
        self.join_conditions(select)?;
        if matches!(ask, Ask::All | Ask::First | Ask::Two) {
            self.join_related(select)?;
        }
        if ask.needs_order(select) {
            for term in &select.order {
                self.join_node(&term.node)?;
            }
        }
        self.is_qualified = !self.scope.joins.is_empty();
        Ok(())
    }

    fn join_conditions(&mut self, select: &Select) -> Result<()> {
        select.conditions.iter().try_for_each(|node| self.join_node(node))
    }

    fn join_node(&mut self, node: &crate::orm::node::Node) -> Result<()> {
        let mut result = Ok(());
        node.visit_columns(&mut |column| {
            if result.is_ok() {
                result = self.scope.add_column(column);
            }
        });
        result
    }

    fn join_related(&mut self, select: &Select) -> Result<()> {
        let mut result = Ok(());
        select.related.visit(RelationPath::ROOT, select.model, &mut |path, _| {
            if result.is_ok() {
                result = self.scope.add_path(path).map(drop);
            }
        });
        result
    }

    /// The columns of the model, then those of the relations to load.
    fn rows(&mut self, select: &Select) -> Result<()> {
        if select.has_long_path {
            return Err(crate::orm::sql::scope::too_long());
        }
        self.push("SELECT ");
        self.columns(0, select.model);
        let mut result = Ok(());
        select.related.visit(RelationPath::ROOT, select.model, &mut |path, model| {
            match self.scope.add_path(path) {
                Ok(table) => {
                    self.push(", ");
                    self.columns(table, model);
                }
                Err(error) => result = Err(error),
            }
        });
        result
    }

    fn from(&mut self) -> Result<()> {
        self.push(" FROM ");
        self.table(self.scope.root.table, 0);
        for number in 1..=self.scope.joins.len() {
            self.join_table(number);
        }
        Ok(())
    }
}
