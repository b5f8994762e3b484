mod by_column;
mod operation;
mod read;
mod write;

use std::fmt;
use std::rc::Rc;

use super::condition::Q;
use super::model::Model;
use super::node::Node;
use super::order::Order;
use super::path::Relation;
use super::prefetch::Prefetch;
use super::select::{Lock, Select};
use super::selection::{SelectedValues, Selection};
use super::sql;
use super::values::{Values, only, read_rows};
use crate::{Db, Result};

pub(super) use operation::{count, exists, operation};
pub(super) use read::{decode_rows, run};

/// A query for rows of `M`: Django's query set.
///
/// `Book::objects()` is all books; each method narrows or orders them and
/// gives a new query set. The methods that take a `&Db` run it, once each.
///
/// ```no_run
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub pages: i32 }
/// # fn f(db: &plinth::Db) -> plinth::Result<()> {
/// let long = Book::objects().filter(Book::pages.gte(500));
/// let count = long.count(db)?;
/// let first_page = long.order_by([Book::title.asc()]).limit(30).all(db)?;
/// # Ok(()) }
/// ```
#[must_use = "a query set does nothing until one of its methods takes a `&Db`"]
pub struct QuerySet<M> {
    select: Select,
    prefetches: Vec<Rc<dyn Prefetch<M>>>,
}

/// Narrowing and ordering.
impl<M: Model> QuerySet<M> {
    /// All rows of the model.
    pub fn new() -> Self {
        Self {
            select: Select::new(M::META),
            prefetches: Vec::new(),
        }
    }

    pub(super) fn with_condition(condition: Node) -> Self {
        Self::new().with_conditions(vec![condition])
    }

    /// The same with other conditions, of which all rows are kept.
    pub(super) fn with_conditions(mut self, conditions: Vec<Node>) -> Self {
        self.select = Select {
            conditions,
            limit: None,
            offset: None,
            distinct_on: Vec::new(),
            ..self.select
        };
        self
    }

    pub(super) fn as_select_mut(&mut self) -> &mut Select {
        &mut self.select
    }

    pub(super) fn as_select(&self) -> &Select {
        &self.select
    }

    /// Loads the rows of a field too.
    pub(super) fn push_prefetch(
        &mut self,
        field: &'static str,
        relation: impl Prefetch<M> + 'static,
    ) {
        self.select.prefetch(field);
        self.prefetches.push(Rc::new(relation));
    }

    /// Loads what belongs to the rows.
    pub(super) fn prefetch(&self, rows: &mut [M], db: &Db) -> Result<()> {
        prefetch(&self.prefetches, rows, db)
    }

    pub(super) fn map_select(mut self, change: impl FnOnce(&mut Select)) -> Self {
        change(&mut self.select);
        self
    }

    pub(super) fn into_select(self) -> Select {
        self.select
    }

    /// The query for a method that gives no whole rows, or gives them without what
    /// is to be prefetched.
    pub(super) fn into_select_for(mut self, method: &'static str) -> Select {
        self.select.behind_prefetches(method);
        self.select
    }

    /// Keeps the rows of which the condition is true, besides those before.
    ///
    /// Behind a [`limit`](Self::limit) or an [`offset`](Self::offset) it would be
    /// of all rows and not of those that are left, as would be what else
    /// narrows or orders; then the query is refused when it is run.
    pub fn filter(self, condition: Q<M>) -> Self {
        self.map_select(|select| select.keep("filter", condition.node))
    }

    /// Drops the rows of which the condition is true.
    ///
    /// Where SQL could not tell, because a value is NULL, the row stays; see
    /// [`Q`].
    pub fn exclude(self, condition: Q<M>) -> Self {
        self.map_select(|select| select.keep("exclude", (!condition).node))
    }

    /// No rows: Django's `none`, for what would otherwise be an `Option` of a
    /// query set.
    pub fn none(self) -> Self {
        self.map_select(|select| select.keep("none", Q::<M>::any([]).node))
    }

    /// Orders the rows, instead of any ordering before.
    pub fn order_by(self, order: impl IntoIterator<Item = Order<M>>) -> Self {
        let order = order.into_iter().map(|order| order.term).collect();
        self.map_select(|select| select.order_by(order))
    }

    /// Keeps the first rows only: Django's `[:rows]`. Of two limits the smaller
    /// holds.
    pub fn limit(self, rows: u64) -> Self {
        self.map_select(|select| select.limit(rows))
    }

    /// Leaves out the first rows: Django's `[rows:]`. It may stand before a limit
    /// or behind it, which is the same, as in SQL; a second one is refused.
    pub fn offset(self, rows: u64) -> Self {
        self.map_select(|select| select.offset(rows))
    }

