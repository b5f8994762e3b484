use super::aggregate::Aggregate;
use super::column::Column;
use super::expression::Expr;
use super::meta::ModelMeta;
use super::model::Model;
use super::node::{ColumnRef, Node};
use super::path::RelationPath;
use super::related::Related;
use super::row_reader::RowReader;
use super::select::Select;
use crate::Result;
use crate::database::{ColumnType, SqlType, Type};

/// What a query reads instead of whole rows of `M`: a column, an expression,
/// an aggregate, or a tuple of up to eight of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not select values of `{M}`",
    label = "expected columns or expressions of `{M}`",
    note = "write a column, an expression, or a tuple of up to eight: `(Book::id, count())`",
    note = "a window function has no value without its window: `row_number().over(window())`"
)]
pub trait Selection<M> {
    /// A row of what is selected: a value, or a tuple of values.
    type Row;

    /// Adds what is selected.
    fn select(self, values: &mut SelectedValues);

    /// Reads a row of it.
    ///
    /// # Errors
    ///
    /// When a value does not fit its type.
    fn read(row: &mut RowReader<'_>) -> Result<Self::Row>;
}

/// What a query reads, without its types.
#[derive(Clone, Debug, Default)]
pub struct SelectedValues {
    values: Vec<Selected>,
    /// The relations whose rows are read with whole rows.
    related: Related,
}

/// One of the values that a query reads.
#[derive(Clone, Debug)]
pub(crate) struct Selected {
    pub(crate) node: Node,
    pub(crate) sql: SqlType,
    pub(crate) accepts: fn(&Type) -> bool,
    /// Whether its Rust type has a place for NULL.
    pub(crate) nullable: bool,
}

impl Selected {
    /// The primary key.
    pub(crate) fn key(model: &'static ModelMeta) -> Self {
        Self::own(model, ColumnRef::key(model).index)
    }

    /// What is read as a Rust type.
    pub(crate) fn of<T: ColumnType>(node: Node) -> Self {
        Self {
            node,
            sql: T::SQL,
            accepts: T::accepts,
            nullable: T::NULLABLE,
        }
    }

    /// A column of the model itself.
    pub(crate) fn own(model: &'static ModelMeta, index: u16) -> Self {
        let column = &model.columns[usize::from(index)];
        Self {
            node: Node::Column(ColumnRef::own(index)),
            sql: column.sql,
            accepts: column.accepts,
            nullable: column.nullable,
        }
    }
}

impl SelectedValues {
    pub(crate) fn of<M>(selection: impl Selection<M>) -> Vec<Selected> {
        let mut values = Self::default();
        selection.select(&mut values);
        values.values
    }

    /// The expressions alone.
    pub(crate) fn nodes_of<M>(selection: impl Selection<M>) -> Vec<Node> {
        let values = Self::of(selection).into_iter();
        values.map(|value| value.node).collect()
    }

    /// What is read by a query that loads relations too.
    pub(crate) fn of_query<M>(selection: impl Selection<M>, select: &Select) -> Vec<Selected> {
        let mut values = Self {
            values: Vec::new(),
            related: select.related(),
        };
        selection.select(&mut values);
        values.values
    }

    pub(crate) fn push<T: ColumnType>(&mut self, node: Node) {
        self.values.push(Selected::of::<T>(node));
    }

    /// The columns of whole rows of `M` over a path to them, and of what is
    /// loaded with them.
    pub(super) fn of_rows<M: Model>(path: RelationPath, related: &Related) -> Vec<Selected> {
        let mut values = Self::default();
        values.push_columns(path, M::META);
        for (hops, model) in related.models(M::META) {
            values.push_columns(path.join(hops), model);
        }
        values.values
    }

    pub(super) fn push_rows<M: Model>(&mut self) {
        let mut columns = Self::of_rows::<M>(RelationPath::ROOT, &self.related);
        self.values.append(&mut columns);
    }

    fn push_columns(&mut self, path: RelationPath, model: &'static ModelMeta) {
        let columns = (0..).zip(model.columns);
        self.values.extend(columns.map(|(index, column)| Selected {
            node: Node::Column(ColumnRef { path, index }),
            sql: column.sql,
            accepts: column.accepts,
            // Reading a row tells whether it is there, so its columns may be
            // NULL.
            nullable: column.nullable || !path.is_root(),
        }));
    }
}

macro_rules! selections {
    ($($Operand:ident)*) => {$(
        impl<M, T: ColumnType> Selection<M> for $Operand<M, T> {
            type Row = T;

            fn select(self, values: &mut SelectedValues) {
                values.push::<T>(self.node());
            }

            fn read(row: &mut RowReader<'_>) -> Result<T> {
                row.next()
            }
        }
    )*};
}

selections! { Column Expr Aggregate }

macro_rules! tuples {
    ($(($($S:ident $index:tt),+))*) => {$(
        impl<M, $($S: Selection<M>),+> Selection<M> for ($($S,)+) {
            type Row = ($($S::Row,)+);

            fn select(self, values: &mut SelectedValues) {
                $(self.$index.select(values);)+
            }

            fn read(row: &mut RowReader<'_>) -> Result<Self::Row> {
                Ok(($($S::read(row)?,)+))
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}
