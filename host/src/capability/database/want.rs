//! What is wanted of a statement, and how it is collected.

use std::sync::Arc;

use tokio_postgres::Row;

use super::json::{Out, Unwritten};
use super::prepared::Prepared;
use super::projection::Plan;
use super::{Outcome, error, wire};
use crate::bindings::exports::plinth::host::handler::{Cardinality, Projection};
use crate::bindings::plinth::host::database::{Error, Rows};
use crate::budget::{Budget, Held};

/// Others have their turn on the thread after so much.
const TURN_BYTES: usize = 64 << 10;

/// Room is taken in pieces of this size, so that it is not counted row by row.
const HELD_BYTES: usize = 64 << 10;

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
    rows_bytes_max: usize,
    /// Rows in the layout of `wit/database.wit`, or the text so far.
    data: Vec<u8>,
    count: u32,
    held: Held,
    held_bytes: usize,
    /// What came since others had their turn, and before.
    turn_bytes: usize,
    came_bytes: usize,
}

/// How a want is met.
pub(super) enum Form {
    Rows,
    Count,
    Text(Arc<Text>, Arc<Plan>),
}

/// Whether others should have the thread now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    GoesOn,
    Over,
}

impl Collected {
    /// Nothing so far.
    ///
    /// # Errors
    ///
    /// When there is no room for what stands before the first row.
    pub(super) fn new(form: Form, rows_bytes_max: usize, budget: &Arc<Budget>) -> Outcome<Self> {
        let held = budget.hold(0).map_err(error::no_room)?;
        let mut collected = Self {
            form,
            rows_bytes_max,
            data: Vec::new(),
            count: 0,
            held,
            held_bytes: 0,
            turn_bytes: 0,
            came_bytes: 0,
        };
        if let Form::Text(text, _) = &collected.form {
            let text = Arc::clone(text);
            let before = text.projection.before.as_bytes();
            check_reply(before.len(), &text)?;
            collected.make_room(before.len())?;
            collected.data.extend_from_slice(before);
        }
        Ok(collected)
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// When there are more than are wanted, or no room for them.
    pub(super) fn add(&mut self, row: &Row) -> Outcome<Turn> {
        let (before, came) = (self.data.len(), row.raw_size_bytes());
        self.came_bytes += came;
        match &self.form {
            Form::Rows | Form::Count if self.came_bytes > self.rows_bytes_max => {
                return Err(error::too_large("result_bytes_max", self.rows_bytes_max));
            }
            Form::Count => return Ok(self.spend(came)),
            Form::Rows => {
                self.make_room(came)?;
                wire::append_row(row, &mut self.data);
            }
            Form::Text(text, plan) => {
                let (text, plan) = (Arc::clone(text), Arc::clone(plan));
                // As much as it becomes at least.
                self.make_room(came)?;
                let mut out = Out::new(&mut self.data, text.bytes_max);
                let full = || too_large_reply(&text);
                write(row, &plan, &text.projection, self.count > 0, &mut out, full)?;
                self.make_room(0)?;
            }
        }
        self.count += 1;
        Ok(self.spend(came + self.data.len() - before))
    }

    /// All rows have come.
    ///
    /// # Errors
    ///
    /// When there is no room for what stands behind the last.
    pub(super) fn end(mut self, prepared: &Prepared, affected: u64) -> Outcome<Rows> {
        let (mut column_types, mut column_names) = (Vec::new(), String::new());
        match &self.form {
            Form::Count => {}
            Form::Rows => {
                column_types.clone_from(&prepared.column_types);
                column_names.clone_from(&prepared.column_names);
            }
            Form::Text(text, _) => {
                let after = text.projection.after.as_bytes();
                check_reply(self.data.len().saturating_add(after.len()), text)?;
                self.data.extend_from_slice(after);
            }
        }
        Ok(Rows {
            column_types,
            column_names,
            affected,
            count: self.count,
            data: self.data,
        })
    }

    /// Takes room for what is there and for so much more.
    fn make_room(&mut self, more: usize) -> Outcome<()> {
        let needed = self.data.len() + more;
        if needed > self.held_bytes {
            let more = (needed - self.held_bytes).max(HELD_BYTES);
            self.held.more(more).map_err(error::no_room)?;
            self.held_bytes += more;
        }
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Turn {
        self.turn_bytes += bytes;
        if self.turn_bytes < TURN_BYTES {
            return Turn::GoesOn;
        }
        self.turn_bytes = 0;
        Turn::Over
    }
}

fn check_reply(bytes: usize, text: &Text) -> Outcome<()> {
    if bytes > text.bytes_max {
        return Err(too_large_reply(text));
    }
    Ok(())
}

fn too_large_reply(text: &Text) -> Error {
    error::too_large("reply_bytes_max", text.bytes_max)
}

/// Writes a row of a projection; `full` is the error where there is no room for it.
pub(super) fn write(
    row: &Row,
    plan: &Plan,
    projection: &Projection,
    has_others: bool,
    out: &mut Out<'_>,
    full: impl FnOnce() -> Error,
) -> Outcome<()> {
    if has_others && projection.rows == Cardinality::One {
        return Err(error::unfinished(
            "the query of an answer with one row returned several",
        ));
    }
    let separator = if has_others {
        &*projection.separator
    } else {
        ""
    };
    let written = out.put(separator.as_bytes());
    let written = written.and_then(|()| plan.write(|index| wire::cell(row, index), out));
    written.map_err(|unwritten| match unwritten {
        Unwritten::Full => full(),
        Unwritten::Malformed => {
            error::unfinished("Postgres sent a value that its type does not have")
        }
    })
}
