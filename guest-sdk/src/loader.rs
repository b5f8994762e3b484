//! Loading by keys that come one at a time, with one statement for many of
//! them.
//!
//! Where the rows come from one query, [`select_related`] and
//! [`prefetch_related`] load what belongs to them, and no loader is needed. A
//! [`DataLoader`] is for keys that come from elsewhere: from a request, from
//! another service, or from code that knows one row and not the others.
//!
//! [`select_related`]: crate::orm::QuerySet::select_related
//! [`prefetch_related`]: crate::orm::QuerySet::prefetch_related

mod deferred;
mod models;
mod queue;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::rc::Rc;

pub use deferred::{Deferred, DeferredMany};

use queue::{Entry, Queue};

use crate::{Db, Error, Result};

/// How many keys a batch has at most, unless
/// [`max_batch_size`](DataLoader::max_batch_size) says otherwise.
const BATCH_SIZE_MAX: usize = 100;

/// Collects keys and loads them together.
///
/// [`load`](Self::load) only notes a key and gives a [`Deferred`]. The first
/// [`get`](Deferred::get) loads all that were noted until then, each once, and
/// what was loaded is kept:
///
/// ```no_run
/// use plinth::prelude::*;
/// # #[derive(Model)]
/// # #[model(table = "authors")]
/// # pub struct Author { #[model(key, auto)] pub id: i64, pub name: String }
///
/// # fn f(db: &Db) -> Result<()> {
/// let authors = DataLoader::by_key(Author::objects(), db);
/// let ursula = authors.load(7);
/// let octavia = authors.load(9);
/// // One statement for both.
/// if let Some(author) = ursula.get()? {
///     log::info!("{}", author.name);
/// }
/// assert!(octavia.get()?.is_some());
/// # Ok(()) }
/// ```
///
/// So ask for everything before you look at the first: a loop that calls `load`
/// and `get` in turn sends a statement each time.
///
/// A loader is made for a request and ends with it, because it keeps what it
/// has loaded: it borrows a [`Db`], and cannot go to another thread or into a
/// `static`. In a transaction make one of the transaction's own `Db`.
pub struct DataLoader<'a, K, V> {
    db: &'a Db,
    batch: Batch<'a, K, V>,
    batch_size_max: usize,
    keeps: bool,
    queue: RefCell<Queue<K, V>>,
}

/// What loads the values of some keys, in the keys' order.
type Batch<'a, K, V> = Box<dyn Fn(&[K], &Db) -> Result<Vec<V>> + 'a>;

/// Making one.
impl<'a, K, V> DataLoader<'a, K, V> {
    /// A loader with a batch function of its own, which gives for some different
    /// keys as many values in the same order.
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # fn f(db: &Db) -> Result<()> {
    /// let slugs = DataLoader::new(db, |titles: &[String], db| {
    ///     let sql = "SELECT slugify(t) FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n";
    ///     db.query(sql, &[&titles.to_vec()])?.iter().map(|row| row.get::<String>(0)).collect()
    /// });
    /// let titles = slugs.load_many(["The Dispossessed".to_owned(), "Kindred".to_owned()]);
    /// let slugs: Vec<String> = titles.get()?;
    /// # Ok(()) }
    /// ```
    ///
    /// The keys are parameters; nothing of them belongs into the text.
    /// [`from_map`](DataLoader::from_map) is for keys of which some may have no
    /// value.
    pub fn new(db: &'a Db, batch: impl Fn(&[K], &Db) -> Result<Vec<V>> + 'a) -> Self {
        Self {
            db,
            batch: Box::new(batch),
            batch_size_max: BATCH_SIZE_MAX,
            keeps: true,
            queue: RefCell::default(),
        }
    }

    /// Loads at most so many keys at once, instead of 100: more are loaded by
    /// several calls of the batch function. At least one.
    #[must_use]
    pub fn max_batch_size(mut self, keys: usize) -> Self {
        self.batch_size_max = keys.max(1);
        self
    }

    /// Keeps nothing: a key is loaded again when it is asked for after its
    /// batch. Within a batch it still comes once.
    #[must_use]
    pub fn without_cache(mut self) -> Self {
        self.keeps = false;
        self
    }
}

