use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

use super::column::Column;
use super::condition::Q;
use super::conflict::{ConflictTarget, OnConflict};
use super::insert;
use super::meta::ModelMeta;
use super::model::Model;
use super::node::{ColumnRef, Node, Op};
use super::operand::Operand;
use super::order::Order;
use super::path::Relation;
use super::related::Related;
use super::row_reader::RowReader;
use super::select::{Lock, Select};
use super::selection::{SelectedValues, Selection};
use super::sql::{self, Ask};
use super::update::{Assign, Update};
use super::values::{Values, only, read_rows};
use crate::database::{ColumnType, Rows, Statement};
use crate::{Db, Error, Result};

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
    model: PhantomData<fn() -> M>,
}

/// Narrowing and ordering.
impl<M: Model> QuerySet<M> {
    /// All rows of the model.
    pub fn new() -> Self {
        Self {
            select: Select::new(M::META),
            model: PhantomData,
        }
    }

    pub(super) fn into_select(self) -> Select {
        self.select
    }

    /// Keeps the rows of which the condition is true, besides those before.
    pub fn filter(mut self, condition: Q<M>) -> Self {
        self.select.conditions.push(condition.node);
        self
    }

    /// Drops the rows of which the condition is true.
    ///
    /// Where SQL could not tell, because a value is NULL, the row stays; see
    /// [`Q`].
    pub fn exclude(self, condition: Q<M>) -> Self {
        self.filter(!condition)
    }

    /// Orders the rows, instead of any ordering before.
    pub fn order_by(mut self, order: impl IntoIterator<Item = Order<M>>) -> Self {
        self.select.order = order.into_iter().map(|order| order.term).collect();
        self
    }

    /// Keeps the first rows only.
    pub fn limit(mut self, rows: u64) -> Self {
        self.select.limit = Some(rows);
        self
    }

