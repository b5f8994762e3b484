//! What the peers do on the database.

/// Something that all peers can do, with the same SQL text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Operation {
    /// Fifty rows.
    List,
    /// A row by its primary key; the statement is prepared already.
    PrimaryKey,
    /// The same with a text that the client has never seen.
    Parsed,
    /// Twenty rows of a range of keys.
    Range,
    /// A row changed by its key.
    Update,
    /// Twenty rows by their keys, one query after the other.
    Sequential,
    /// The same in one round trip.
    Pipeline,
    /// Two rows by their keys, one query after the other.
    Apart,
    /// The same with both queries started before either is waited for.
    Together,
    /// A row inserted.
    Insert,
    /// A row of the ten thousand that one COPY brings in.
    Copy,
}

impl Operation {
    /// Operations whose figures are compared, or stand alone. They take turns,
    /// so that a slow spell of the machine meets all of a group.
    pub(crate) const GROUPS: [&[Self]; 7] = [
        &[Self::List],
        &[Self::PrimaryKey, Self::Parsed],
        &[Self::Range],
        &[Self::Update],
        &[Self::Sequential, Self::Pipeline],
        &[Self::Apart, Self::Together],
        &[Self::Insert, Self::Copy],
    ];

    /// How tables call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::List => "list of 50 rows",
            Self::PrimaryKey => "row by primary key, prepared",
            Self::Parsed => "row by primary key, a new text each time",
            Self::Range => "20 rows of a range of keys",
            Self::Update => "update by key",
            Self::Sequential => "20 rows, 20 queries",
            Self::Pipeline => "20 rows, a pipeline of 20",
            Self::Apart => "2 rows, 2 queries",
            Self::Together => "2 rows, 2 queries started together",
            Self::Insert => "rows by INSERT, one each",
            Self::Copy => "rows by COPY, 10,000 each",
        }
    }

    /// What the peers call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::PrimaryKey => "primary-key",
            Self::Parsed => "parsed",
            Self::Range => "range",
            Self::Update => "update",
            Self::Sequential => "sequential",
            Self::Pipeline => "pipeline",
            Self::Apart => "apart",
            Self::Together => "together",
            Self::Insert => "insert",
            Self::Copy => "copy",
        }
    }

    /// How many operations one call of it counts for: COPY counts rows.
    pub(crate) fn counts(self) -> u32 {
        match self {
            Self::Copy => COPY_ROWS,
            _ => 1,
        }
    }

    /// The operation of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let mut all = Self::GROUPS.iter().copied().flatten();
        all.find(|operation| operation.name() == name).copied()
    }
}

/// The rows of one COPY.
pub(crate) const COPY_ROWS: u32 = 10_000;

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_operation_is_in_a_group_and_found_by_its_name() {
        for operation in Operation::value_variants() {
            assert_eq!(Operation::named(operation.name()), Some(*operation));
        }
        assert_eq!(Operation::named("none"), None);
    }
}
