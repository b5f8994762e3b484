//! The fields that hold the rows which belong to a row.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use super::field::IntoField;
use super::foreign_key::ForeignKey;
use super::junction;
use super::meta::{ToManyMeta, Via};
use super::model::Model;
use super::node::{ColumnRef, Node, Op};
use super::query_set::QuerySet;
use super::select::Select;
use super::selection::Selected;
use super::value::Value;
use crate::database::ColumnType;
use crate::{Db, Error, Result};

/// The rows of `T` whose foreign key points to this row: the other side of a
/// [`ForeignKey`], which Django names by `related_name`, and no column.
///
/// ```no_run
/// use plinth::prelude::*;
///
/// #[derive(Model)]
/// #[model(table = "authors")]
/// pub struct Author {
///     #[model(key, auto)]
///     pub id: i64,
///     #[model(reverse = author)]
///     pub books: Many<Book>,
/// }
///
/// #[derive(Model)]
/// #[model(table = "books")]
/// pub struct Book {
///     #[model(key, auto)]
///     pub id: i64,
///     pub title: String,
///     pub author: ForeignKey<Author>,
/// }
///
/// # fn f(db: &Db) -> Result<()> {
/// let author = Author::objects().filter(Author::id.eq(7)).get(db)?;
/// let titles = author.books.objects()?.values(Book::title).all(db)?;
/// # Ok(()) }
/// ```
///
/// [`prefetch_related`](QuerySet::prefetch_related) loads them for many rows at
/// once. As JSON it is the rows that are loaded, and `null` when none were
/// asked for.
pub struct Many<T>(RelatedRows<T>);

/// The rows of `T` that are tied to this row, and it to them, by rows of a
/// table between the two: Django's `ManyToManyField`, and no column.
///
/// ```no_run
/// use plinth::prelude::*;
///
/// #[derive(Model)]
/// #[model(table = "books")]
/// pub struct Book {
///     #[model(key, auto)]
///     pub id: i64,
///     /// In the table `books_tags`.
///     pub tags: ManyToMany<Tag>,
/// }
///
/// #[derive(Model)]
/// #[model(table = "tags")]
/// pub struct Tag {
///     #[model(key, auto)]
///     pub id: i64,
///     pub name: String,
/// }
///
/// # fn f(db: &Db) -> Result<()> {
/// let book = Book::objects().filter(Book::id.eq(7)).get(db)?;
/// let novel = Tag::objects().filter(Tag::name.eq("novel")).get(db)?;
/// book.tags.add([&novel], db)?;
/// assert_eq!(book.tags.objects()?.count(db)?, 1);
/// # Ok(()) }
/// ```
///
/// The table between is made with the model's own. It is called after the
/// table and the field, or what `#[model(table = "…")]` on the field says; the
/// model of `#[model(through = BookTag(book, tag))]`, with its foreign keys in
/// parentheses, takes its place where the tie has columns of its own.
pub struct ManyToMany<T>(RelatedRows<T>);

/// What both have in common.
pub struct RelatedRows<T> {
    /// Absent when the row did not come from the database.
    owner: Option<Owner>,
    loaded: Option<Vec<T>>,
}

/// The row that others belong to.
#[derive(Clone, Debug)]
struct Owner {
    key: Value,
    meta: &'static ToManyMeta,
}

impl<T> RelatedRows<T> {
    /// The rows.
    ///
    /// # Errors
    ///
    /// [`is_not_loaded`](Error::is_not_loaded) when the query did not load
    /// them.
    pub fn get(&self) -> Result<&[T]> {
        let field = self
            .owner
            .as_ref()
            .map_or("the rows", |owner| owner.meta.field);
        self.loaded().ok_or_else(|| Error::not_prefetched(field))
    }

    /// The rows, if the query loaded them.
    #[must_use]
    pub fn loaded(&self) -> Option<&[T]> {
        self.loaded.as_deref()
    }

    pub(super) fn set_loaded(&mut self, rows: Vec<T>) {
        self.loaded = Some(rows);
    }

    /// Takes over the rows that were loaded before.
    #[doc(hidden)]
    pub fn keep(&mut self, before: &mut Self) {
        self.loaded = before.loaded.take();
    }

    pub(super) fn owner_key(&self) -> Result<&Value> {
        Ok(&self.owner()?.key)
    }

    fn owner(&self) -> Result<&Owner> {
        self.owner.as_ref().ok_or_else(|| {
            Error::invalid_query(
                "rows are asked for that belong to a row which is not from the database; \
                 insert it first",
            )
        })
    }
}

