//! What `#[derive(Model)]` tells of a table: data, no types.

mod index;

use postgres_types::Type;

pub use index::{IndexMeta, IndexMethod, IndexTerm};

use super::path::RelationPath;
use crate::database::{ColumnType, DEFAULT, SqlType};

/// A table: its columns, keys and indexes.
#[derive(Debug)]
pub struct ModelMeta {
    /// The name of the Rust type.
    pub model: &'static str,
    /// The name of the table, unquoted.
    pub table: &'static str,
    /// The database it is in, where the model names one.
    pub database: Option<&'static str>,
    /// The columns, in the order of the struct's fields.
    pub columns: &'static [ColumnMeta],
    /// Which column is the primary key.
    pub key: usize,
    /// The foreign keys, in the order of the struct's fields.
    pub relations: &'static [RelationMeta],
    /// The indexes and unique constraints of several columns.
    pub indexes: &'static [IndexMeta],
    /// The rows of others that belong to a row, in the order of the struct's
    /// fields.
    pub to_many: &'static [ToManyMeta],
    /// Which column counts the updates of a row.
    pub version: Option<usize>,
    /// Which column says when a row was deleted, so that deletion only marks it.
    pub soft_delete: Option<usize>,
    /// Which column says of which variant a row is, when variants share the table.
    pub discriminator: Option<usize>,
    /// Which rows of its parent's table are its own, when it is a variant.
    pub variant: Option<VariantMeta>,
    /// What must hold of each row, besides what its columns say.
    pub checks: &'static [CheckMeta],
    /// Whether rows are neither changed nor deleted.
    pub append_only: bool,
    /// Whether the table is lost in a crash, and faster.
    pub unlogged: bool,
    /// Whether the table is made with the others; otherwise it is made by other
    /// means, or is a view.
    pub managed: bool,
    /// For what it was made, when it is a table between two models that is no
    /// model itself.
    pub junction: Option<JunctionMeta>,
}

impl ModelMeta {
    /// A table of nothing but columns, the first of which is the key.
    #[must_use]
    pub const fn new(table: &'static str, columns: &'static [ColumnMeta]) -> Self {
        Self {
            model: table,
            table,
            database: None,
            columns,
            key: 0,
            relations: &[],
            indexes: &[],
            to_many: &[],
            version: None,
            soft_delete: None,
            discriminator: None,
            variant: None,
            checks: &[],
            append_only: false,
            unlogged: false,
            managed: true,
            junction: None,
        }
    }

    /// The path over the foreign key that a column is.
    pub(crate) fn path_over(&self, column: u16) -> RelationPath {
        let mut relations = self.relations.iter();
        let found = relations.position(|relation| relation.column == usize::from(column));
        let found = found.and_then(|index| u8::try_from(index).ok());
        // One that is none is refused like a path that is too long.
        RelationPath::ROOT.then(found.unwrap_or(u8::MAX))
    }

    /// The database it is in when no router and no query says otherwise.
    ///
    /// ```
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "entries", database = "archive")]
    /// # pub struct Entry { #[model(key, auto)] pub id: i64 }
    /// use plinth::orm::Model;
    ///
    /// assert_eq!(Entry::META.database_or_default(), "archive");
    /// ```
    #[must_use]
    pub const fn database_or_default(&self) -> &'static str {
        match self.database {
            Some(database) => database,
            None => DEFAULT,
        }
    }

    /// How texts in a column are compared, where not by their bytes.
    pub(crate) fn text_equality(&self, column: usize) -> Option<TextEquality> {
        let mut relations = self.relations.iter();
        match relations.find(|relation| relation.column == column) {
            Some(relation) => (relation.target)().key_column().text_equality,
            None => self.columns.get(column)?.text_equality,
        }
    }

    /// Whether a column is of the type `citext`.
    pub(crate) fn is_citext(&self, column: usize) -> bool {
        self.text_equality(column) == Some(TextEquality::Citext)
    }

    /// Whether values in a column are equal only if their bytes are.
    pub(crate) fn is_equal_by_bytes(&self, column: usize) -> bool {
        self.columns[column].sql.is_equal_by_bytes() && self.text_equality(column).is_none()
    }

    /// The primary key's column.
    #[must_use]
    pub fn key_column(&self) -> &'static ColumnMeta {
        &self.columns[self.key]
    }
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct ColumnMeta {
    /// Its name, unquoted.
    pub name: &'static str,
    /// Its type in Postgres.
    pub sql: SqlType,
    /// Whether it can be NULL.
    pub nullable: bool,
    /// The texts it allows, if it allows only some.
    pub choices: &'static [&'static str],
    /// Whether the Rust type can be read from a Postgres type.
    pub accepts: fn(&Type) -> bool,
    /// Whether Postgres numbers the rows with it.
    pub auto: bool,
    /// Whether every update through the ORM sets it to the time.
    pub auto_now: bool,
    /// What the column holds where an insert leaves it out.
    pub default: Option<DefaultMeta>,
    /// What Postgres computes it from for each row, as an expression in SQL;
    /// nothing else sets it.
    pub generated: Option<&'static str>,
    /// The condition on its value in SQL: `"rating" BETWEEN 1 AND 5`.
    pub check: Option<&'static str>,
    /// Whether no two rows may have the same value.
    pub unique: bool,
    /// Whether it has an index of its own.
    pub index: bool,
    /// How its texts are compared, where not by their bytes. A foreign key's are
    /// as the key's that it points to.
    pub text_equality: Option<TextEquality>,
}

