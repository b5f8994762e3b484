//! What is wanted of a statement, and how it is collected.

use std::sync::Arc;

use tokio_postgres::Row;

use super::connection::Prepared;
use super::projection::Plan;
use super::{Outcome, error, wire};
use crate::bindings::exports::plinth::host::handler::{Cardinality, Projection};

/// What is wanted of a statement.
#[derive(Clone, Debug)]
pub(super) enum Want {
    Rows,
    /// Only how many rows it affected: those it returns are left.
    Count,
    /// Its rows as text.
    Text(Arc<Text>),
}

/// Rows as text, of a size.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) projection: Projection,
    pub(super) bytes_max: usize,
}

/// What has come so far.
pub(super) struct Collected {
    form: Form,
    /// Rows in the layout of `wit/database.wit`, or the text so far.
    pub(super) data: Vec<u8>,
    pub(super) count: u32,
}

enum Form {
    Rows { bytes_max: usize },
    Count,
    Text(Arc<Text>, Arc<Plan>),
}

impl Collected {
    /// Nothing so far.
    ///
    /// # Errors
    ///
    /// When the statement's columns do not fit the projection.
    pub(super) fn new(want: &Want, prepared: &Prepared, rows_bytes_max: usize) -> Outcome<Self> {
        let mut data = Vec::new();
        let form = match want {
            Want::Rows => Form::Rows {
                bytes_max: rows_bytes_max,
            },
            Want::Count => Form::Count,
            Want::Text(text) => {
                data.extend_from_slice(text.projection.before.as_bytes());
                Form::Text(Arc::clone(text), prepared.plan(&text.projection)?)
            }
        };
        Ok(Self {
            form,
            data,
            count: 0,
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// When there are more than are wanted.
    pub(super) fn add(&mut self, row: &Row) -> Outcome<()> {
        match &self.form {
            Form::Count => return Ok(()),
            Form::Rows { bytes_max } => {
                if self.data.len() + row.raw_size_bytes() > *bytes_max {
                    return Err(error::too_large("result_bytes_max", *bytes_max));
                }
                wire::append_row(row, &mut self.data);
            }
            Form::Text(text, plan) => {
                let (data, max) = (&mut self.data, text.bytes_max);
                write(row, plan, &text.projection, self.count > 0, max, data)?;
                if data.len() > max {
                    return Err(error::too_large("reply_bytes_max", max));
                }
            }
        }
        self.count += 1;
        Ok(())
    }
}

/// Writes a row of a projection, unless there is more than `bytes_max` then.
pub(super) fn write(
    row: &Row,
    plan: &Plan,
    projection: &Projection,
    has_others: bool,
    bytes_max: usize,
    out: &mut Vec<u8>,
) -> Outcome<()> {
    if has_others {
        if projection.rows == Cardinality::One {
            return Err(error::unfinished(
                "the query of an answer with one row returned several",
            ));
        }
        out.extend_from_slice(projection.separator.as_bytes());
    }
    plan.write(|index| wire::cell(row, index), bytes_max, out)
}
