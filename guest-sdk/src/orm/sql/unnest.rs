//! Many rows as one parameter for each column: `unnest($1, $2)`.
//!
//! The text is the same for any number of rows, so that one prepared statement
//! serves for all, and no number of them reaches the 65,535 parameters that a
//! statement can have.

use bytes::BytesMut;

use super::writer::Writer;
use crate::database::{Parameter, SqlType, write_array_of};
use crate::orm::draft::DraftValues;
use crate::orm::meta::{CITEXTS, ColumnMeta, ModelMeta, TextEquality};
use crate::orm::select::Asked;
use crate::orm::value::Value;
use crate::{Error, Result};

/// Whether the type's values can be elements of an array. Those of an array
/// would be its elements, for Postgres has arrays of several dimensions and
/// not of arrays.
pub(super) fn is_element(ty: SqlType) -> bool {
    !ty.is_array && ty.array_oid != 0
}

/// Whether each row has a value for each of the columns, and all are such that
/// they can be elements.
pub(crate) fn is_table(model: &ModelMeta, columns: &[usize], drafts: &[&dyn DraftValues]) -> bool {
    let mut columns = columns.iter();
    drafts.len() > 1
        && columns.all(|column| {
            let mut drafts = drafts.iter();
            is_element(model.columns[*column].sql)
                && drafts.all(|draft| draft.value(*column).is_some())
        })
}

impl Writer {
    /// The rows of drafts.
    pub(super) fn draft_table(
        &mut self,
        model: &ModelMeta,
        columns: &[usize],
        drafts: &[&dyn DraftValues],
    ) -> Result<()> {
        self.push(" SELECT *");
        if let Some(variant) = model.variant {
            self.push(", ");
            let number = self.parameters.push(&variant.value)?;
            self.parameter(number);
        }
        self.push(" FROM unnest");
        for (index, column) in columns.iter().enumerate() {
            self.push(if index == 0 { "(" } else { ", " });
            let values = drafts.iter().filter_map(|draft| draft.value(*column));
            let values: Vec<_> = values.collect();
            self.elements(&model.columns[*column], &values)?;
        }
        self.push(")");
        Ok(())
    }

    /// The keys that rows are asked for by, each with its place among them.
    pub(super) fn asked(&mut self, asked: Option<&Asked>) -> Result<()> {
        let Some(Asked { keys, sql }) = asked else {
            return Ok(());
        };
        if is_element(*sql) {
            self.push(", unnest(");
            let keys: Vec<&Value> = keys.iter().collect();
            self.array_of_values(&keys, sql.oid, sql.array_oid)?;
            self.push(") WITH ORDINALITY");
        } else {
            self.asked_one_by_one(keys)?;
        }
        // Longer names than a column has that SQL of the author's may name.
        self.push(" AS asked (asked_key, asked_place)");
        Ok(())
    }

    fn asked_one_by_one(&mut self, keys: &[Value]) -> Result<()> {
        for (index, key) in keys.iter().enumerate() {
            self.push(if index == 0 { ", (VALUES (" } else { ", (" });
            self.value(key)?;
            self.push(", ");
            self.number(index + 1);
            self.push("::bigint)");
        }
        self.push(")");
        Ok(())
    }

    /// One array of a column's values.
    pub(super) fn elements(
        &mut self,
        column: &ColumnMeta,
        values: &[&dyn Parameter],
    ) -> Result<()> {
        let mut array = BytesMut::new();
        let written = write_array_of(column.sql.oid, values, &mut array);
        written.map_err(|e| Error::encode(e.to_string()))?;
        let number = self
            .parameters
            .push_encoded(column.sql.array_oid, Some(&array))?;
        self.parameter(number);
        let is_citext = column.text_equality == Some(TextEquality::Citext);
        self.push(if is_citext { CITEXTS } else { "" });
        Ok(())
    }
}