    /// Leaves out the first rows.
    pub fn offset(mut self, rows: u64) -> Self {
        self.select.offset = Some(rows);
        self
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

    /// Locks the rows, and fails at once where another transaction holds one.
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
    /// own.
    pub fn distinct(mut self) -> Self {
        self.select.is_distinct = true;
        self
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

/// Values instead of rows.
impl<M: Model> QuerySet<M> {
    /// Reads columns, expressions or aggregates instead of whole rows: one as
    /// it is, several as a tuple.
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
        Values::new(self.select, selection)
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
    /// [`is_invalid_query`](Error::is_invalid_query) when something selected is
    /// no aggregate.
    pub fn aggregate<S: Selection<M>>(&self, aggregates: S, db: &Db) -> Result<S::Row> {
        let select = self.select.aggregated(SelectedValues::of(aggregates));
        let rows = db.query_statement(&sql::aggregate(&select)?)?;
        only(read_rows::<M, S>(&rows, &select)?, M::META.table)
    }
}

/// Reading.
impl<M: Model> QuerySet<M> {
    /// The rows.
    ///
    /// # Errors
    ///
    /// When the statement fails, or a value does not fit its field.
    pub fn all(&self, db: &Db) -> Result<Vec<M>> {
        self.rows(Ask::All, db)
    }

    /// The first row, if there is one; by primary key when no ordering is
    /// given.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn first(&self, db: &Db) -> Result<Option<M>> {
        Ok(self.rows(Ask::First, db)?.pop())
    }

    /// The last row, if there is one; by primary key when no ordering is given.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all), and
    /// [`is_invalid_query`](Error::is_invalid_query) for a slice.
    pub fn last(&self, db: &Db) -> Result<Option<M>> {
        self.select.refuse_slice("take the last of the")?;
        let rows = run(&self.select.reversed(), Ask::First, db)?;
        Ok(decode_rows(&rows, &self.select.related())?.pop())
    }

    /// The row with the greatest value in a column, whatever the ordering; one
    /// with NULL only if there is no other.
    ///
    /// # Errors
    ///
    /// As [`last`](Self::last).
    pub fn latest<T>(&self, column: Column<M, T>, db: &Db) -> Result<Option<M>> {
        self.select.refuse_slice("take the latest of the")?;
        self.clone()
            .order_by([column.desc().nulls_last()])
            .first(db)
    }

    /// The row with the smallest value in a column, whatever the ordering; one
    /// with NULL only if there is no other.
    ///
    /// # Errors
    ///
    /// As [`last`](Self::last).
    pub fn earliest<T>(&self, column: Column<M, T>, db: &Db) -> Result<Option<M>> {
        self.select.refuse_slice("take the earliest of the")?;
        self.clone().order_by([column.asc().nulls_last()]).first(db)
    }

    /// The rows with these primary keys, each by its key; keys without a row are
    /// left out.
    ///
    /// # Errors
    ///
    /// As [`last`](Self::last).
    pub fn in_bulk(
        &self,
        keys: impl IntoIterator<Item = M::Key>,
        db: &Db,
    ) -> Result<HashMap<M::Key, M>>
    where
        M::Key: Eq + Hash,
    {
        self.select.refuse_slice("take by their keys the")?;
        let mut operands = vec![Node::Column(ColumnRef::key(M::META))];
        operands.extend(keys.into_iter().map(|key| Operand::value(&key).0));
        if operands.len() == 1 {
            return Ok(HashMap::new());
        }
        let array_oid = M::Key::SQL.array_oid;
        let has_key = Q::new(Node::Op(Op::In { array_oid }, operands));
        let rows = self.clone().filter(has_key).all(db)?;
        Ok(rows
            .into_iter()
            .map(|row| (row.key().clone(), row))
            .collect())
    }

    /// The only row.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) when there is none,
    /// [`is_multiple_objects`](Error::is_multiple_objects) when there are
    /// several, and as [`all`](Self::all).
    pub fn get(&self, db: &Db) -> Result<M> {
        only(self.rows(Ask::Two, db)?, M::META.table)
    }

    /// The only row, as [`get`](Self::get); for handlers, where its absence is
    /// the client's 404 and no fault of the plugin.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_or_404(&self, db: &Db) -> Result<M> {
        self.get(db)
    }

    /// Whether there is any row.
    ///
    /// # Errors
    ///
    /// When the statement fails.
    pub fn exists(&self, db: &Db) -> Result<bool> {
        Ok(!self.run(Ask::Exists, db)?.is_empty())
    }

    /// How many rows there are; of a slice, how many it has.
    ///
    /// # Errors
    ///
    /// When the statement fails.
    pub fn count(&self, db: &Db) -> Result<i64> {
        let rows = self.run(Ask::Count, db)?;
        let row = rows
            .first()
            .ok_or_else(|| Error::not_found(M::META.table))?;
        row.get(0)
    }

    /// The statement that [`all`](Self::all) runs.
    ///
    /// ```
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
    /// let statement = Book::objects().filter(Book::title.eq("Dune")).to_sql()?;
    /// assert_eq!(
    ///     statement.to_string(),
    ///     "-- SELECT (1 parameter)\n\
    ///      SELECT \"id\", \"title\" FROM \"books\" WHERE \"title\" = $1\n\
    ///      --   $1 = 'Dune'"
    /// );
    /// # Ok::<(), plinth::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`is_invalid_query`](Error::is_invalid_query) when the query makes no
    /// sense, and [`is_encode`](Error::is_encode) when Postgres cannot hold a
    /// value in it.
    pub fn to_sql(&self) -> Result<Statement> {
        sql::select(&self.select, Ask::All)
    }

    fn rows(&self, ask: Ask, db: &Db) -> Result<Vec<M>> {
        let rows = self.run(ask, db)?;
        decode_rows(&rows, &self.select.related())
    }

    fn run(&self, ask: Ask, db: &Db) -> Result<Rows> {
        run(&self.select, ask, db)
    }
}

/// Runs a query. Outside of a transaction its locks would be gone before its
/// rows are there.
pub(super) fn run(select: &Select, ask: Ask, db: &Db) -> Result<Rows> {
    if select.lock.is_some() && !db.is_in_transaction() {
        return Err(Error::invalid_query(
            "`for_update` locks rows until the transaction ends; run it in `db.transaction(…)`",
        ));
    }
    db.query_statement(&sql::select(select, ask)?)
}

/// Writing.
impl<M: Model> QuerySet<M> {
    /// Sets columns of all the rows in one statement.
    ///
    /// ```no_run
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub stock: i32 }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let sold = Book::objects()
    ///     .filter(Book::id.eq(7) & Book::stock.gt(0))
    ///     .update([Book::stock.set(Book::stock - 1)])
    ///     .execute(db)?;
    /// # Ok(()) }
    /// ```
    pub fn update(self, assigns: impl IntoIterator<Item = Assign<M>>) -> Update<M> {
        Update::new(self.select, assigns)
    }

    /// Deletes all the rows in one statement and returns values of them.
    ///
    /// # Errors
    ///
    /// As [`delete`](Self::delete), and when a value does not fit its type.
    pub fn delete_returning<S: Selection<M>>(self, selection: S, db: &Db) -> Result<Vec<S::Row>> {
        let mut select = self.select;
        select.values = SelectedValues::of(selection);
        read_rows::<M, S>(&db.query_statement(&sql::delete(&select)?)?, &select)
    }

    /// Deletes all the rows in one statement and returns how many there were.
    ///
    /// # Errors
    ///
    /// When the statement fails, and
    /// [`is_invalid_query`](Error::is_invalid_query) for a slice.
    pub fn delete(self, db: &Db) -> Result<u64> {
        db.execute_statement(&sql::delete(&self.select)?)
    }

