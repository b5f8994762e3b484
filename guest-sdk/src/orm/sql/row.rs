//! Statements on one row, found by its key.

use super::change::{refuse_append_only, refuse_generated};
use super::writer::Writer;
use crate::database::{Parameter, Statement};
use crate::orm::edit::Base;
use crate::orm::meta::ModelMeta;
use crate::orm::value::Value;
use crate::{Error, Result};

/// The statement that reads the row with a key.
pub(crate) fn select_row(model: &'static ModelMeta, key: &dyn Parameter) -> Result<Statement> {
    let mut writer = Writer::new(model);
    writer.push("SELECT ");
    writer.columns(0, model);
    writer.push(" FROM ");
    writer.name(model.table);
    writer.has_key(&Value::new(key))?;
    Ok(writer.finish())
}

/// The statement that deletes the row with these values, by its key and its
/// version, or marks it if the model has soft deletion.
pub(crate) fn delete_row(
    model: &'static ModelMeta,
    values: &[&dyn Parameter],
) -> Result<Statement> {
    let Some(deleted_at) = model.soft_delete else {
        return hard_delete_row(model, values);
    };
    let mut writer = Writer::new(model);
    writer.push("UPDATE ");
    writer.name(model.table);
    writer.mark_deleted(model, deleted_at);
    writer.is_row(values)?;
    writer.and_is_null(deleted_at);
    Ok(writer.finish())
}

/// The statement that deletes the row with these values whatever the model says.
pub(crate) fn hard_delete_row(
    model: &'static ModelMeta,
    values: &[&dyn Parameter],
) -> Result<Statement> {
    refuse_append_only(model)?;
    let mut writer = Writer::new(model);
    writer.push("DELETE FROM ");
    writer.name(model.table);
    writer.is_row(values)?;
    Ok(writer.finish())
}

/// The statement that sets the columns in which a row's `values` differ from
/// those that were `loaded`, and returns the row; none if none does.
pub(crate) fn save_row(
    model: &'static ModelMeta,
    base: &Base,
    values: &[Value],
) -> Result<Option<Statement>> {
    refuse_append_only(model)?;
    let loaded = &base.values;
    let is_changed = |column: usize| values[column].differs_from(&loaded[column]);
    if is_changed(model.key) {
        return Err(key_changed(model));
    }
    // Whoever sets the version says which one is expected.
    if model.version.is_some_and(is_changed) {
        return Err(Error::stale(model.table));
    }
    let is_saved = |column| is_saved(model, base, values, column);
    let mut writer = Writer::new(model);
    writer.push("UPDATE ");
    writer.name(model.table);
    let mut word = " SET ";
    for (index, column) in model.columns.iter().enumerate() {
        if is_saved(index) {
            refuse_generated(model, column)?;
            writer.push(word);
            writer.name(column.name);
            writer.push(" = ");
            writer.value(&values[index])?;
            word = ", ";
        }
    }
    if word == " SET " {
        return Ok(None);
    }
    writer.assign_always(model, &is_saved);
    writer.has_key(&loaded[model.key])?;
    if let Some(version) = model.version {
        writer.and_equals(version, &loaded[version])?;
    }
    // What was not deleted when it was loaded is not changed if it is now; what
    // was, is: that is how it comes back.
    if let Some(deleted_at) = model.soft_delete.filter(|column| loaded[*column].is_null()) {
        writer.and_is_null(deleted_at);
    }
    writer.push(" RETURNING ");
    writer.columns(0, model);
    Ok(Some(writer.finish()))
}

/// Whether a save of a row writes a column: one that was changed, and where it
/// is not known what the table holds, any that is the author's to give.
pub(crate) fn is_saved(model: &ModelMeta, base: &Base, values: &[Value], column: usize) -> bool {
    let meta = &model.columns[column];
    let is_given = column != model.key
        && model.version != Some(column)
        && !meta.auto_now
        && meta.generated.is_none();
    (is_given && base.is_unsure()) || values[column].differs_from(&base.values[column])
}

impl Writer {
    /// That a row has a key, and still its version.
    fn is_row(&mut self, values: &[&dyn Parameter]) -> Result<()> {
        let model = self.scope.root;
        self.has_key(&Value::new(values[model.key]))?;
        match model.version {
            Some(version) => self.and_equals(version, &Value::new(values[version])),
            None => Ok(()),
        }
    }

    fn has_key(&mut self, key: &Value) -> Result<()> {
        self.push(" WHERE ");
        self.name(self.scope.root.key_column().name);
        self.push(" = ");
        self.value(key)?;
        self.as_column(self.scope.root, self.scope.root.key);
        if let Some(variant) = &self.scope.root.variant {
            self.push(" AND ");
            self.variant(0, variant)?;
        }
        Ok(())
    }

    fn and_is_null(&mut self, column: usize) {
        self.push(" AND ");
        self.name(self.scope.root.columns[column].name);
        self.push(" IS NULL");
    }

    fn and_equals(&mut self, column: usize, value: &Value) -> Result<()> {
        self.push(" AND ");
        self.name(self.scope.root.columns[column].name);
        self.push(" = ");
        self.value(value)
    }
}

fn key_changed(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "the primary key `{}.{}` was changed, which would make it another row; \
         insert that with `create!` and delete this one",
        model.table,
        model.key_column().name
    ))
}
