//! The tree that every condition and expression is, without its types.

use postgres_types::Oid;

use super::meta::{ColumnMeta, ModelMeta};
use super::path::RelationPath;
use super::select::Select;
use super::value::Value;
use super::window::Frame;
use crate::database::SqlType;

/// A column of the model at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ColumnRef {
    pub(crate) path: RelationPath,
    pub(crate) index: u16,
}

impl ColumnRef {
    /// The primary key of a model.
    pub(crate) fn key(model: &ModelMeta) -> Self {
        Self {
            path: RelationPath::ROOT,
            index: u16::try_from(model.key).unwrap_or(u16::MAX),
        }
    }

    /// A column of the query's own model.
    pub(crate) fn own(index: u16) -> Self {
        Self {
            path: RelationPath::ROOT,
            index,
        }
    }

    /// Its model and itself, as seen from the model that the path begins at.
    pub(crate) fn model_and_meta(
        self,
        root: &'static ModelMeta,
    ) -> Option<(&'static ModelMeta, &'static ColumnMeta)> {
        let model = self.path.hops().try_fold(root, |model, hop| {
            let relation = model.relations.get(hop)?;
            Some((relation.target)())
        })?;
        Some((model, model.columns.get(usize::from(self.index))?))
    }
}

/// One node of the tree.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Column(ColumnRef),
    Value(Value),
    Op(Op, Vec<Node>),
    /// A column of the query around the one that this stands in.
    Outer(ColumnRef),
    /// What an insert had for a column, in the update done instead.
    Excluded(ColumnRef),
    /// A query of its own, in parentheses.
    Query(Box<Select>),
}

/// What a node does with its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// All of any number; of none, true.
    And,
    /// One of any number; of none, false.
    Or,
    /// The complement: true wherever its operand is not, NULL included.
    Not,
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    Between,
    /// The first is one of the others.
    In {
        array_oid: Oid,
    },
    Like,
    ILike,
    IsNull,
    IsNotNull,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Neg,
    /// A function that is NULL where an operand is.
    Function(&'static str),
    /// SQL with a place for each operand between its pieces.
    Sql {
        pieces: &'static [&'static str],
        nulls: Nulls,
    },
    /// SQL that is another where an operand can be NULL.
    NullSafe(&'static NullSafe),
    /// Whether the elements of an array are among another's, or the other way
    /// about.
    ArrayTest {
        test: ArrayTest,
        /// Whether NULL can be one of the elements.
        nullable: bool,
    },
    /// The operands as an array of this type of elements.
    Array(SqlType),
    /// A text, and where it is NULL the empty one.
    OrEmpty,
    /// The name of a configuration for full-text search.
    SearchConfig(&'static str),
    /// The greatest of the operands that are not NULL.
    Greatest,
    /// The least of the operands that are not NULL.
    Least,
    /// The first operand that is not NULL.
    Coalesce,
    /// Conditions, each before its value, and perhaps a value for none.
    Case,
    Cast(SqlType),
    /// A function of many rows; of no operand, of the rows themselves.
    Aggregate {
        name: &'static str,
        is_distinct: bool,
        /// Whether it is NULL of no rows.
        nullable: bool,
    },
    /// An aggregate over the rows of which a condition is true.
    Filtered,
    /// A place in an ordering, inside an aggregate or a window.
    Ordering {
        is_descending: bool,
        is_null_first: bool,
    },
    /// What parts the rows of a window.
    Partition,
    /// A function over a window, then its partition and its orderings.
    Over(Option<Frame>),
    /// Whether a query has any row.
    Exists,
    /// The first is one of the values of a query.
    InQuery,
    /// The first is one of the keys reached from those of a query, over a
    /// foreign key to the model itself.
    InTree {
        path: RelationPath,
        is_up: bool,
    },
    /// A column of the query around, in a condition that is not yet in the query
    /// inside it.
    Around(ColumnRef),
    /// SQL of the author's own, with `{}` for each operand.
    Raw {
        sql: &'static str,
        nullable: bool,
    },
    /// In the place of what nested without end: a mistake that is told when the
    /// query is compiled.
    TooDeep,
}

/// How many nodes can stand one inside the other. Each takes room on the
/// plugin's stack, and one more than this is a mistake in a loop.
pub(crate) const LEVELS_MAX: usize = 400;

/// SQL for what Postgres' own function takes NULL for something else: it would
/// lose its subject, a whole document or text, because what is put into it is
/// NULL, or pass over a NULL that is looked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NullSafe {
    /// The pieces where no operand besides the subject can be NULL, nor an
    /// element of a list.
    pub(crate) usual: &'static [&'static str],
    /// The pieces where one can.
    pub(crate) of_null: &'static [&'static str],
    /// The operand whose own NULL the usual pieces are right for, if there is
    /// one.
    pub(crate) subject: Option<usize>,
    pub(crate) nulls: Nulls,
}

