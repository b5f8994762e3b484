//! Types whose values Postgres does not compare: it can't tell which of them are
//! alike, nor which comes first.

use crate::database::SqlType;
use crate::orm::meta::ModelMeta;
use crate::orm::node::{Node, Op};
use crate::orm::select::Select;
use crate::orm::selection::Selected;
use crate::{Error, Result};

/// Those without an operator class for equality, arrays of them included.
const UNCOMPARED: &[&str] = &[
    "xml", "json", "jsonpath", "point", "line", "lseg", "box", "path", "polygon", "circle",
];

/// # Errors
///
/// When a query compares values that Postgres does not.
pub(super) fn check_equality(select: &Select) -> Result<()> {
    if select.drops_duplicates() && select.distinct_on.is_empty() {
        check_values(select.model, &select.values, "distinct")?;
    }
    let on = select.distinct_on.iter().map(|node| (node, "distinct_on"));
    let groups = select.groups().into_iter().map(|node| (node, "values"));
    let order = select.order.iter().map(|term| (&term.node, "order_by"));
    for (node, method) in on.chain(groups).chain(order) {
        check(select, node, method)?;
    }
    select
        .nodes()
        .try_for_each(|node| check_inside(select, node))
}

/// # Errors
///
/// When one of the values can't be compared with others.
pub(super) fn check_values(
    model: &'static ModelMeta,
    values: &[Selected],
    method: &str,
) -> Result<()> {
    match values.iter().find(|value| is_uncompared(value.sql)) {
        Some(value) => Err(not_compared(model, value.sql, method)),
        None => Ok(()),
    }
}

/// What an aggregate or a window compares.
fn check_inside(select: &Select, node: &Node) -> Result<()> {
    let Node::Op(op, operands) = node else {
        return Ok(());
    };
    let method = match op {
        Op::Aggregate {
            is_distinct: true, ..
        } => Some("count_distinct"),
        Op::Partition => Some("partition_by"),
        Op::Ordering { .. } => Some("order_by"),
        _ => None,
    };
    for operand in operands {
        method.map_or(Ok(()), |method| check(select, operand, method))?;
        check_inside(select, operand)?;
    }
    Ok(())
}

fn check(select: &Select, node: &Node, method: &str) -> Result<()> {
    match type_of(select, node).filter(|sql| is_uncompared(*sql)) {
        Some(sql) => Err(not_compared(select.model, sql, method)),
        None => Ok(()),
    }
}

/// The type of an expression, where it is known.
fn type_of(select: &Select, node: &Node) -> Option<SqlType> {
    match node {
        Node::Column(column) => {
            let (_, column) = column.model_and_meta(select.model)?;
            Some(column.sql)
        }
        Node::Op(Op::Cast(sql), _) => Some(*sql),
        _ => {
            let mut values = select.values.iter();
            let value = values.find(|value| value.node.is_same(node))?;
            Some(value.sql)
        }
    }
}

fn is_uncompared(sql: SqlType) -> bool {
    UNCOMPARED.contains(&sql.name)
}

fn not_compared(model: &ModelMeta, sql: SqlType, method: &str) -> Error {
    let (table, all) = (
        model.table,
        match method {
            "union" | "intersect" | "except" => ", or keep all rows with `union_all`",
            _ => "",
        },
    );
    Error::invalid_query(format!(
        "`{method}` on `{table}` compares values of `{sql}`, which Postgres can't; \
         cast them to text, as in `.cast::<String>()`{all}"
    ))
}
