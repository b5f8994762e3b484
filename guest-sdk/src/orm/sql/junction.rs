//! The rows that tie two tables together.

use super::unnest::is_element;
use super::writer::Writer;
use crate::Result;
use crate::database::Statement;
use crate::orm::meta::{CITEXTS, IndexTerm, ModelMeta, TextEquality};
use crate::orm::value::Value;

/// The table between two models, and its foreign keys to both.
pub(crate) struct Tie {
    pub(crate) table: &'static ModelMeta,
    pub(crate) owner: u16,
    pub(crate) target: u16,
}

/// The statement that ties targets to an owner, those that are not yet. A tie
/// that was deleted softly, and is in the way of a new one, comes back.
pub(crate) fn tie(tie: &Tie, owner: &Value, targets: &[Value]) -> Result<Statement> {
    let mut writer = Writer::new(tie.table);
    let deleted_at = tie.deleted_in_the_way();
    // Without its table a column could be that of EXCLUDED.
    writer.scope.is_qualified = deleted_at.is_some();
    writer.push("INSERT INTO ");
    writer.table(tie.table.table, 0);
    writer.pair(tie);
    // No row can be updated twice, as one that is given twice would be.
    writer.push(match deleted_at {
        Some(_) => " SELECT DISTINCT ",
        None => " SELECT ",
    });
    writer.value(owner)?;
    writer.as_column(tie.table, tie.owner.into());
    writer.targets(tie, targets)?;
    writer.push(" ON CONFLICT");
    match deleted_at {
        Some(deleted_at) => writer.restore(tie, deleted_at),
        None => writer.push(" DO NOTHING"),
    }
    Ok(writer.finish())
}

impl Tie {
    /// The column that says when a tie was deleted, if one that was keeps its
    /// place in the unique constraint of the pair.
    fn deleted_in_the_way(&self) -> Option<usize> {
        let is_of_pair = |term: &IndexTerm| {
            let pair = [self.owner, self.target].map(usize::from);
            matches!(term, IndexTerm::Column(column) if pair.contains(column))
        };
        let mut indexes = self.table.indexes.iter();
        let is_in_the_way = indexes.any(|index| {
            let terms = index.terms;
            index.unique && index.is_plain() && terms.len() == 2 && terms.iter().all(is_of_pair)
        });
        self.table.soft_delete.filter(|_| is_in_the_way)
    }
}

impl Writer {
    fn pair(&mut self, tie: &Tie) {
        let [owner, target] = [tie.owner, tie.target].map(usize::from);
        self.push(" (");
        self.name(tie.table.columns[owner].name);
        self.push(", ");
        self.name(tie.table.columns[target].name);
        self.push(")");
    }

    /// The targets, each in a row of its own.
    fn targets(&mut self, tie: &Tie, targets: &[Value]) -> Result<()> {
        let target = usize::from(tie.target);
        let sql = tie.table.columns[target].sql;
        if is_element(sql) {
            self.push(", unnest(");
            self.array(&targets.iter().collect::<Vec<_>>(), sql.array_oid)?;
            self.push(if tie.table.is_citext(target) {
                CITEXTS
            } else {
                ""
            });
            self.push(")");
            self.collation(tie.table.text_equality(target));
            return Ok(());
        }
        for (index, value) in targets.iter().enumerate() {
            self.push(match index {
                0 => ", * FROM (VALUES (",
                _ => "), (",
            });
            self.value(value)?;
        }
        self.push(")) AS targets");
        Ok(())
    }

    fn collation(&mut self, equality: Option<TextEquality>) {
        if let Some(TextEquality::Collation(name)) = equality {
            self.push(" COLLATE ");
            self.name(name);
        }
    }

    fn restore(&mut self, tie: &Tie, deleted_at: usize) {
        let column = &tie.table.columns[deleted_at];
        self.pair(tie);
        self.push(" DO UPDATE SET ");
        self.name(column.name);
        self.push(" = NULL");
        self.assign_always(tie.table, &|column| column == deleted_at);
        self.push(" WHERE ");
        self.column(0, column);
        self.push(" IS NOT NULL");
    }
}
