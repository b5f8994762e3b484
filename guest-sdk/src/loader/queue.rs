//! What a loader knows of its keys.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::rc::Rc;

use crate::database::{TransactionScope, open_scopes};
use crate::{Error, Result};

/// The keys that wait, in the order in which they were first asked for, and
/// the values that were loaded.
pub(super) struct Queue<K, V> {
    waiting: Vec<(K, Rc<Entry<V>>)>,
    known: HashMap<K, Rc<Entry<V>>>,
}

/// The place of one key's value, which everybody who asked for it looks at.
pub(super) struct Entry<V> {
    state: RefCell<State<V>>,
    /// The transactions that were open when it was primed: once one of them is
    /// undone, the value may be one that never was.
    primed_in: Vec<Rc<TransactionScope>>,
}

enum State<V> {
    /// It will go with the next batch.
    Waiting,
    /// Its batch is under way.
    Sent,
    Settled(Result<V>),
}

impl<K, V> Default for Queue<K, V> {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            known: HashMap::new(),
        }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Queue<K, V> {
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The place of a key's value; one that is not known waits.
    pub(super) fn entry(&mut self, key: K) -> Rc<Entry<V>> {
        if let Some(entry) = self.known.get(&key).filter(|entry| !entry.is_undone()) {
            return entry.clone();
        }
        let entry = Rc::new(Entry::new(State::Waiting));
        self.known.insert(key.clone(), entry.clone());
        self.waiting.push((key, entry.clone()));
        entry
    }

    /// The keys that have waited longest.
    pub(super) fn take(&mut self, count: usize) -> (Vec<K>, Vec<Rc<Entry<V>>>) {
        let rest = self.waiting.split_off(count.min(self.waiting.len()));
        let taken = mem::replace(&mut self.waiting, rest);
        for (_, entry) in &taken {
            entry.state.replace(State::Sent);
        }
        taken.into_iter().unzip()
    }

    pub(super) fn prime(&mut self, key: K, value: V, keeps: bool) {
        let primed_in = open_scopes();
        let known = self.known.get(&key).filter(|entry| !entry.is_undone());
        match known {
            // Who waits cannot be told later that it never was, and waits on.
            Some(entry) if entry.is_waiting() && primed_in.is_empty() => {
                entry.settle(Ok(value));
                self.waiting.retain(|(waiting, _)| *waiting != key);
                if !keeps {
                    self.known.remove(&key);
                }
            }
            Some(entry) if !entry.is_waiting() => {}
            _ if keeps => {
                let entry = Entry {
                    primed_in,
                    ..Entry::new(State::Settled(Ok(value)))
                };
                self.known.insert(key, Rc::new(entry));
            }
            _ => {}
        }
    }

    /// Forgets keys whose batch is over, unless their values are to be kept. One
    /// that was cleared and asked for again meanwhile is another's.
    pub(super) fn forget(&mut self, keys: &[K], entries: &[Rc<Entry<V>>]) {
        for (key, entry) in keys.iter().zip(entries) {
            if self
                .known
                .get(key)
                .is_some_and(|known| Rc::ptr_eq(known, entry))
            {
                self.known.remove(key);
            }
        }
    }

    pub(super) fn clear(&mut self, key: &K) {
        // Who waits is given what is loaded next, which is fresh.
        if self.known.get(key).is_some_and(|entry| !entry.is_waiting()) {
            self.known.remove(key);
        }
    }

    pub(super) fn clear_all(&mut self) {
        self.known.retain(|_, entry| entry.is_waiting());
    }
}

impl<V> Entry<V> {
    fn new(state: State<V>) -> Self {
        Self {
            state: RefCell::new(state),
            primed_in: Vec::new(),
        }
    }

    /// Whether its value was put in by a transaction that was undone.
    fn is_undone(&self) -> bool {
        self.primed_in.iter().any(|scope| scope.is_undone())
    }
}

impl<V: Clone> Entry<V> {
    pub(super) fn is_waiting(&self) -> bool {
        matches!(*self.state.borrow(), State::Waiting)
    }

    pub(super) fn settle(&self, value: Result<V>) {
        self.state.replace(State::Settled(value));
    }

    /// The value, once its batch is over.
    pub(super) fn value(&self) -> Result<V> {
        match &*self.state.borrow() {
            State::Settled(value) => value.clone(),
            State::Waiting | State::Sent => Err(Error::other(
                "the batch function of a `DataLoader` waits for a key of the batch that it loads",
            )),
        }
    }
}
