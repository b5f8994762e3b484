//! The rows that tie two tables together.

use super::writer::Writer;
use crate::Result;
use crate::database::Statement;
use crate::orm::meta::ModelMeta;
use crate::orm::value::Value;

/// The table between two models, and its foreign keys to both.
pub(crate) struct Tie {
    pub(crate) table: &'static ModelMeta,
    pub(crate) owner: u16,
    pub(crate) target: u16,
}

/// The statement that ties targets to an owner, those that are not yet.
pub(crate) fn tie(tie: &Tie, owner: &Value, targets: &[Value]) -> Result<Statement> {
    let mut writer = Writer::new(tie.table);
    let column = |index: u16| &tie.table.columns[usize::from(index)];
    writer.push("INSERT INTO ");
    writer.name(tie.table.table);
    writer.push(" (");
    writer.name(column(tie.owner).name);
    writer.push(", ");
    writer.name(column(tie.target).name);
    writer.push(") SELECT ");
    writer.value(owner)?;
    writer.push(", unnest(");
    let targets: Vec<&Value> = targets.iter().collect();
    writer.array(&targets, column(tie.target).sql.array_oid)?;
    writer.push(") ON CONFLICT DO NOTHING");
    Ok(writer.finish())
}