/// The type of texts that are compared without their case.
pub(crate) const CITEXT: &str = "citext";

/// A cast to an array of them.
pub(crate) const CITEXTS: &str = "::citext[]";

/// What finds texts equal that differ in their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEquality {
    /// The type `citext` of the extension of this name.
    Citext,
    /// A collation, by its name.
    Collation(&'static str),
}

impl ColumnMeta {
    /// The plain column of a Rust type.
    #[must_use]
    pub const fn of<T: ColumnType>(name: &'static str) -> Self {
        Self {
            name,
            sql: T::SQL,
            nullable: T::NULLABLE,
            choices: T::CHOICES,
            accepts: T::accepts,
            auto: false,
            auto_now: false,
            default: None,
            generated: None,
            check: None,
            unique: false,
            index: false,
            text_equality: None,
        }
    }
}

/// What a column holds where an insert leaves it out.
#[derive(Clone, Copy, Debug)]
pub enum DefaultMeta {
    /// The time of the transaction.
    Now,
    /// A literal in SQL, quoted.
    Literal(&'static str),
    /// A text, unquoted.
    Text(&'static str),
    /// An expression in SQL, which Postgres computes for each row.
    Expression(&'static str),
}

/// A foreign key.
#[derive(Debug)]
pub struct RelationMeta {
    /// The field, written `Book.author`.
    pub field: &'static str,
    /// Which column holds the key.
    pub column: usize,
    /// The model it points to. A function, because two models can point to
    /// each other.
    pub target: fn() -> &'static ModelMeta,
    /// What happens when the row it points to is deleted.
    pub on_delete: OnDelete,
    /// When Postgres checks it.
    pub checked: Checked,
}

/// When Postgres checks a foreign key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// At the end of each statement.
    AtOnce,
    /// At the end of each statement, unless the transaction defers it with
    /// `SET CONSTRAINTS`.
    Deferrable,
    /// At the end of the transaction, unless that says otherwise.
    Deferred,
}

/// What happens to a row when the row its foreign key points to is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// The deletion is refused at the end of the statement.
    NoAction,
    /// The deletion is refused at once.
    Restrict,
    /// It is deleted too.
    Cascade,
    /// The foreign key becomes NULL.
    SetNull,
}

/// Rows of another model that belong to a row.
#[derive(Debug)]
pub struct ToManyMeta {
    /// The field, written `Author.books`.
    pub field: &'static str,
    /// By what they belong to it.
    pub via: Via,
}

/// For what a table between two models was made.
#[derive(Clone, Copy, Debug)]
pub struct JunctionMeta {
    /// The field, written `Book.tags`.
    pub field: &'static str,
    /// The table of the field's model.
    pub owner: &'static str,
    /// What the table would be called if names could be of any length. Its
    /// constraints and indexes are called after this.
    pub full_name: &'static str,
}

/// By what rows belong to a row.
#[derive(Clone, Copy, Debug)]
pub enum Via {
    /// Their foreign key.
    ForeignKey {
        /// Which of their columns it is.
        column: u16,
    },
    /// A table of pairs.
    Junction {
        /// The table.
        table: &'static ModelMeta,
        /// Which of its columns has the key of the row.
        owner: u16,
        /// Which has theirs.
        target: u16,
    },
}

/// A model of some rows of its parent's table: single-table inheritance.
#[derive(Clone, Copy, Debug)]
pub struct VariantMeta {
    /// The model of all rows.
    pub parent: &'static ModelMeta,
    /// What the discriminator holds in its rows.
    pub value: &'static str,
}

impl VariantMeta {
    /// The column that holds it.
    pub(crate) fn column(self) -> Option<&'static ColumnMeta> {
        self.parent.columns.get(self.parent.discriminator?)
    }
}

/// A condition that every row of a table must meet.
#[derive(Clone, Copy, Debug)]
pub struct CheckMeta {
    /// The name of the constraint, unless it is called after the table.
    pub name: Option<&'static str>,
    /// The condition in SQL.
    pub condition: &'static str,
}
