use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A transaction or a savepoint, and what became of it.
///
/// What is remembered of rows outlives the closure of a transaction, and holds
/// only if the transaction did; so it keeps the scope in which it was written,
/// and asks.
#[derive(Debug)]
pub(crate) struct TransactionScope {
    fate: Cell<Fate>,
    around: Option<Rc<TransactionScope>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    /// Committed; of a savepoint, released.
    Kept,
    Undone,
}

impl TransactionScope {
    /// Whether what was done in it is undone.
    pub(crate) fn is_undone(&self) -> bool {
        self.scopes().any(|scope| scope.fate.get() == Fate::Undone)
    }

    /// Whether what was done in it is in the database for good.
    pub(crate) fn is_committed(&self) -> bool {
        self.scopes().all(|scope| scope.fate.get() == Fate::Kept)
    }

    fn scopes(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |scope| scope.around.as_deref())
    }
}

thread_local! {
    static OPEN: RefCell<Vec<Rc<TransactionScope>>> = const { RefCell::new(Vec::new()) };
}

/// All transactions and savepoints that are open, of any database.
pub(crate) fn open_scopes() -> Vec<Rc<TransactionScope>> {
    OPEN.with_borrow(Clone::clone)
}

/// The scope of work that is under way, which is undone unless it is kept.
pub(super) struct OpenScope(Rc<TransactionScope>);

impl OpenScope {
    pub(super) fn begin(around: Option<Rc<TransactionScope>>) -> Self {
        let fate = Cell::new(Fate::Open);
        let scope = Rc::new(TransactionScope { fate, around });
        OPEN.with_borrow_mut(|open| open.push(Rc::clone(&scope)));
        Self(scope)
    }

    pub(super) fn scope(&self) -> &Rc<TransactionScope> {
        &self.0
    }

    pub(super) fn keep(self) {
        self.0.fate.set(Fate::Kept);
    }
}

impl Drop for OpenScope {
    fn drop(&mut self) {
        OPEN.with_borrow_mut(|open| open.retain(|scope| !Rc::ptr_eq(scope, &self.0)));
        if self.0.fate.get() == Fate::Open {
            self.0.fate.set(Fate::Undone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_savepoint_shares_the_fate_of_what_is_around_it() {
        let transaction = OpenScope::begin(None);
        let savepoint = OpenScope::begin(Some(Rc::clone(transaction.scope())));
        let (outer, inner) = (Rc::clone(transaction.scope()), Rc::clone(savepoint.scope()));
        assert_eq!(open_scopes().len(), 2);
        savepoint.keep();
        assert!(!inner.is_undone() && !inner.is_committed());
        drop(transaction);
        assert!(inner.is_undone() && outer.is_undone());
        assert!(open_scopes().is_empty());
    }

    #[test]
    fn an_undone_savepoint_leaves_what_is_around_it() {
        let transaction = OpenScope::begin(None);
        let savepoint = OpenScope::begin(Some(Rc::clone(transaction.scope())));
        let (outer, inner) = (Rc::clone(transaction.scope()), Rc::clone(savepoint.scope()));
        drop(savepoint);
        transaction.keep();
        assert!(inner.is_undone() && outer.is_committed());
    }
}
