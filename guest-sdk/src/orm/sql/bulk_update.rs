//! Many rows updated at once, each to values of its own.

use super::change::{refuse_append_only, refuse_generated, refuse_slice, refuse_version};
use super::unnest::is_element;
use super::writer::Writer;
use crate::database::{Parameter, Statement};
use crate::orm::meta::ModelMeta;
use crate::orm::select::Select;
use crate::{Error, Result};

/// The statement that sets columns of rows, found by their keys, to values:
/// each row of `rows` has one for each column of the model. A row of another
/// version is left out.
pub(crate) fn bulk_update(
    select: &Select,
    columns: &[usize],
    rows: &[Vec<&dyn Parameter>],
) -> Result<Statement> {
    let model = select.model;
    let mut writer = Writer::new(model);
    writer.scope.is_qualified = true;
    writer.ctes(&select.ctes)?;
    writer.push("UPDATE ");
    writer.table(model.table, 0);
    for (place, column) in columns.iter().enumerate() {
        writer.push(if place == 0 { " SET " } else { ", " });
        writer.name(model.columns[*column].name);
        writer.push(" = ");
        writer.new_value(place + 1);
    }
    writer.assign_always(model, &|column| columns.contains(&column));
    writer.push(" FROM ");
    let mut all = vec![model.key];
    all.extend(columns);
    all.extend(model.version);
    writer.new_rows(model, &all, rows)?;
    writer.push(" WHERE ");
    writer.column(0, model.key_column());
    writer.push(" = ");
    writer.new_value(0);
    if let Some(version) = model.version {
        writer.push(" AND ");
        writer.column(0, &model.columns[version]);
        writer.push(" = ");
        writer.new_value(columns.len() + 1);
    }
    writer.and_target(select)?;
    Ok(writer.finish())
}

/// # Errors
///
/// When rows can't be set to values of their own in these columns.
pub(crate) fn check_bulk_update(select: &Select, columns: &[usize]) -> Result<()> {
    let model = select.model;
    refuse_append_only(model)?;
    refuse_slice(select, "bulk_update")?;
    refuse_version(model, columns.iter().copied())?;
    if columns.is_empty() {
        return Err(Error::invalid_query(format!(
            "`bulk_update` of `{}` names no column to set",
            model.table
        )));
    }
    for (place, column) in columns.iter().enumerate() {
        let name = model.columns[*column].name;
        if *column == model.key {
            return Err(Error::invalid_query(format!(
                "`bulk_update` finds the rows of `{}` by `{name}`, so it cannot set it",
                model.table
            )));
        }
        refuse_generated(model, &model.columns[*column])?;
        if columns[..place].contains(column) {
            return Err(Error::invalid_query(format!(
                "`bulk_update` of `{}` names `{name}` twice",
                model.table
            )));
        }
    }
    Ok(())
}

impl Writer {
    /// `new.c1`: a value of the row that an old one is to become.
    fn new_value(&mut self, place: usize) {
        self.push("new.");
        self.new_name(place);
    }

    fn new_name(&mut self, place: usize) {
        self.push("c");
        self.number(place);
    }

    /// The new rows as a table; with arrays among them, which are no elements of
    /// arrays, value by value.
    fn new_rows(
        &mut self,
        model: &ModelMeta,
        columns: &[usize],
        rows: &[Vec<&dyn Parameter>],
    ) -> Result<()> {
        if columns
            .iter()
            .all(|column| is_element(model.columns[*column].sql))
        {
            for (place, column) in columns.iter().enumerate() {
                self.push(if place == 0 { "unnest(" } else { ", " });
                let values: Vec<_> = rows.iter().map(|row| row[*column]).collect();
                self.elements(&model.columns[*column], &values)?;
            }
        } else {
            for (index, row) in rows.iter().enumerate() {
                self.push(if index == 0 { "(VALUES " } else { ", " });
                self.values_of(model, columns, row)?;
            }
        }
        self.push(") AS new ");
        for place in 0..columns.len() {
            self.push(if place == 0 { "(" } else { ", " });
            self.new_name(place);
        }
        self.push(")");
        Ok(())
    }

    fn values_of(
        &mut self,
        model: &ModelMeta,
        columns: &[usize],
        row: &[&dyn Parameter],
    ) -> Result<()> {
        for (place, column) in columns.iter().enumerate() {
            self.push(if place == 0 { "(" } else { ", " });
            let value = row[*column];
            let number = self.parameters.push(value)?;
            self.parameter(number);
            self.as_type(value.type_name());
            self.as_column(model, *column);
        }
        self.push(")");
        Ok(())
    }
}