/// What is asked of two arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArrayTest {
    /// Whether the first has all elements of the second: `@>`.
    HasAll,
    /// Whether the first has some element of the second: `&&`.
    HasAny,
    /// Whether the second has all elements of the first: `<@`.
    IsWithin,
}

/// When a node is NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// Where an operand is.
    Strict,
    /// Where the first operand is.
    First,
    /// Where all operands are.
    All,
    /// Perhaps, whatever its operands are.
    Maybe,
    /// Nowhere.
    Never,
}

impl Op {
    /// Whether it is NULL exactly where an operand is, and a condition.
    pub(crate) fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Eq
                | Self::Ne
                | Self::Gt
                | Self::Gte
                | Self::Lt
                | Self::Lte
                | Self::Between
                | Self::In { .. }
                | Self::InQuery
                | Self::Like
                | Self::ILike
                | Self::IsNull
                | Self::IsNotNull
        )
    }
}

impl Node {
    /// What an operation makes of its operands.
    ///
    /// The tree is walked over by recursion from the moment it is there, were
    /// it only to drop it, so what is too deep is left out at once.
    pub(crate) fn op(op: Op, mut operands: Vec<Node>) -> Self {
        operands.iter_mut().for_each(Self::limit);
        Self::Op(op, operands)
    }

    pub(crate) fn binary(op: Op, left: Node, right: Node) -> Self {
        Self::op(op, vec![left, right])
    }

    pub(crate) fn unary(op: Op, operand: Node) -> Self {
        Self::op(op, vec![operand])
    }

