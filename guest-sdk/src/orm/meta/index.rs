/// An index, or a unique constraint of several columns.
#[derive(Clone, Copy, Debug)]
pub struct IndexMeta {
    /// Its name, unless it is called after its columns.
    pub name: Option<&'static str>,
    /// What it is an index of, in order.
    pub terms: &'static [IndexTerm],
    /// Whether no two rows may agree in all of them.
    pub unique: bool,
    /// Whether two NULLs agree, where it is unique.
    pub nulls_not_distinct: bool,
    /// How Postgres keeps it.
    pub method: IndexMethod,
    /// How it compares, where that is not the type's usual way, as in
    /// `gin_trgm_ops`.
    pub opclass: Option<&'static str>,
    /// Which rows are in it, as a condition in SQL, where those are not all.
    pub condition: Option<&'static str>,
}

impl IndexMeta {
    /// A plain index of all rows.
    #[must_use]
    pub const fn of(terms: &'static [IndexTerm]) -> Self {
        Self {
            name: None,
            terms,
            unique: false,
            nulls_not_distinct: false,
            method: IndexMethod::BTree,
            opclass: None,
            condition: None,
        }
    }

    /// The column that it begins with, where it serves all searches by that.
    pub(crate) fn leading_column(&self) -> Option<usize> {
        match self.terms.first()? {
            IndexTerm::Column(column) if self.is_plain() => Some(*column),
            _ => None,
        }
    }

    /// Whether it is of columns of all rows, and kept in the usual way.
    pub(crate) fn is_plain(&self) -> bool {
        let mut terms = self.terms.iter();
        terms.all(|term| matches!(term, IndexTerm::Column(_)))
            && self.method == IndexMethod::BTree
            && self.opclass.is_none()
            && self.condition.is_none()
    }
}

/// One of the things that an index is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexTerm {
    /// A column, from its smallest value.
    Column(usize),
    /// A column, from its greatest value.
    Descending(usize),
    /// An expression in SQL.
    Expression(&'static str),
}

/// How Postgres keeps an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexMethod {
    /// Sorted: for equality, ranges and orderings.
    BTree,
    /// For equality alone.
    Hash,
    /// By what is inside the values: arrays, JSON, texts to search.
    Gin,
    /// By where the values lie: ranges, points, distances.
    Gist,
    /// The ends of each stretch of the table: small, for tables that are
    /// written in the column's order.
    Brin,
}

impl IndexMethod {
    /// Its name in SQL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BTree => "btree",
            Self::Hash => "hash",
            Self::Gin => "gin",
            Self::Gist => "gist",
            Self::Brin => "brin",
        }
    }
}
