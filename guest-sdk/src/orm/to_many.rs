use std::fmt;

use super::aggregate::{Aggregate, count};
use super::condition::Q;
use super::expression::Expr;
use super::meta::{ToManyMeta, Via};
use super::model::Model;
use super::node::{ColumnRef, Node, Op};
use super::order::Order;
use super::path::{Relation, RelationPath};
use super::query_set::QuerySet;
use super::related_rows::RelatedRows;
use super::select::{Deleted, Select};
use super::selection::SelectedValues;
use crate::database::ColumnType;

/// The rows of `T` that belong to a row of `Root`: what `Author::books()` is
/// for a field `books: Many<Book>`.
///
/// It asks about those rows in a query for others, with one subquery and no
/// JOIN, so that no row comes twice:
///
/// ```
/// # use plinth::prelude::*;
/// # #[derive(Model)]
/// # #[model(table = "authors")]
/// # pub struct Author {
/// #     #[model(key, auto)] pub id: i64, #[model(reverse = author)] pub books: Many<Book>
/// # }
/// # #[derive(Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32, pub author: ForeignKey<Author> }
/// let in_stock = Author::books().filter(Book::stock.gt(0));
/// let authors = Author::objects()
///     .filter(in_stock.any())
///     .annotate(Author::books().count());
/// assert_eq!(
///     authors.to_sql()?.sql(),
///     "SELECT t0.\"id\", (SELECT COUNT(*) FROM \"books\" AS t1 WHERE t1.\"author_id\" = t0.\"id\") \
///      FROM \"authors\" AS t0 WHERE EXISTS (SELECT 1 FROM \"books\" AS t1 \
///      WHERE t1.\"stock\" > $1 AND t1.\"author_id\" = t0.\"id\")"
/// );
/// # Ok::<(), plinth::Error>(())
/// ```
///
/// [`QuerySet::prefetch_related`] takes one, too, and loads its rows.
#[must_use = "a relation does nothing until a query uses it"]
pub struct ToMany<Root, T> {
    owner: ColumnRef,
    meta: &'static ToManyMeta,
    /// Which rows of the model between.
    ties: Deleted,
    pub(super) rows: QuerySet<T>,
    pub(super) field: Option<Field<Root, T>>,
}

/// Where a row has room for the rows that belong to it.
type Field<Root, T> = fn(&mut Root) -> &mut RelatedRows<T>;

impl<Root, T: Model> ToMany<Root, T> {
    /// The relation of the query's own model, whose rows are loaded into a
    /// field.
    #[doc(hidden)]
    pub fn new<M: Model>(index: usize, field: Field<Root, T>) -> Self {
        Self {
            field: Some(field),
            ..Self::over::<M>(RelationPath::ROOT, index)
        }
    }

    /// The relation of a model `M` at the end of a path.
    pub(super) fn over<M: Model>(path: RelationPath, index: usize) -> Self {
        Self {
            owner: ColumnRef {
                path,
                ..ColumnRef::key(M::META)
            },
            meta: &M::META.to_many[index],
            ties: Deleted::Hidden,
            rows: QuerySet::new(),
            field: None,
        }
    }

    /// Keeps those of which the condition is true.
    pub fn filter(self, condition: Q<T>) -> Self {
        self.map(|rows| rows.filter(condition))
    }

    /// Drops those of which the condition is true.
    pub fn exclude(self, condition: Q<T>) -> Self {
        self.map(|rows| rows.exclude(condition))
    }

    /// Orders them, for [`QuerySet::prefetch_related`].
    pub fn order_by(self, order: impl IntoIterator<Item = Order<T>>) -> Self {
        self.map(|rows| rows.order_by(order))
    }

    /// Loads what their foreign keys point to, for
    /// [`QuerySet::prefetch_related`].
    pub fn select_related(self, relation: impl Relation<T>) -> Self {
        self.map(|rows| rows.select_related(relation))
    }

    /// Loads what belongs to each of them in turn, for
    /// [`QuerySet::prefetch_related`].
    pub fn prefetch_related<N: Model>(self, relation: ToMany<T, N>) -> Self {
        self.map(|rows| rows.prefetch_related(relation))
    }