    /// Locks the rows that are read until the transaction ends: Django's
    /// `select_for_update`. Rows that another transaction holds are waited for.
    ///
    /// ```no_run
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "jobs")]
    /// # pub struct Job { #[model(key, auto)] pub id: i64, pub done: bool }
    /// # fn f(mut db: plinth::Db) -> plinth::Result<()> {
    /// db.transaction(|tx| {
    ///     let next = Job::objects().filter(!Job::done).for_update().skip_locked();
    ///     if let Some(job) = next.first(tx)? {
    ///         Job::objects().filter(Job::id.eq(job.id)).update([Job::done.set(true)]).execute(tx)?;
    ///     }
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// Outside of a transaction such a query is refused. Rows loaded with
    /// [`select_related`](Self::select_related) are not locked.
    pub fn for_update(self) -> Self {
        self.lock(Lock::Wait)
    }

    /// Locks the rows, and fails at once where another transaction holds one:
    /// [`is_locked`](crate::Error::is_locked).
    pub fn nowait(self) -> Self {
        self.lock(Lock::NoWait)
    }

    /// Locks the rows, and leaves out those that another transaction holds.
    pub fn skip_locked(self) -> Self {
        self.lock(Lock::SkipLocked)
    }

    fn lock(mut self, lock: Lock) -> Self {
        self.select.lock = Some(lock);
        self
    }

    /// Drops rows that are like another. It matters for the
    /// [`values`](Self::values) of rows, for whole rows have a key of their
    /// own: none is like another, and nothing is written for it.
    pub fn distinct(self) -> Self {
        self.map_select(Select::distinct)
    }

    /// Keeps of the rows that agree in some columns or expressions the first,
    /// as the query is ordered: `DISTINCT ON`, Django's `distinct("field")`.
    ///
    /// ```
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub author_id: i64, pub year: i32 }
    /// let newest_of_each = Book::objects()
    ///     .distinct_on(Book::author_id)
    ///     .order_by([Book::author_id.asc(), Book::year.desc()]);
    /// assert_eq!(
    ///     newest_of_each.to_sql()?.sql(),
    ///     "SELECT DISTINCT ON (\"author_id\") \"id\", \"author_id\", \"year\" FROM \"books\" \
    ///      ORDER BY \"author_id\" ASC, \"year\" DESC"
    /// );
    /// # Ok::<(), plinth::Error>(())
    /// ```
    ///
    /// An ordering has to begin with them.
    pub fn distinct_on(self, columns: impl Selection<M>) -> Self {
        let columns = SelectedValues::nodes_of(columns);
        self.map_select(|select| select.distinct_on(columns))
    }

    /// Loads the row that a foreign key points to with the same statement; it
    /// is then found by [`ForeignKey::get`](super::ForeignKey::get).
    ///
    /// Call it once for each relation. `Book::author().publisher()` loads the
    /// author too.
    pub fn select_related(mut self, relation: impl Relation<M>) -> Self {
        self.select.loads.push(relation.path());
        self
    }
}

/// What to do where no rows are read that could be locked.
pub(super) const LOCK_ROWS: &str = "it locks no rows; lock them with `all`, or leave out the lock";

/// Loads relations of rows.
fn prefetch<M>(relations: &[Rc<dyn Prefetch<M>>], rows: &mut [M], db: &Db) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut relations = relations.iter();
    relations.try_for_each(|relation| relation.load(rows, db))
}

/// Values instead of rows.
impl<M: Model> QuerySet<M> {
    /// Reads columns, expressions or aggregates instead of whole rows, one as
    /// it is, several as a tuple: Django's `values_list`.
    ///
    /// Where aggregates stand beside plain columns, there is one row for each
    /// different combination of those.
    ///
    /// ```no_run
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book {
    /// #     #[model(key, auto)] pub id: i64, pub title: String, pub author_id: i64, pub stock: i32
    /// # }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// use plinth::orm::{count, sum};
    ///
    /// let titles: Vec<String> = Book::objects().values(Book::title).all(db)?;
    /// let by_author: Vec<(i64, i64, Option<i64>)> = Book::objects()
    ///     .values((Book::author_id, count(), sum(Book::stock)))
    ///     .order_by([count().desc()])
    ///     .all(db)?;
    /// # Ok(()) }
    /// ```
    ///
    /// A column of a row that can be missing, because it is reached over a
    /// foreign key that can be NULL, is written with
    /// [`optional`](super::Column::optional).
    pub fn values<S: Selection<M>>(self, selection: S) -> Values<M, S> {
        Values::new(self.into_select_for("values"), selection)
    }

    /// One row of aggregates over all the rows; of a slice, over those in it.
    ///
    /// ```no_run
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32 }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// use plinth::orm::{count, max};
    ///
    /// let (books, most) = Book::objects().aggregate((count(), max(Book::stock)), db)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When the statement fails, and
    /// [`is_invalid_query`](crate::Error::is_invalid_query) when something selected is
    /// no aggregate, or rows are to be locked.
    pub fn aggregate<S: Selection<M>>(&self, aggregates: S, db: &Db) -> Result<S::Row> {
        self.select.refuse_lock("aggregate", LOCK_ROWS)?;
        let select = self.select.aggregated(SelectedValues::of(aggregates));
        let rows = db.read(M::META, &sql::aggregate(&select)?)?;
        only(read_rows::<M, S>(&rows, &select)?, M::META.table)
    }
}

impl<M: Model> Default for QuerySet<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> Clone for QuerySet<M> {
    fn clone(&self) -> Self {
        Self {
            select: self.select.clone(),
            prefetches: self.prefetches.clone(),
        }
    }
}

impl<M> fmt::Debug for QuerySet<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.select.fmt(f)
    }
}