    /// The only row, or a new one if there is none; and whether it is new.
    ///
    /// ```no_run
    /// # use plinth::create;
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "tags")]
    /// # pub struct Tag { #[model(key, auto)] pub id: i64, #[model(unique)] pub name: String }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let (tag, is_new) = Tag::objects()
    ///     .filter(Tag::name.eq("novel"))
    ///     .get_or_create(create!(Tag { name: "novel" }), db)?;
    /// # Ok(()) }
    /// ```
    ///
    /// A unique constraint on what is filtered by makes it safe: of two
    /// requests at once one inserts the row and the other finds it.
    ///
    /// # Errors
    ///
    /// [`is_multiple_objects`](Error::is_multiple_objects) when there are
    /// several, [`is_unique_violation`](Error::is_unique_violation) when a row
    /// that the filter does not find is in the way of the new one, and when a
    /// statement fails.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a draft is written in its place"
    )]
    pub fn get_or_create(&self, draft: M::New, db: &Db) -> Result<(M, bool)> {
        get_or_insert(&draft, db, |db| at_most_one(self.rows(Ask::Two, db)?))
    }

    /// Updates the only row, or creates one if there is none; returns it, and
    /// whether it is new.
    ///
    /// As with [`get_or_create`](Self::get_or_create), a unique constraint on
    /// what is filtered by makes it safe. With that, a draft's `on_conflict` does
    /// the same with one statement.
    ///
    /// # Errors
    ///
    /// As [`get_or_create`](Self::get_or_create) and
    /// [`Update::execute`]. After an error nothing is changed; in a transaction,
    /// once that is given up.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a draft is written in its place"
    )]
    pub fn update_or_create(
        self,
        assigns: impl IntoIterator<Item = Assign<M>>,
        draft: M::New,
        db: &Db,
    ) -> Result<(M, bool)> {
        let update = self.update(assigns);
        db.atomic(|db| {
            get_or_insert(&draft, db, |db| {
                at_most_one(update.clone().returning().all(db)?)
            })
        })
    }

    /// Inserts many rows that others may be in the way of: those with the same
    /// values in these columns, of a unique constraint.
    ///
    /// ```no_run
    /// # use plinth::create;
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "tags")]
    /// # pub struct Tag { #[model(key, auto)] pub id: i64, #[model(unique)] pub name: String }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let names = ["novel", "essay", "poem"];
    /// let new = Tag::objects()
    ///     .on_conflict(Tag::name)
    ///     .do_nothing()
    ///     .bulk_create(names.map(|name| create!(Tag { name })), db)?;
    /// # Ok(()) }
    /// ```
    pub fn on_conflict(self, columns: impl ConflictTarget<M>) -> OnConflict<M, ()> {
        OnConflict::new((), columns)
    }

    /// Inserts many rows with few statements, all or none, and returns them in
    /// their order.
    ///
    /// ```no_run
    /// # use plinth::create;
    /// # #[derive(plinth::Model)]
    /// # #[model(table = "tags")]
    /// # pub struct Tag { #[model(key, auto)] pub id: i64, pub name: String }
    /// # fn f(db: &plinth::Db) -> plinth::Result<()> {
    /// let names = ["novel", "essay", "poem"];
    /// let tags = Tag::objects().bulk_create(names.map(|name| create!(Tag { name })), db)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When a statement fails; then no row is inserted. Inside a transaction
    /// that transaction is to be given up, as after any failed statement.
    pub fn bulk_create(self, rows: impl IntoIterator<Item = M::New>, db: &Db) -> Result<Vec<M>> {
        insert::many(&rows.into_iter().collect::<Vec<_>>(), db)
    }
}

/// The row that `find` finds, or else a new one. One that comes in between is
/// found the second time; a row that is in the way and is not found is the
/// error of the last insert.
fn get_or_insert<M: Model>(
    draft: &M::New,
    db: &Db,
    find: impl Fn(&Db) -> Result<Option<M>>,
) -> Result<(M, bool)> {
    if let Some(row) = find(db)? {
        return Ok((row, false));
    }
    if let Some(row) = insert::unless_there(draft, db)? {
        return Ok((row, true));
    }
    match find(db)? {
        Some(row) => Ok((row, false)),
        None => Ok((insert::insert(draft, db)?, true)),
    }
}

fn at_most_one<M: Model>(rows: Vec<M>) -> Result<Option<M>> {
    match rows.is_empty() {
        true => Ok(None),
        false => only(rows, M::META.table).map(Some),
    }
}

/// How many rows to make room for before they turn out to be there.
const CAPACITY_MAX: usize = 1024;

pub(super) fn decode_rows<M: Model>(rows: &Rows, related: &Related) -> Result<Vec<M>> {
    let models = row_models(M::META, related);
    let mut reader = RowReader::new(rows, &models)?;
    let mut decoded = Vec::with_capacity(rows.len().min(CAPACITY_MAX));
    for _ in 0..rows.len() {
        reader.begin_row();
        decoded.push(M::decode(&mut reader, related)?);
    }
    Ok(decoded)
}

/// The models whose columns make up a row.
fn row_models(root: &'static ModelMeta, related: &Related) -> Vec<&'static ModelMeta> {
    let mut models = vec![root];
    models.extend(related.models(root).into_iter().map(|(_, model)| model));
    models
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
            model: PhantomData,
        }
    }
}

impl<M> fmt::Debug for QuerySet<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.select.fmt(f)
    }
}
