use crate::orm::node::{Node, Op};
use crate::orm::operand::IntoOperand;

/// How a [rank](super::SearchVector::rank_with) is reckoned.
///
/// ```
/// use plinth::orm::RankOptions;
///
/// let options = RankOptions::new().weights([0.1, 0.2, 0.4, 1.0]).normalization(2 | 4);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "options do nothing until `rank_with` takes them"]
pub struct RankOptions {
    weights: Option<[f32; 4]>,
    normalization: Option<i32>,
    is_cover_density: bool,
}

impl RankOptions {
    /// As Postgres reckons by itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the weights `D`, `C`, `B` and `A` count, in this order, each from 0
    /// to 1.
    pub fn weights(mut self, weights: [f32; 4]) -> Self {
        self.weights = Some(weights);
        self
    }

    /// How much the length of a text matters, as a sum of Postgres' numbers: 1
    /// divides by 1 + the logarithm of the length, 2 by the length, 4 by the
    /// distance of what was found, 8 and 16 by the number of different words
    /// and its logarithm, 32 by the rank itself + 1.
    pub fn normalization(mut self, normalization: i32) -> Self {
        self.normalization = Some(normalization);
        self
    }

    /// Reckons how near to each other the words stand too: `ts_rank_cd`,
    /// Django's `cover_density`.
    pub fn cover_density(mut self) -> Self {
        self.is_cover_density = true;
        self
    }
}

pub(super) fn rank<M>(vector: Node, query: Node, options: &RankOptions) -> Node {
    let mut operands = Vec::with_capacity(4);
    if let Some(weights) = options.weights {
        operands.push(IntoOperand::<M, Vec<f32>>::into_operand(weights.to_vec()).0);
    }
    operands.extend([vector, query]);
    if let Some(normalization) = options.normalization {
        operands.push(IntoOperand::<M, i32>::into_operand(normalization).0);
    }
    let name = if options.is_cover_density {
        "TS_RANK_CD"
    } else {
        "TS_RANK"
    };
    Node::op(Op::Function(name), operands)
}
