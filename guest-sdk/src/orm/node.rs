//! The tree that every condition and expression is, without its types.

use postgres_types::Oid;

use super::path::RelationPath;
use super::value::Value;

/// A column of the model at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ColumnRef {
    pub(crate) path: RelationPath,
    pub(crate) index: u16,
}

/// One node of the tree.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Column(ColumnRef),
    Value(Value),
    Op(Op, Vec<Node>),
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
}

impl Node {
    pub(crate) fn binary(op: Op, left: Node, right: Node) -> Self {
        Self::Op(op, vec![left, right])
    }

    pub(crate) fn unary(op: Op, operand: Node) -> Self {
        Self::Op(op, vec![operand])
    }

    /// `left op right` for AND and OR, which take any number: a chain of a
    /// thousand is one node of a thousand and not a thousand levels.
    pub(crate) fn join(op: Op, left: Node, right: Node) -> Self {
        let mut operands = left.into_operands(op);
        operands.append(&mut right.into_operands(op));
        Self::Op(op, operands)
    }

    /// Its complement; that of a complement is what it was.
    pub(crate) fn complement(self) -> Self {
        match self {
            Self::Op(Op::Not, mut operands) if operands.len() == 1 => operands.remove(0),
            node => Self::unary(Op::Not, node),
        }
    }

    /// Adds every column in the tree, in the order of the text.
    pub(crate) fn collect_columns(&self, columns: &mut Vec<ColumnRef>) {
        match self {
            Self::Column(column) => columns.push(*column),
            Self::Value(_) => {}
            Self::Op(_, operands) => {
                operands
                    .iter()
                    .for_each(|node| node.collect_columns(columns));
            }
        }
    }

    /// Whether more than `levels` nodes stand one inside the other.
    pub(crate) fn is_deeper_than(&self, levels: usize) -> bool {
        match (self, levels.checked_sub(1)) {
            (_, None) => true,
            (Self::Op(_, operands), Some(levels)) => {
                operands.iter().any(|node| node.is_deeper_than(levels))
            }
            _ => false,
        }
    }

    fn into_operands(self, op: Op) -> Vec<Node> {
        match self {
            Self::Op(same, operands) if same == op => operands,
            node => vec![node],
        }
    }
}
