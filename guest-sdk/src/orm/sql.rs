//! The tree of a query as SQL text and parameters.
//!
//! Pure: no I/O, no types of models, one copy for all of them.

mod array;
mod bulk_update;
mod cache;
mod change;
mod combination;
mod condition;
mod copy;
mod cte;
mod equality;
mod expression;
mod implied;
mod insert;
mod junction;
mod order;
mod raw;
mod repeat;
mod row;
mod scope;
mod select;
mod shape;
mod tree;
mod unnest;
mod values;
mod window;
mod writer;

pub(crate) use bulk_update::{bulk_update, check_bulk_update};
pub(crate) use change::{delete, hard_delete, update};
pub(crate) use combination::{any_of_combination, combination, count_combination};
pub(crate) use copy::{copy_in, copy_out};
pub(crate) use insert::{has_nulls_not_distinct, insert, is_uniform, upsert};
pub(crate) use junction::{Tie, tie};
pub(crate) use row::{delete_row, hard_delete_row, is_saved, save_row, select_row};
pub(crate) use select::{Ask, aggregate, select};