    /// SQL around its operands, which is NULL where one of them is.
    pub(crate) fn sql(pieces: &'static [&'static str], operands: Vec<Node>) -> Self {
        let nulls = Nulls::Strict;
        Self::op(Op::Sql { pieces, nulls }, operands)
    }

    /// SQL around its operands, which can be NULL where none of them is.
    pub(crate) fn sql_or_null(pieces: &'static [&'static str], operands: Vec<Node>) -> Self {
        let nulls = Nulls::Maybe;
        Self::op(Op::Sql { pieces, nulls }, operands)
    }

    /// SQL around its operands, and when it is NULL.
    pub(crate) fn sql_with(
        pieces: &'static [&'static str],
        nulls: Nulls,
        operands: Vec<Node>,
    ) -> Self {
        Self::op(Op::Sql { pieces, nulls }, operands)
    }

    /// What stands in the place of what is too deep.
    pub(crate) fn too_deep() -> Self {
        Self::Op(Op::TooDeep, Vec::new())
    }

    fn limit(&mut self) {
        if self.is_deeper_than(LEVELS_MAX) {
            *self = Self::too_deep();
        }
    }

    /// `left op right` for AND and OR, which take any number: a chain of a
    /// thousand is one node of a thousand and not a thousand levels.
    pub(crate) fn join(op: Op, left: Node, right: Node) -> Self {
        let mut operands = left.into_operands(op);
        operands.append(&mut right.into_operands(op));
        Self::Op(op, operands)
    }

    /// Whether it is a condition without conditions, such as `Q::all` of none.
    pub(crate) fn is_always_true(&self) -> bool {
        matches!(self, Self::Op(Op::And, operands) if operands.is_empty())
    }

    /// Its complement; that of a complement is what it was.
    pub(crate) fn complement(self) -> Self {
        match self {
            Self::Op(Op::Not, mut operands) if operands.len() == 1 => operands.remove(0),
            node => Self::unary(Op::Not, node),
        }
    }

    /// Adds every column in the tree, in the order of the text; of a query in
    /// it, those that it takes from the one around it.
    pub(crate) fn collect_columns(&self, columns: &mut Vec<ColumnRef>) {
        match self {
            Self::Column(column) => columns.push(*column),
            Self::Value(_) | Self::Outer(_) | Self::Excluded(_) => {}
            Self::Op(_, operands) => {
                operands
                    .iter()
                    .for_each(|node| node.collect_columns(columns));
            }
            Self::Query(select) => select
                .nodes()
                .for_each(|node| node.collect_outer_columns(columns)),
        }
    }

    /// Makes an expression on rows of one model one on rows of another, from
    /// which the path leads to them.
    pub(crate) fn move_under(&mut self, path: RelationPath) {
        match self {
            Self::Column(column) => column.path = path.join(column.path),
            Self::Value(_) | Self::Outer(_) | Self::Excluded(_) => {}
            Self::Op(_, operands) => {
                for operand in operands {
                    operand.move_under(path);
                }
            }
            Self::Query(select) => {
                for node in select.nodes_mut() {
                    node.move_outer_under(path);
                }
            }
        }
    }

    /// Makes the columns of the query around those of the query around the one
    /// that this is put in. Inside another query they would be those of that
    /// one, so there they stay what no statement takes.
    pub(crate) fn bind_around(&mut self) {
        match self {
            Self::Op(Op::Around(column), _) => *self = Self::Outer(*column),
            Self::Op(_, operands) => operands.iter_mut().for_each(Self::bind_around),
            _ => {}
        }
    }

    fn move_outer_under(&mut self, path: RelationPath) {
        match self {
            Self::Outer(column) => column.path = path.join(column.path),
            Self::Op(_, operands) => {
                for operand in operands {
                    operand.move_outer_under(path);
                }
            }
            Self::Column(_) | Self::Value(_) | Self::Excluded(_) | Self::Query(_) => {}
        }
    }

    fn collect_outer_columns(&self, columns: &mut Vec<ColumnRef>) {
        match self {
            Self::Outer(column) => columns.push(*column),
            Self::Op(_, operands) => {
                operands
                    .iter()
                    .for_each(|node| node.collect_outer_columns(columns));
            }
            Self::Column(_) | Self::Value(_) | Self::Excluded(_) | Self::Query(_) => {}
        }
    }

    /// Whether a query is in the tree, or can be: SQL of the author's own may
    /// hold one, in which a column without its table would be another.
    pub(crate) fn has_query(&self) -> bool {
        match self {
            Self::Query(_) | Self::Op(Op::Raw { .. }, _) => true,
            Self::Op(_, operands) => operands.iter().any(Self::has_query),
            Self::Column(_) | Self::Value(_) | Self::Outer(_) | Self::Excluded(_) => false,
        }
    }

    /// Whether a function over a window is in the tree.
    pub(crate) fn has_window(&self) -> bool {
        match self {
            Self::Op(Op::Over(_), _) => true,
            Self::Op(_, operands) => operands.iter().any(Self::has_window),
            _ => false,
        }
    }

    /// Whether a function of many rows is in the tree. One over a window is a
    /// value of a single row, but can be of aggregates.
    pub(crate) fn has_aggregate(&self) -> bool {
        match self {
            Self::Op(Op::Over(_), operands) => {
                let (function, window) = operands.split_at(operands.len().min(1));
                function.iter().any(Self::takes_aggregate) || window.iter().any(Self::has_aggregate)
            }
            Self::Op(Op::Aggregate { .. }, _) => true,
            Self::Op(_, operands) => operands.iter().any(Self::has_aggregate),
            _ => false,
        }
    }

    fn takes_aggregate(&self) -> bool {
        match self {
            Self::Op(Op::Filtered, operands) => operands.iter().any(Self::takes_aggregate),
            Self::Op(_, operands) => operands.iter().any(Self::has_aggregate),
            _ => false,
        }
    }

    /// Whether a value is in the tree.
    pub(crate) fn has_value(&self) -> bool {
        match self {
            Self::Value(_) => true,
            Self::Op(_, operands) => operands.iter().any(Self::has_value),
            _ => false,
        }
    }

    /// Whether both are the same expression, so that Postgres may be told the
    /// one's place instead of the other.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Column(left), Self::Column(right)) => left == right,
            (Self::Value(left), Self::Value(right)) => left.is_same(right),
            (Self::Op(op, left), Self::Op(other, right)) => {
                let mut pairs = left.iter().zip(right);
                op == other
                    && left.len() == right.len()
                    && pairs.all(|(left, right)| left.is_same(right))
            }
            _ => false,
        }
    }

    /// Whether more than `levels` nodes stand one inside the other.
    pub(crate) fn is_deeper_than(&self, levels: usize) -> bool {
        match (self, levels.checked_sub(1)) {
            (_, None) => true,
            (Self::Op(_, operands), Some(levels)) => {
                operands.iter().any(|node| node.is_deeper_than(levels))
            }
            (Self::Query(select), Some(levels)) => {
                select.nodes().any(|node| node.is_deeper_than(levels))
            }
            _ => false,
        }
    }

    /// Those of the same operation, which were limited when it was made.
    fn into_operands(mut self, op: Op) -> Vec<Node> {
        match self {
            Self::Op(same, operands) if same == op => operands,
            _ => {
                self.limit();
                vec![self]
            }
        }
    }
}
