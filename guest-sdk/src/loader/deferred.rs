use std::fmt;
use std::hash::Hash;
use std::rc::Rc;

use super::DataLoader;
use super::queue::Entry;
use crate::Result;

/// A value that a [`DataLoader`] loads when it is asked for.
#[must_use = "nothing is loaded before `get`"]
pub struct Deferred<'l, 'a, K, V> {
    loader: &'l DataLoader<'a, K, V>,
    entry: Rc<Entry<V>>,
}

impl<'l, 'a, K: Eq + Hash + Clone, V: Clone> Deferred<'l, 'a, K, V> {
    pub(super) fn new(loader: &'l DataLoader<'a, K, V>, entry: Rc<Entry<V>>) -> Self {
        Self { loader, entry }
    }

    /// The value. The first call loads it, with all that were asked of the loader
    /// until now.
    ///
    /// # Errors
    ///
    /// The error of the batch function, which everybody gets whose key was in
    /// the batch; and when it gave more or fewer values than there were keys.
    pub fn get(&self) -> Result<V> {
        if self.entry.is_waiting() {
            self.loader.send();
        }
        self.entry.value()
    }
}

/// Values that a [`DataLoader`] loads when they are asked for.
#[must_use = "nothing is loaded before `get`"]
pub struct DeferredMany<'l, 'a, K, V>(Vec<Deferred<'l, 'a, K, V>>);

impl<'l, 'a, K: Eq + Hash + Clone, V: Clone> DeferredMany<'l, 'a, K, V> {
    pub(super) fn new(each: Vec<Deferred<'l, 'a, K, V>>) -> Self {
        Self(each)
    }

    /// The values in the order of the keys, of a key that was given twice twice.
    ///
    /// # Errors
    ///
    /// The first error there is; see [`Deferred::get`].
    pub fn get(&self) -> Result<Vec<V>> {
        self.0.iter().map(Deferred::get).collect()
    }
}

impl<K, V> fmt::Debug for Deferred<'_, '_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deferred").finish_non_exhaustive()
    }
}

impl<K, V> fmt::Debug for DeferredMany<'_, '_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}
