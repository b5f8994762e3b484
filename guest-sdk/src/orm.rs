//! Models, and queries that the compiler checks.
//!
//! A struct with [`#[derive(Model)]`](derive@crate::Model) is a table; its
//! columns are constants, a join is a call, and a condition is a plain value:
//!
//! ```
//! use plinth::orm::{ForeignKey, Q};
//! use plinth::prelude::*;
//! # use plinth::{Choices, Model};
//!
//! #[derive(Model)]
//! #[model(table = "authors")]
//! pub struct Author {
//!     #[model(key, auto)]
//!     pub id: i64,
//!     pub name: String,
//! }
//!
//! #[derive(Model)]
//! #[model(table = "books")]
//! pub struct Book {
//!     #[model(key, auto)]
//!     pub id: i64,
//!     pub title: String,
//!     pub pages: Option<i32>,
//!     pub author: ForeignKey<Author>,
//! }
//!
//! let long = Book::pages.gte(500);
//! let query = Book::objects()
//!     .filter(long & Book::author().name().starts_with("Ursula"))
//!     .order_by([Book::title.asc()])
//!     .limit(30);
//! assert_eq!(
//!     query.to_sql()?.sql(),
//!     "SELECT t0.\"id\", t0.\"title\", t0.\"pages\", t0.\"author_id\" FROM \"books\" AS t0 \
//!      LEFT JOIN \"authors\" AS t1 ON t1.\"id\" = t0.\"author_id\" \
//!      WHERE t0.\"pages\" >= $1 AND t1.\"name\" LIKE $2 ESCAPE '\\' \
//!      ORDER BY t0.\"title\" ASC LIMIT $3"
//! );
//! # Ok::<(), plinth::Error>(())
//! ```
//!
//! Nothing reaches the database before a call that takes `&Db` and is followed
//! by `?`: [`all`](QuerySet::all), [`get`](QuerySet::get),
//! [`update(…).execute`](Update::execute) and the like.
//!
//! # Where to look
//!
//! **Declare tables.** [`#[derive(Model)]`](derive@crate::Model) lists the
//! attributes, and [`ColumnType`](crate::database::ColumnType) the types.
//! [`ForeignKey`] and [`OneToOne`] point to a row, [`Many`] and [`ManyToMany`]
//! are the rows that belong to one. [`Choices`] makes an enum a column, and
//! [`SoftDelete`] keeps what is deleted. [`schema::tables`] writes the
//! `CREATE TABLE`.
//!
//! **Read rows.** [`QuerySet`] is Django's query set: it narrows, orders, loads
//! relations and runs. [`Q`] is a condition, made from a [`Column`].
//! [`QuerySet::prefetch_related`] and [`ToMany`] are about the rows that belong
//! to a row. [`QuerySet::iterator`] reads many rows in parts.
//!
//! **Read values.** [`QuerySet::values`] gives [`Values`] instead of rows,
//! [`QuerySet::annotate`] rows with values beside them, and
//! [`QuerySet::only`] a [`Partial`]. [`count()`], [`sum`], [`avg`], [`min`],
//! [`max`], [`array_agg`] and the like are an [`Aggregate`] of many rows, which
//! [`QuerySet::aggregate`] reads of all.
//!
//! **Compute.** An [`Expr`] stands wherever a column does: arithmetic, the
//! methods of columns, [`when`], [`coalesce`], [`greatest`], [`now`], [`value`].
//! [`window`] and [`row_number`], [`rank`], [`lag`] and the like see the rows
//! beside a row. [`search_vector`] and [`SearchQuery`] are full-text search.
//!
//! **Put queries together.** [`exists`] and [`subquery`] ask a query about each
//! row of another; [`QuerySet::correlate`] says what belongs together.
//! [`QuerySet::union`] and its like make a [`Combined`].
//! [`QuerySet::with_descendants`] follows a tree, and [`Cte`] is a query with a
//! name. [`raw()`] and [`Q::raw`] are SQL of one's own.
//!
//! **Write.** [`create!`](crate::create!) makes a row to insert, and
//! [`QuerySet::bulk_create`] many. [`OnConflict`] says what to do about a row
//! that is there. `row.edit()` makes an [`Edit`], whose `save` writes what was
//! changed. [`QuerySet::update`] makes an [`Update`] of many rows,
//! [`QuerySet::bulk_update`] writes many back, and [`QuerySet::delete`] deletes
//! them.
//!
//! **Choose the database.** A model says with `#[model(database = "…")]` which
//! it is in, a [`DatabaseRouter`] decides for the others, and
//! [`Db::using`](crate::Db::using) for one query.
//!
//! **See the SQL.** [`QuerySet::to_sql`] and [`QuerySet::explain`].
//!
//! The other traits are what the compiler names when types do not go together.

