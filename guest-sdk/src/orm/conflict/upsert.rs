//! Updating the rows that are in the way of new ones: what is the same for all
//! models.

use std::collections::HashSet;

use super::Conflict;
use crate::database::Rows;
use crate::orm::draft::DraftValues;
use crate::orm::insert::check_all_there;
use crate::orm::meta::ModelMeta;
use crate::orm::node::{ColumnRef, Node, Op};
use crate::orm::select::{Deleted, Select};
use crate::orm::selection::Selected;
use crate::orm::sql::{self, Ask};
use crate::orm::value::Value;
use crate::{Db, Error, Result};

/// How many rows are looked for at once.
const LOOKED_FOR_MAX: usize = 1000;

const GIVEN_TWICE: &str = "a row with the same key is given twice";

const OTHER_VARIANT: &str = "the row that is in the way is of another variant of the table";

/// # Errors
///
/// When a row has NULL where a row that is there is to be found by it: to
/// Postgres no two NULLs are the same, unless the index says so.
pub(super) fn refuse_nulls(
    model: &ModelMeta,
    conflict: &Conflict,
    drafts: &[&dyn DraftValues],
) -> Result<()> {
    if sql::has_nulls_not_distinct(model, conflict) {
        return Ok(());
    }
    let target = conflict
        .target
        .iter()
        .filter(|column| column.path.is_root());
    let columns = target.map(|column| usize::from(column.index));
    for column in columns.filter(|column| model.columns[*column].nullable) {
        let is_null = |draft: &&dyn DraftValues| match draft.value(column) {
            Some(value) => Value::new(value).is_null(),
            None => model.columns[column].default.is_none(),
        };
        if let Some(row) = drafts.iter().position(is_null) {
            return Err(null_in_target(model, column, row + 1));
        }
    }
    Ok(())
}

pub(super) fn send(
    model: &'static ModelMeta,
    conflict: &Conflict,
    drafts: &[&dyn DraftValues],
    db: &Db,
) -> Result<Rows> {
    let statement = sql::upsert(model, drafts, conflict)?;
    db.write(model, &statement)
        .map_err(|error| told(model, error))
}

/// What Postgres says of an upsert, in words of the model.
fn told(model: &ModelMeta, error: Error) -> Error {
    let says = |words: &str| error.to_string().contains(words);
    match error.sqlstate() {
        Some("21000") if says("ON CONFLICT DO UPDATE") => {
            Error::in_the_way(model.table, GIVEN_TWICE)
        }
        Some("0A000") if says("system column") => no_system_columns(model),
        Some("42703") if says("xmax") => no_system_columns(model),
        _ => error,
    }
}

/// # Errors
///
/// When two of the rows were in each other's way in different statements, by the
/// keys of the rows that are there then, or some neither inserted nor updated.
pub(super) fn check(
    model: &'static ModelMeta,
    conflict: &Conflict,
    drafts: &[&dyn DraftValues],
    keys: &[Value],
    db: &Db,
) -> Result<()> {
    let mut seen = HashSet::with_capacity(keys.len());
    for key in keys {
        if !seen.insert(key.bytes().map_err(Error::encode)?) {
            return Err(Error::in_the_way(model.table, GIVEN_TWICE));
        }
    }
    if keys.len() < drafts.len() && has_other_variant(model, conflict, drafts, db)? {
        return Err(Error::in_the_way(model.table, OTHER_VARIANT));
    }
    check_all_there(model, keys.len(), drafts.len())
}

/// Whether a row that the model does not own has the key of one of the drafts.
fn has_other_variant(
    model: &'static ModelMeta,
    conflict: &Conflict,
    drafts: &[&dyn DraftValues],
    db: &Db,
) -> Result<bool> {
    let Some(variant) = &model.variant else {
        return Ok(false);
    };
    let Some(discriminator) = variant.parent.discriminator else {
        return Ok(false);
    };
    let kind = Node::Column(column_at(discriminator));
    let value = Node::Value(Value::new(&variant.value));
    let is_other = Node::binary(Op::Ne, kind, value);
    for drafts in drafts.chunks(LOOKED_FOR_MAX) {
        let has_key = drafts
            .iter()
            .map(|draft| has_key(model, variant.parent, conflict, *draft));
        let mut select = Select::new(variant.parent);
        select.deleted = Deleted::Included;
        select.values.push(Selected::key(variant.parent));
        select.conditions = vec![Node::op(Op::Or, has_key.collect()), is_other.clone()];
        if !db
            .write(model, &sql::select(&select, Ask::First)?)?
            .is_empty()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a row of the parent has the values that a draft is looked for by.
fn has_key(
    model: &ModelMeta,
    parent: &ModelMeta,
    conflict: &Conflict,
    draft: &dyn DraftValues,
) -> Node {
    let equals = conflict.target.iter().filter_map(|column| {
        let column = usize::from(column.index);
        let name = model.columns[column].name;
        let at = parent
            .columns
            .iter()
            .position(|column| column.name == name)?;
        let value = Node::Value(Value::new(draft.value(column)?));
        Some(Node::binary(Op::Eq, Node::Column(column_at(at)), value))
    });
    let equals: Vec<Node> = equals.collect();
    match equals.len() == conflict.target.len() {
        true => Node::op(Op::And, equals),
        // What it leaves to the table is not known.
        false => Node::op(Op::Or, Vec::new()),
    }
}

fn column_at(index: usize) -> ColumnRef {
    ColumnRef::own(u16::try_from(index).unwrap_or(u16::MAX))
}

fn null_in_target(model: &ModelMeta, column: usize, row: usize) -> Error {
    let (table, column) = (model.table, model.columns[column].name);
    Error::invalid_query(format!(
        "row {row} has NULL in `{table}.{column}`, by which `do_update` can find no row: \
         give it a value, or declare the index `nulls_not_distinct`"
    ))
}

fn no_system_columns(model: &ModelMeta) -> Error {
    let table = model.table;
    Error::invalid_query(format!(
        "`do_update` on `{table}` asks a system column whether a row is new, and the table is \
         partitioned or a view, which has none; say so with `#[model(managed = false)]`"
    ))
}