impl<'a, K: Eq + Hash, V> DataLoader<'a, K, Option<V>> {
    /// A loader with a batch function that gives a map of what it found; a key
    /// that is not in it is `None`.
    ///
    /// ```no_run
    /// # use std::collections::HashMap;
    /// # use plinth::prelude::*;
    /// # fn f(db: &Db) -> Result<()> {
    /// let ratings = DataLoader::from_map(db, |books: &[i64], db| {
    ///     let sql = "SELECT book_id, avg(rating) FROM reviews WHERE book_id = ANY($1) GROUP BY 1";
    ///     let rows = db.query(sql, &[&books.to_vec()])?;
    ///     rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    /// });
    /// let rating: Option<Decimal> = ratings.load(7).get()?;
    /// # Ok(()) }
    /// ```
    pub fn from_map(db: &'a Db, batch: impl Fn(&[K], &Db) -> Result<HashMap<K, V>> + 'a) -> Self {
        Self::new(db, move |keys, db| {
            let mut found = batch(keys, db)?;
            Ok(keys.iter().map(|key| found.remove(key)).collect())
        })
    }
}

/// Asking it.
impl<'a, K: Eq + Hash + Clone, V: Clone> DataLoader<'a, K, V> {
    /// Notes a key; its value is loaded when it or another is asked for.
    pub fn load(&self, key: K) -> Deferred<'_, 'a, K, V> {
        let entry = self.queue.borrow_mut().entry(key);
        Deferred::new(self, entry)
    }

    /// Notes several keys, whose values come in their order.
    pub fn load_many(&self, keys: impl IntoIterator<Item = K>) -> DeferredMany<'_, 'a, K, V> {
        let each = keys.into_iter().map(|key| self.load(key));
        DeferredMany::new(each.collect())
    }

    /// Puts in a value that is known already, so that its key is not loaded: also
    /// for those who wait for it. A value that is there stays;
    /// [`clear`](Self::clear) it before.
    ///
    /// What is put in while a transaction is open is forgotten if that is
    /// undone.
    pub fn prime(&self, key: K, value: V) {
        self.queue.borrow_mut().prime(key, value, self.keeps);
    }

    /// Forgets the value of a key, such as after a change, so that the next
    /// [`load`](Self::load) loads it again. Whoever has asked for it before gets
    /// what was loaded then.
    pub fn clear(&self, key: &K) {
        self.queue.borrow_mut().clear(key);
    }

    /// Forgets all values.
    pub fn clear_all(&self) {
        self.queue.borrow_mut().clear_all();
    }

    /// Loads the keys that are waiting now. While the batch function runs nothing
    /// is borrowed, so that it may use this loader and others.
    fn send(&self) {
        let mut left = self.queue.borrow().waiting();
        while left > 0 {
            let size = left.min(self.batch_size_max);
            let (keys, entries) = self.queue.borrow_mut().take(size);
            // A batch function that asks this loader may have loaded the rest.
            if keys.is_empty() {
                return;
            }
            left -= keys.len();
            let values = (self.batch)(&keys, self.db);
            let values = values.and_then(|values| check_length(&keys, values));
            if !self.keeps || values.is_err() {
                self.queue.borrow_mut().forget(&keys, &entries);
            }
            settle(&entries, values);
        }
    }
}

/// Tells everybody who asked for one of the keys.
fn settle<V: Clone>(entries: &[Rc<Entry<V>>], values: Result<Vec<V>>) {
    match values {
        Ok(values) => {
            for (entry, value) in entries.iter().zip(values) {
                entry.settle(Ok(value));
            }
        }
        Err(error) => {
            for entry in entries {
                entry.settle(Err(error.clone()));
            }
        }
    }
}

/// A list of another length cannot be told apart by position, so nobody gets
/// anything of it.
fn check_length<K, V>(keys: &[K], values: Vec<V>) -> Result<Vec<V>> {
    if values.len() == keys.len() {
        return Ok(values);
    }
    let (expected, got) = (keys.len(), values.len());
    Err(Error::other(format!(
        "the batch function of a `DataLoader` returned {got} values for {expected} keys; \
         it has to return one for each, in the order of the keys"
    )))
}

impl<K, V> fmt::Debug for DataLoader<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataLoader")
            .field("db", &self.db)
            .field("batch_size_max", &self.batch_size_max)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