mod aggregate;
mod array;
mod bulk_update;
mod by_key;
mod choices;
mod column;
mod combined;
mod comparison;
mod condition;
mod conflict;
mod copy_in;
mod copy_out;
mod cte;
mod cursor;
mod draft;
mod edit;
mod explain;
mod expression;
mod field;
mod foreign_key;
mod function;
mod insert;
mod json;
mod json_row;
mod junction;
mod key_sequence;
mod lookup;
mod meta;
mod model;
mod node;
mod null;
mod operand;
mod operation;
mod order;
mod partial;
mod path;
mod prefetch;
mod query_set;
mod range;
mod raw;
mod registered;
mod related;
mod related_rows;
mod router;
mod routing;
mod row_reader;
mod scalar;
pub mod schema;
mod search;
mod select;
mod selection;
mod soft_delete;
mod sql;
mod subquery;
mod to_many;
mod tree;
mod trigram;
mod update;
mod value;
mod value_types;
mod values;
mod variant;
mod whole_row;
mod window;

pub use aggregate::{
    Aggregate, Ordered, Summed, array_agg, avg, bool_and, bool_or, count, count_distinct, count_of,
    max, min, std_dev, string_agg, sum, variance,
};
pub use array::{Array, IntoArray};
pub use choices::{Choices, UnknownChoice, decode_choice, deserialize_choice};
pub use column::Column;
pub use combined::{Combine, CombinePart, Combined};
pub use comparison::Nullable;
pub use condition::Q;
pub use conflict::{
    ConflictColumns, ConflictTarget, InsertOrNothing, InsertOrUpdate, OnConflict, excluded,
};
pub use copy_out::CopyOut;
pub use cte::{Cte, NoModel};
pub use cursor::RowIterator;
pub use draft::{Draft, DraftValues, missing_field};
pub use edit::Edit;
pub use expression::{Expr, Expression, Number, Remainder};
pub use field::{IntoField, into_field};
pub use foreign_key::{ForeignKey, OneToOne};
pub use function::{
    Calendar, Case, Clock, Epoch, Fraction, Moment, Shift, coalesce, days, greatest, hours, least,
    minutes, months, now, nullif, random, seconds, value, weeks, when, years,
};
pub use insert::insert;
pub use json::Document;
pub use json_row::{JsonRow, JsonValue, RowJson};
#[doc(hidden)]
pub use key_sequence::sync_key_sequence;
pub use lookup::TextForm;
pub use lookup::{IntoText, Text};
pub use meta::{
    CheckMeta, Checked, ColumnMeta, DefaultMeta, IndexMeta, IndexMethod, IndexTerm, JunctionMeta,
    ModelMeta, OnDelete, RelationMeta, TextEquality, ToManyMeta, VariantMeta, Via,
};
pub use model::{Model, delete, refresh};
pub use null::MaybeNull;
pub use operand::{IntoOperand, Operand};
#[doc(hidden)]
pub use operation::insert_operation;
pub use order::Order;
pub use partial::{Only, Partial, select_value};
pub use path::{Hop, Relation, RelationPath};
pub use query_set::QuerySet;
pub use range::{IntoRange, RangeType};
pub use raw::{OperandList, Operands, raw};
pub use registered::{index_names_differ, is_one_database, junctions_differ, tables_differ};
pub use related::{Related, RelatedField};
pub use related_rows::{Many, ManyToMany, RelatedRows};
pub use router::{DatabaseRouter, PrimaryReplica};
pub use row_reader::RowReader;
pub use scalar::{CorrelatedValues, SingleValue, ValuesQuery, subquery};
pub use search::{
    HeadlineOptions, RankOptions, SearchQuery, SearchTexts, SearchVector, Weight, Weighted,
    search_query, search_vector,
};
pub use selection::{SelectedValues, Selection};
pub use soft_delete::{SoftDelete, hard_delete};
pub use subquery::{ComparesWith, Correlated, RowsQuery, exists};
pub use to_many::ToMany;
pub use update::{Assign, Returning, ReturningValues, Update};
pub use values::Values;
pub use variant::{variant_column_fits, variant_mistake, variants_agree};
pub use whole_row::WholeRow;
pub use window::{
    Window, WindowFunction, cume_dist, dense_rank, first_value, lag, last_value, lead, nth_value,
    ntile, percent_rank, rank, row_number, window,
};

pub(crate) use router::begin_request;
pub(crate) use routing::Intent;

#[doc(hidden)]
pub use serde;

#[cfg(test)]
mod tests;
