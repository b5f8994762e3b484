//! Aggregates that put values together.

use super::Aggregate;
use crate::orm::condition::Q;
use crate::orm::expression::Expression;
use crate::orm::lookup::{IntoText, Text, plain};
use crate::orm::node::{Node, Nulls, Op};

/// The values as one array, NULL among them, and `None` of no rows: Django's
/// `ArrayAgg`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub author_id: i64, pub pages: Option<i32> }
/// use plinth::orm::{Values, array_agg};
///
/// let pages = array_agg(Book::pages).order_by([Book::id.asc()]);
/// // Each row is an `(i64, Option<Vec<Option<i32>>>)`.
/// let query = Book::objects().values((Book::author_id, pages));
/// # assert!(query.to_sql().is_ok());
/// ```
///
/// A column over a relation that can be missing is there made an `Option` by
/// `value(…).optional()`.
pub fn array_agg<M, E: Expression<M>>(values: E) -> Aggregate<M, Option<Vec<E::Value>>> {
    Aggregate::new("ARRAY_AGG", vec![values.into_operand().0], true)
}

/// The texts that are not NULL as one, with a separator between them, and
/// `None` when there are none.
pub fn string_agg<M, E>(values: E, separator: impl IntoText<M>) -> Aggregate<M, Option<String>>
where
    E: Expression<M>,
    E::Value: Text,
{
    let separator = plain(separator);
    let operands = vec![values.into_operand().0, separator];
    Aggregate::new("STRING_AGG", operands, true)
}

/// Whether the condition is true of every row, and `None` of no rows: Django's
/// `BoolAnd`.
pub fn bool_and<M>(condition: Q<M>) -> Aggregate<M, Option<bool>> {
    Aggregate::new("BOOL_AND", vec![is_true(condition)], true)
}

/// Whether the condition is true of some row, and `None` of no rows: Django's
/// `BoolOr`.
pub fn bool_or<M>(condition: Q<M>) -> Aggregate<M, Option<bool>> {
    Aggregate::new("BOOL_OR", vec![is_true(condition)], true)
}

/// Where a condition is NULL it is not true, as in a filter; the aggregate would
/// pass over it.
fn is_true<M>(condition: Q<M>) -> Node {
    let (pieces, nulls) = (&["(", ") IS TRUE"], Nulls::Never);
    Node::op(Op::Sql { pieces, nulls }, vec![condition.node])
}
