//! The SQL of every construct, without a database.

#![allow(
    clippy::needless_pass_by_value,
    reason = "what is expected is written in its place"
)]
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "the models are read by the compiler and by no one else"
)]

mod annotate;
mod bulk_update;
mod combined;
mod conditions;
mod documents;
mod drafts;
mod expressions;
mod fragments;
mod functions;
mod limits;
mod lookups;
mod models;
mod partial;
mod ranges;
mod scalars;
mod schema;
mod search;
mod select;
mod soft_delete;
mod subqueries;
mod tables;
mod times;
mod to_many;
mod types;
mod values;
mod variants;
mod windows;
mod write;

use plinth::database::Statement;
use plinth::orm::schema::Table;

/// The statement with its parameters, as one text to compare.
fn text(statement: plinth::Result<Statement>) -> String {
    statement.expect("the query makes sense").to_string()
}

/// The statements that create tables. What some ask first has a test of its own.
fn created(tables: Vec<Table>) -> Vec<String> {
    let statements = tables.into_iter().flat_map(|table| table.ddl);
    statements
        .filter(|sql| !sql.starts_with("DO $plinth$ DECLARE"))
        .collect()
}

/// Why the query makes no sense.
fn refusal(statement: plinth::Result<Statement>) -> String {
    let error = statement.expect_err("the query makes no sense");
    assert!(error.is_invalid_query(), "{error:?}");
    error.to_string()
}
