//! Functions over the rows around a row.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Bound as RangeBound, RangeBounds};

use super::aggregate::Aggregate;
use super::expression::{Expr, Expression};
use super::node::{Node, Nulls, Op};
use super::null::MaybeNull;
use super::operand::IntoOperand;
use super::order::Order;
use super::selection::{SelectedValues, Selection};

/// The rows that a function sees beside each row, at first all: Django's
/// `Window`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub author_id: i64, pub stock: i32 }
/// use plinth::orm::{row_number, sum, window};
///
/// let of_author = window().partition_by(Book::author_id).order_by([Book::id.asc()]);
/// let query = Book::objects().values((
///     Book::id,
///     row_number().over(of_author.clone()),
///     sum(Book::stock).over(of_author.rows(-2..=0)),
/// ));
/// assert_eq!(
///     query.to_sql()?.sql(),
///     "SELECT \"id\", \
///      ROW_NUMBER() OVER (PARTITION BY \"author_id\" ORDER BY \"id\" ASC), \
///      SUM(\"stock\") OVER (PARTITION BY \"author_id\" ORDER BY \"id\" ASC \
///      ROWS BETWEEN $1 PRECEDING AND CURRENT ROW) FROM \"books\""
/// );
/// # Ok::<(), plinth::Error>(())
/// ```
///
/// What is computed over a window may be selected and ordered by. A query is
/// not filtered by it, because the rows are chosen before. Where it is to
/// choose them, a query of its own computes it before, with a name:
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub author_id: i64, pub price: i32 }
/// use plinth::orm::{Cte, Q, row_number, window};
///
/// let place = row_number().over(
///     window().partition_by(Book::author_id).order_by([Book::price.desc()]),
/// );
/// let places = Cte::query("places", Book::objects().values((Book::id, place)));
/// let three_dearest_of_each = Book::objects()
///     .with(places.columns(&["id", "place"]))
///     .filter(Q::raw("{} IN (SELECT id FROM places WHERE place <= {})", (Book::id, 3)));
/// # assert!(three_dearest_of_each.to_sql().is_ok());
/// ```
pub fn window<M>() -> Window<M> {
    Window {
        partition: Vec::new(),
        order: Vec::new(),
        frame: None,
        model: PhantomData,
    }
}

/// The rows that a function sees beside each row; made by [`window`].
#[must_use = "a window does nothing until a function is `over` it"]
pub struct Window<M> {
    partition: Vec<Node>,
    order: Vec<Node>,
    frame: Option<Frame>,
    model: PhantomData<fn() -> M>,
}

/// Which of the ordered rows a function sees, relative to the row at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) unit: &'static str,
    pub(crate) start: Bound,
    pub(crate) end: Bound,
}

/// How far from the row at hand, below zero before it; no bound is none.
pub(crate) type Bound = Option<i64>;

impl<M> Window<M> {
    /// Sees the rows only that have the same values: a column, an expression,
    /// or a tuple of some.
    pub fn partition_by(mut self, values: impl Selection<M>) -> Self {
        let values = SelectedValues::of(values).into_iter();
        self.partition = values.map(|value| value.node).collect();
        self
    }

    /// Orders the rows. An aggregate then sees those up to the row at hand and
    /// its equals, unless a frame says otherwise.
    pub fn order_by(mut self, order: impl IntoIterator<Item = Order<M>>) -> Self {
        self.order = order
            .into_iter()
            .map(|order| order.term.into_node())
            .collect();
        self
    }

    /// Sees so many rows before and after the row at hand, which is 0:
    /// Django's `RowRange`. `rows(-3..=0)` are the three before and itself,
    /// `rows(..=0)` all up to it.
    pub fn rows(self, rows: impl RangeBounds<i64>) -> Self {
        self.frame("ROWS", &rows)
    }

