mod collect;

use std::fmt;
use std::marker::PhantomData;

pub use collect::{array_agg, bool_and, bool_or, string_agg};

use super::condition::Q;
use super::expression::{Expression, Number};
use super::node::{Node, Op};
use super::order::Order;
use crate::Interval;

/// A value that Postgres computes from many rows of `M`, such as
/// [`count()`](count).
///
/// It stands among the [`values`](super::QuerySet::values) of a query, in
/// their ordering and in [`having`](super::Values::having), but not in the
/// `filter` of the rows that it is computed from.
#[must_use = "an aggregate does nothing until a query uses it"]
pub struct Aggregate<M, T> {
    node: Node,
    types: PhantomData<fn() -> (M, T)>,
}

impl<M, T> Aggregate<M, T> {
    pub(super) fn new(name: &'static str, operands: Vec<Node>, nullable: bool) -> Self {
        let op = Op::Aggregate {
            name,
            is_distinct: false,
            nullable,
        };
        Self::from_node(Node::op(op, operands))
    }

    pub(super) fn from_node(node: Node) -> Self {
        Self {
            node,
            types: PhantomData,
        }
    }

    pub(crate) fn node(self) -> Node {
        self.node
    }

    /// Counts only the rows of which the condition is true:
    /// `FILTER (WHERE …)`.
    ///
    /// ```
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub author_id: i64, pub stock: i32 }
    /// use plinth::orm::count;
    ///
    /// let query = Book::objects().values((
    ///     Book::author_id,
    ///     count(),
    ///     count().filter(Book::stock.gt(0)),
    /// ));
    /// assert_eq!(
    ///     query.to_sql()?.sql(),
    ///     "SELECT \"author_id\", COUNT(*), COUNT(*) FILTER (WHERE \"stock\" > $1) \
    ///      FROM \"books\" GROUP BY \"author_id\""
    /// );
    /// # Ok::<(), plinth::Error>(())
    /// ```
    pub fn filter(self, condition: Q<M>) -> Self {
        Self::from_node(match self.node {
            Node::Op(Op::Filtered, mut operands) if operands.len() == 2 => {
                let before = operands.remove(1);
                operands.push(Node::join(Op::And, before, condition.node));
                Node::Op(Op::Filtered, operands)
            }
            aggregate => Node::binary(Op::Filtered, aggregate, condition.node),
        })
    }

    /// Of values that are equal only one: `DISTINCT`.
    ///
    /// An ordering inside it can then be by those values only.
    pub fn distinct(mut self) -> Self {
        if let Some(Node::Op(Op::Aggregate { is_distinct, .. }, _)) = self.bare() {
            *is_distinct = true;
        }
        self
    }

    /// Orders the rows before they are put together, instead of any ordering
    /// before; it matters to [`array_agg`](super::array_agg) and
    /// [`string_agg`](super::string_agg).
    ///
    /// ```
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub author_id: i64, pub title: String }
    /// use plinth::orm::string_agg;
    ///
    /// let titles = string_agg(Book::title, ", ").order_by([Book::id.asc()]);
    /// let query = Book::objects().values((Book::author_id, titles));
    /// assert_eq!(
    ///     query.to_sql()?.sql(),
    ///     "SELECT \"author_id\", STRING_AGG(\"title\", $1 ORDER BY \"id\" ASC) \
    ///      FROM \"books\" GROUP BY \"author_id\""
    /// );
    /// # Ok::<(), plinth::Error>(())
    /// ```
    pub fn order_by(mut self, order: impl IntoIterator<Item = Order<M>>) -> Self {
        if let Some(Node::Op(_, operands)) = self.bare() {
            operands.retain(|node| !matches!(node, Node::Op(Op::Ordering { .. }, _)));
            operands.extend(order.into_iter().map(|order| order.term.into_node()));
        }
        self
    }

    /// The aggregate itself, without its filter.
    fn bare(&mut self) -> Option<&mut Node> {
        match &mut self.node {
            Node::Op(Op::Filtered, operands) => operands.first_mut(),
            aggregate => Some(aggregate),
        }
    }
}

/// How many rows there are: `COUNT(*)`, Django's `Count("*")`.
pub fn count<M>() -> Aggregate<M, i64> {
    Aggregate::new("COUNT", Vec::new(), false)
}

