//! The tree of a query as SQL text and parameters.
//!
//! Pure: no I/O, no types of models, one copy for all of them.

mod condition;
mod insert;
mod scope;
mod select;
mod writer;

pub(crate) use insert::insert;
pub(crate) use select::{Ask, delete, delete_row, select, update};