    /// Sees the rows whose value in the ordering differs by no more than this:
    /// Django's `ValueRange`. A bound other than 0 needs an ordering by one
    /// column of integers; in `range(..=0)`, the rows equal to the one at hand
    /// count as it does.
    pub fn range(self, values: impl RangeBounds<i64>) -> Self {
        self.frame("RANGE", &values)
    }

    /// Sees so many groups of rows before and after, where those are one group
    /// that the ordering finds equal.
    pub fn groups(self, groups: impl RangeBounds<i64>) -> Self {
        self.frame("GROUPS", &groups)
    }

    fn frame(mut self, unit: &'static str, range: &impl RangeBounds<i64>) -> Self {
        let start = match range.start_bound() {
            RangeBound::Included(start) => Some(*start),
            RangeBound::Excluded(start) => Some(start.saturating_add(1)),
            RangeBound::Unbounded => None,
        };
        let end = match range.end_bound() {
            RangeBound::Included(end) => Some(*end),
            RangeBound::Excluded(end) => Some(end.saturating_sub(1)),
            RangeBound::Unbounded => None,
        };
        self.frame = Some(Frame { unit, start, end });
        self
    }

    fn over(self, function: Node) -> Node {
        let mut operands = vec![function];
        if !self.partition.is_empty() {
            operands.push(Node::op(Op::Partition, self.partition));
        }
        operands.extend(self.order);
        Node::op(Op::Over(self.frame), operands)
    }
}

impl Frame {
    /// Whether the row at hand is always in it.
    fn has_current_row(self) -> bool {
        self.start.is_none_or(|start| start <= 0) && self.end.is_none_or(|end| end >= 0)
    }
}

/// A function that only a window gives a value to; made by [`row_number`] and
/// the like.
#[must_use = "a window function has no value until it is `over` a window"]
pub struct WindowFunction<M, T> {
    node: Node,
    /// Whether it is NULL where the frame has no row.
    is_of_frame: bool,
    types: PhantomData<fn() -> (M, T)>,
}

impl<M, T> WindowFunction<M, T> {
    /// Its value for the rows of a window: `OVER (…)`.
    pub fn over(self, window: Window<M>) -> Expr<M, T> {
        let can_be_empty = window.frame.is_some_and(|frame| !frame.has_current_row());
        let function = match self.node {
            Node::Op(Op::Sql { pieces, .. }, operands) if self.is_of_frame && can_be_empty => {
                Node::sql_or_null(pieces, operands)
            }
            function => function,
        };
        Expr::new(window.over(function))
    }

    fn new(node: Node) -> Self {
        Self {
            node,
            is_of_frame: false,
            types: PhantomData,
        }
    }

    fn of_frame(node: Node) -> Self {
        Self {
            is_of_frame: true,
            ..Self::new(node)
        }
    }
}

impl<M, T> Aggregate<M, T> {
    /// Its value for the rows of a [`window`], one for each row, instead of one
    /// for each group: `OVER (…)`.
    pub fn over(self, window: Window<M>) -> Expr<M, T> {
        Expr::new(window.over(self.node()))
    }
}

fn of_rank<M, T>(pieces: &'static [&'static str]) -> WindowFunction<M, T> {
    let nulls = Nulls::Never;
    WindowFunction::new(Node::op(Op::Sql { pieces, nulls }, Vec::new()))
}

/// The number of the row, from 1.
pub fn row_number<M>() -> WindowFunction<M, i64> {
    of_rank(&["ROW_NUMBER()"])
}

/// The number of the first row that the ordering finds equal, from 1: two
/// firsts are followed by a third.
pub fn rank<M>() -> WindowFunction<M, i64> {
    of_rank(&["RANK()"])
}

/// How many different places there are up to the row's: two firsts are followed
/// by a second.
pub fn dense_rank<M>() -> WindowFunction<M, i64> {
    of_rank(&["DENSE_RANK()"])
}

/// The rank from 0 for the first to 1 for the last.
pub fn percent_rank<M>() -> WindowFunction<M, f64> {
    of_rank(&["PERCENT_RANK()"])
}