/// How many different values there are, NULL apart: `COUNT(DISTINCT …)`,
/// Django's `Count(…, distinct=True)`.
pub fn count_distinct<M, E: Expression<M>>(values: E) -> Aggregate<M, i64> {
    let op = Op::Aggregate {
        name: "COUNT",
        is_distinct: true,
        nullable: false,
    };
    Aggregate::from_node(Node::unary(op, values.into_operand().0))
}

/// How many of the values are not NULL: `COUNT(…)`, Django's `Count`.
pub fn count_of<M, E: Expression<M>>(values: E) -> Aggregate<M, i64> {
    Aggregate::new("COUNT", vec![values.into_operand().0], false)
}

/// The sum of the values that are not NULL, `None` when there are none: Django's
/// `Sum`.
///
/// As in Postgres, the sum of `i16` and `i32` is an `i64`, and that of `i64` a
/// [`Decimal`](crate::Decimal), which it cannot overflow.
pub fn sum<M, E>(values: E) -> Aggregate<M, <E::Value as Summed>::Sum>
where
    E: Expression<M>,
    E::Value: Summed,
{
    Aggregate::new("SUM", vec![values.into_operand().0], true)
}

/// The average of the values that are not NULL, `None` when there are none:
/// Django's `Avg`.
///
/// As in Postgres, the average of integers is a [`Decimal`](crate::Decimal), and that of floats
/// an `f64`.
pub fn avg<M, E>(values: E) -> Aggregate<M, <E::Value as Summed>::Average>
where
    E: Expression<M>,
    E::Value: Summed,
{
    Aggregate::new("AVG", vec![values.into_operand().0], true)
}

/// The standard deviation of the values as a whole population: Django's
/// `StdDev`.
pub fn std_dev<M, E>(values: E) -> Aggregate<M, <E::Value as Number>::Average>
where
    E: Expression<M>,
    E::Value: Number,
{
    Aggregate::new("STDDEV_POP", vec![values.into_operand().0], true)
}

/// The variance of the values as a whole population: Django's `Variance`.
pub fn variance<M, E>(values: E) -> Aggregate<M, <E::Value as Number>::Average>
where
    E: Expression<M>,
    E::Value: Number,
{
    Aggregate::new("VAR_POP", vec![values.into_operand().0], true)
}

/// The smallest of the values that are not NULL, `None` when there are none:
/// Django's `Min`.
pub fn min<M, E>(values: E) -> Aggregate<M, <E::Value as Ordered>::Extreme>
where
    E: Expression<M>,
    E::Value: Ordered,
{
    Aggregate::new("MIN", vec![values.into_operand().0], true)
}

/// The greatest of the values that are not NULL, `None` when there are none:
/// Django's `Max`.
pub fn max<M, E>(values: E) -> Aggregate<M, <E::Value as Ordered>::Extreme>
where
    E: Expression<M>,
    E::Value: Ordered,
{
    Aggregate::new("MAX", vec![values.into_operand().0], true)
}

/// A type whose values Postgres adds up: every [`Number`], and
/// [`Interval`].
#[diagnostic::on_unimplemented(
    message = "Postgres has no sum of `{Self}` values",
    note = "`sum` and `avg` take numbers and intervals"
)]
pub trait Summed {
    /// What Postgres gives for the sum of many.
    type Sum;

    /// What Postgres gives for the average of many.
    type Average;
}

impl<T: Number> Summed for T {
    type Sum = T::Sum;
    type Average = T::Average;
}

impl Summed for Interval {
    type Sum = Option<Self>;
    type Average = Option<Self>;
}

impl Summed for Option<Interval> {
    type Sum = Self;
    type Average = Self;
}

/// A type of which Postgres finds the smallest and the greatest value.
#[diagnostic::on_unimplemented(
    message = "Postgres has no smallest or greatest `{Self}`",
    note = "`min` and `max` take numbers, texts, dates and times"
)]
pub trait Ordered {
    /// What the smallest of many is: `None` of none.
    type Extreme;
}

impl<M, T> Clone for Aggregate<M, T> {
    fn clone(&self) -> Self {
        Self::from_node(self.node.clone())
    }
}

impl<M, T> fmt::Debug for Aggregate<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