impl<T: Model> RelatedRows<T> {
    /// A query for the rows: Django's `author.book_set`.
    ///
    /// # Errors
    ///
    /// [`is_invalid_query`](Error::is_invalid_query) when the row they belong
    /// to did not come from the database.
    pub fn objects(&self) -> Result<QuerySet<T>> {
        let owner = self.owner()?;
        let is_owner = |column| {
            let column = Node::Column(ColumnRef::own(column));
            Node::binary(Op::Eq, column, Node::Value(owner.key.clone()))
        };
        let condition = match owner.meta.via {
            Via::ForeignKey { column } => is_owner(column),
            Via::Junction {
                table,
                owner,
                target,
            } => {
                let mut ties = Select::new(table);
                ties.conditions.push(is_owner(owner));
                ties.values.push(Selected::own(table, target));
                let key = Node::Column(ColumnRef::key(T::META));
                Node::binary(Op::InQuery, key, Node::Query(Box::new(ties)))
            }
        };
        Ok(QuerySet::with_condition(condition))
    }
}

impl<T> Many<T> {
    /// What `#[derive(Model)]` fills the field with.
    #[doc(hidden)]
    pub fn of<K: ColumnType>(key: &K, meta: &'static ToManyMeta) -> Self {
        Self(RelatedRows::of(key, meta))
    }

    #[doc(hidden)]
    pub fn rows_mut(&mut self) -> &mut RelatedRows<T> {
        &mut self.0
    }
}

impl<T: Model> ManyToMany<T> {
    /// What `#[derive(Model)]` fills the field with.
    #[doc(hidden)]
    pub fn of<K: ColumnType>(key: &K, meta: &'static ToManyMeta) -> Self {
        Self(RelatedRows::of(key, meta))
    }

    #[doc(hidden)]
    pub fn rows_mut(&mut self) -> &mut RelatedRows<T> {
        &mut self.0
    }

    /// Ties rows to this one, by themselves or by their keys, and returns how
    /// many were not yet; of those that a trigger of the table between leaves out,
    /// none is counted.
    ///
    /// Of a model between that has [soft deletion](super::SoftDelete), a tie that
    /// was removed comes back. That a tie is there already is told by the model's
    /// unique constraint of the two foreign keys, `unique(book, tag)`; without
    /// one it is there twice.
    ///
    /// # Errors
    ///
    /// When the statement fails, such as because a row is not there; and
    /// [`is_invalid_query`](Error::is_invalid_query) when the row did not come
    /// from the database.
    pub fn add<K>(&self, rows: impl IntoIterator<Item = K>, db: &Db) -> Result<u64>
    where
        K: IntoField<ForeignKey<T>>,
    {
        let owner = self.0.owner()?;
        junction::add(owner.meta, &owner.key, &keys(rows), db)
    }

    /// Unties rows from this one, and returns how many were tied to it.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn remove<K>(&self, rows: impl IntoIterator<Item = K>, db: &Db) -> Result<u64>
    where
        K: IntoField<ForeignKey<T>>,
    {
        let owner = self.0.owner()?;
        junction::remove(owner.meta, &owner.key, &keys(rows), db)
    }

    /// Unties all rows from this one, and returns how many there were.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn clear(&self, db: &Db) -> Result<u64> {
        let owner = self.0.owner()?;
        junction::clear(owner.meta, &owner.key, db)
    }

    /// Ties these rows to this one and no others.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add). After an error nothing is changed; in a
    /// transaction, once that is given up.
    pub fn set<K>(&self, rows: impl IntoIterator<Item = K>, db: &Db) -> Result<()>
    where
        K: IntoField<ForeignKey<T>>,
    {
        let (owner, rows) = (self.0.owner()?, keys(rows));
        junction::join_or_begin(owner.meta, db, |db| {
            junction::keep(owner.meta, &owner.key, &rows, db)?;
            junction::add(owner.meta, &owner.key, &rows, db).map(drop)
        })
    }
}

fn keys<T: Model, K: IntoField<ForeignKey<T>>>(rows: impl IntoIterator<Item = K>) -> Vec<Value> {
    let keys = rows.into_iter().map(IntoField::into_field);
    keys.map(|key: ForeignKey<T>| Value::new(key.key()))
        .collect()
}

impl<T> RelatedRows<T> {
    fn of<K: ColumnType>(key: &K, meta: &'static ToManyMeta) -> Self {
        Self {
            owner: Some(Owner {
                key: Value::new(key),
                meta,
            }),
            loaded: None,
        }
    }
}

macro_rules! fields {
    ($($Field:ident)*) => {$(
        impl<T> Deref for $Field<T> {
            type Target = RelatedRows<T>;

            fn deref(&self) -> &RelatedRows<T> {
                &self.0
            }
        }

        impl<T> Default for $Field<T> {
            fn default() -> Self {
                Self(RelatedRows {
                    owner: None,
                    loaded: None,
                })
            }
        }

        impl<T: Clone> Clone for $Field<T> {
            fn clone(&self) -> Self {
                Self(RelatedRows {
                    owner: self.0.owner.clone(),
                    loaded: self.0.loaded.clone(),
                })
            }
        }

        impl<T: fmt::Debug> fmt::Debug for $Field<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<T: Serialize> Serialize for $Field<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.loaded.serialize(serializer)
            }
        }
    )*};
}

fields! { Many ManyToMany }

impl<T: fmt::Debug> fmt::Debug for RelatedRows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.loaded {
            Some(rows) => rows.fmt(f),
            None => f.write_str("not loaded"),
        }
    }
}
