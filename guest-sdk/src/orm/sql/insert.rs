use super::writer::Writer;
use crate::Result;
use crate::database::Statement;
use crate::orm::draft::DraftValues;
use crate::orm::meta::ModelMeta;

/// The statement that inserts rows and returns them.
///
/// A column that no row has a value for is left out; where only some have one,
/// the others say `DEFAULT`.
pub(crate) fn insert(model: &'static ModelMeta, drafts: &[&dyn DraftValues]) -> Result<Statement> {
    let mut writer = Writer::new(model);
    let columns = given_columns(model, drafts);
    writer.push("INSERT INTO ");
    writer.name(model.table);
    if columns.is_empty() {
        writer.defaults(model, drafts.len());
    } else {
        writer.names(model, &columns);
        writer.values(&columns, drafts)?;
    }
    writer.push(" RETURNING ");
    writer.columns(0, model);
    Ok(writer.finish())
}

fn given_columns(model: &ModelMeta, drafts: &[&dyn DraftValues]) -> Vec<usize> {
    (0..model.columns.len())
        .filter(|column| drafts.iter().any(|draft| draft.value(*column).is_some()))
        .collect()
}

impl Writer {
    fn names(&mut self, model: &ModelMeta, columns: &[usize]) {
        for (index, column) in columns.iter().enumerate() {
            self.push(if index == 0 { " (" } else { ", " });
            self.name(model.columns[*column].name);
        }
        self.push(")");
    }

    fn values(&mut self, columns: &[usize], drafts: &[&dyn DraftValues]) -> Result<()> {
        for (index, draft) in drafts.iter().enumerate() {
            self.push(if index == 0 { " VALUES " } else { ", " });
            self.row(columns, *draft)?;
        }
        Ok(())
    }

    fn row(&mut self, columns: &[usize], draft: &dyn DraftValues) -> Result<()> {
        for (index, column) in columns.iter().enumerate() {
            self.push(if index == 0 { "(" } else { ", " });
            match draft.value(*column) {
                None => self.push("DEFAULT"),
                Some(value) => {
                    let number = self.parameters.push(value)?;
                    self.parameter(number);
                }
            }
        }
        self.push(")");
        Ok(())
    }

    /// Rows of defaults alone: SQL has words for one only, so that many name
    /// the key.
    fn defaults(&mut self, model: &ModelMeta, rows: usize) {
        if rows == 1 {
            return self.push(" DEFAULT VALUES");
        }
        self.names(model, &[model.key]);
        for row in 0..rows {
            self.push(if row == 0 { " VALUES (DEFAULT)" } else { ", (DEFAULT)" });
        }
    }
}