    /// Those of removed ties too, where the model between has
    /// [soft deletion](super::SoftDelete):
    ///
    /// ```
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book {
    /// #     #[model(key, auto)] pub id: i64,
    /// #     #[model(through = BookTag(book, tag))] pub tags: ManyToMany<Tag>
    /// # }
    /// # #[derive(Model)]
    /// # #[model(table = "tags")]
    /// # pub struct Tag { #[model(key, auto)] pub id: i64 }
    /// # #[derive(Model)]
    /// # #[model(table = "book_tags")]
    /// # pub struct BookTag {
    /// #     #[model(key, auto)] pub id: i64,
    /// #     pub book: ForeignKey<Book>, pub tag: ForeignKey<Tag>,
    /// #     #[model(soft_delete)] pub removed_at: Option<Timestamp>
    /// # }
    /// let once_tagged = Book::objects().filter(Book::tags().with_removed_ties().any());
    /// assert_eq!(
    ///     once_tagged.to_sql()?.sql(),
    ///     "SELECT t0.\"id\" FROM \"books\" AS t0 WHERE EXISTS (SELECT 1 \
    ///      FROM \"book_tags\" AS t1 WHERE t1.\"book_id\" = t0.\"id\")"
    /// );
    /// # Ok::<(), plinth::Error>(())
    /// ```
    ///
    /// Where no ties are kept, the query is an error:
    /// [`is_invalid_query`](crate::Error::is_invalid_query).
    pub fn with_removed_ties(self) -> Self {
        Self {
            ties: Deleted::Included,
            ..self
        }
    }

    /// Those whose tie was removed, and no others; see
    /// [`with_removed_ties`](Self::with_removed_ties).
    pub fn only_removed_ties(self) -> Self {
        Self {
            ties: Deleted::Only,
            ..self
        }
    }

    /// Whether there is any: `EXISTS`.
    pub fn any(self) -> Q<Root> {
        let query = Node::Query(Box::new(self.correlated()));
        Q::new(Node::unary(Op::Exists, query))
    }

    /// How many there are.
    pub fn count(self) -> Expr<Root, i64> {
        self.aggregate(count())
    }

    /// An aggregate of them: `Author::books().aggregate(sum(Book::stock))`.
    pub fn aggregate<V: ColumnType>(self, aggregate: Aggregate<T, V>) -> Expr<Root, V> {
        let mut values = SelectedValues::of(aggregate);
        let prefix = self.via().prefix;
        for value in &mut values {
            value.node.move_under(prefix);
        }
        let mut select = self.correlated();
        select.values = values;
        Expr::new(Node::Query(Box::new(select)))
    }

    /// Those that belong to the row of the query around.
    fn correlated(&self) -> Select {
        let (mut select, Rows { owner, .. }) = self.select();
        let owner = Node::Column(owner);
        let equal = Node::binary(Op::Eq, owner, Node::Outer(self.owner));
        select.conditions.push(equal);
        select.order.clear();
        select
    }

    /// The rows and what they are found by, as a query for which the caller
    /// says whose rows it wants.
    pub(super) fn select(&self) -> (Select, Rows) {
        let rows = self.via();
        let mut select = self.rows.as_select().clone();
        if let Via::Junction { table, .. } = self.meta.via {
            select.move_under(table, rows.prefix);
        }
        if self.ties != Deleted::Hidden {
            select.deleted = self.kept_ties();
        }
        (select, rows)
    }

    /// Which ties are asked about, if any are kept once they are removed.
    fn kept_ties(&self) -> Deleted {
        match self.meta.via {
            Via::Junction { table, .. } if table.soft_delete.is_some() => self.ties,
            _ => Deleted::NoTies,
        }
    }

    pub(super) fn via(&self) -> Rows {
        Rows::of(self.meta)
    }

    pub(super) fn map(self, change: impl FnOnce(QuerySet<T>) -> QuerySet<T>) -> Self {
        Self {
            rows: change(self.rows),
            ..self
        }
    }
}

/// Where the rows of a relation are, in a query for them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    /// The key of the row they belong to.
    pub(super) owner: ColumnRef,
    /// From the query's table to theirs.
    pub(super) prefix: RelationPath,
}

impl Rows {
    pub(super) fn of(meta: &'static ToManyMeta) -> Self {
        match meta.via {
            Via::ForeignKey { column } => Self {
                owner: ColumnRef::own(column),
                prefix: RelationPath::ROOT,
            },
            Via::Junction {
                table,
                owner,
                target,
            } => Self {
                owner: ColumnRef::own(owner),
                prefix: table.path_over(target),
            },
        }
    }
}

impl<M: Model> QuerySet<M> {
    /// Loads the rows that belong to each row, with one more statement: Django's
    /// `prefetch_related`, its `Prefetch` object included. They are then found
    /// in their field, by [`RelatedRows::get`](super::RelatedRows::get).
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "authors")]
    /// # pub struct Author {
    /// #     #[model(key, auto)] pub id: i64, #[model(reverse = author)] pub books: Many<Book>
    /// # }
    /// # #[derive(Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book {
    /// #     #[model(key, auto)] pub id: i64, pub title: String, pub stock: i32,
    /// #     pub author: ForeignKey<Author>, pub tags: ManyToMany<Tag>
    /// # }
    /// # #[derive(Model)]
    /// # #[model(table = "tags")]
    /// # pub struct Tag { #[model(key, auto)] pub id: i64, pub name: String }
    /// # fn f(db: &Db) -> Result<()> {
    /// let in_stock = Author::books()
    ///     .filter(Book::stock.gt(0))
    ///     .order_by([Book::title.asc()])
    ///     .prefetch_related(Book::tags());
    /// for author in Author::objects().prefetch_related(in_stock).all(db)? {
    ///     for book in author.books.get()? {
    ///         let tags = book.tags.get()?;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// These are three statements, however many rows there are. They are for
    /// whole rows alone: before [`values`](Self::values),
    /// [`annotate`](Self::annotate), [`union`](Self::union) and what else would come
    /// without, it is refused when the query is run. So is loading a field twice.
    pub fn prefetch_related<T: Model>(mut self, relation: ToMany<M, T>) -> Self {
        self.push_prefetch(relation.meta.field, relation);
        self
    }
}

impl<Root, T> Clone for ToMany<Root, T> {
    fn clone(&self) -> Self {
        Self {
            rows: self.rows.clone(),
            ..*self
        }
    }
}

impl<Root, T> fmt::Debug for ToMany<Root, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(self.meta.field).field(&self.rows).finish()
    }
}