/// The share of rows up to the row's place, its equals included.
pub fn cume_dist<M>() -> WindowFunction<M, f64> {
    of_rank(&["CUME_DIST()"])
}

/// Which of so many parts, as equal as can be, the row is in, from 1. A number
/// of parts below 1 is the statement's error.
pub fn ntile<M>(parts: i32) -> WindowFunction<M, i32> {
    let parts = IntoOperand::<M, i32>::into_operand(parts).0;
    WindowFunction::new(Node::sql(&["NTILE(", ")"], vec![parts]))
}

/// The value in the row so many before, `None` where there is none.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32 }
/// use plinth::orm::{lag, window};
///
/// let before = lag(Book::stock, 1).over(window().order_by([Book::id.asc()]));
/// let query = Book::objects().values((Book::id, Book::stock.optional() - before));
/// # assert!(query.to_sql().is_ok());
/// ```
pub fn lag<M, E>(value: E, rows: i32) -> WindowFunction<M, <E::Value as MaybeNull>::Optional>
where
    E: Expression<M>,
    E::Value: MaybeNull,
{
    let rows = IntoOperand::<M, i32>::into_operand(rows).0;
    let operands = vec![value.into_operand().0, rows];
    WindowFunction::new(Node::sql_or_null(&["LAG(", ", ", ")"], operands))
}

/// The value in the row so many after, `None` where there is none.
pub fn lead<M, E>(value: E, rows: i32) -> WindowFunction<M, <E::Value as MaybeNull>::Optional>
where
    E: Expression<M>,
    E::Value: MaybeNull,
{
    let rows = IntoOperand::<M, i32>::into_operand(rows).0;
    let operands = vec![value.into_operand().0, rows];
    WindowFunction::new(Node::sql_or_null(&["LEAD(", ", ", ")"], operands))
}

/// The value in the first row of the frame.
///
/// Over a frame that the row at hand need not be in there may be none: add
/// `.optional()`.
pub fn first_value<M, E: Expression<M>>(value: E) -> WindowFunction<M, E::Value> {
    WindowFunction::of_frame(Node::sql(
        &["FIRST_VALUE(", ")"],
        vec![value.into_operand().0],
    ))
}

/// The value in the last row of the frame, which is the row at hand and its
/// equals unless the frame goes on: `window().order_by(…).rows(..)`.
///
/// Over a frame that the row at hand need not be in there may be none: add
/// `.optional()`.
pub fn last_value<M, E: Expression<M>>(value: E) -> WindowFunction<M, E::Value> {
    WindowFunction::of_frame(Node::sql(
        &["LAST_VALUE(", ")"],
        vec![value.into_operand().0],
    ))
}

/// The value in the row of the frame with this number, from 1, `None` where
/// there is none. A number below 1 is the statement's error.
pub fn nth_value<M, E>(value: E, row: i32) -> WindowFunction<M, <E::Value as MaybeNull>::Optional>
where
    E: Expression<M>,
    E::Value: MaybeNull,
{
    let row = IntoOperand::<M, i32>::into_operand(row).0;
    let operands = vec![value.into_operand().0, row];
    WindowFunction::new(Node::sql_or_null(&["NTH_VALUE(", ", ", ")"], operands))
}

impl<M> Clone for Window<M> {
    fn clone(&self) -> Self {
        Self {
            partition: self.partition.clone(),
            order: self.order.clone(),
            frame: self.frame,
            model: PhantomData,
        }
    }
}

impl<M> fmt::Debug for Window<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window")
            .field("partition", &self.partition)
            .field("order", &self.order)
            .field("frame", &self.frame)
            .finish_non_exhaustive()
    }
}

impl<M, T> Clone for WindowFunction<M, T> {
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
            is_of_frame: self.is_of_frame,
            types: PhantomData,
        }
    }
}

impl<M, T> fmt::Debug for WindowFunction<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
