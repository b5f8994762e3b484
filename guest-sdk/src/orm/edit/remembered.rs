//! What an edited row remembers of the table.

use std::mem;
use std::rc::Rc;

use crate::database::{TransactionScope, open_scopes};
use crate::orm::value::Value;

/// What the table holds of a row, as far as it is known, and what it held
/// before the transactions that may yet be undone.
#[derive(Clone)]
pub(super) struct Remembered {
    base: Base,
    /// One for each transaction or savepoint that wrote the row and may yet be
    /// undone, the last one last.
    writes: Vec<Write>,
}

/// What a row's columns held when it was read or written.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) values: Vec<Value>,
    /// The transactions that were open when the row was read. Once one of them
    /// is undone, the values may be those that it had written.
    read_in: Vec<Rc<TransactionScope>>,
}

#[derive(Clone)]
struct Write {
    scope: Rc<TransactionScope>,
    before: Base,
    /// What the author had given the row when it was written. What Postgres
    /// made of it is in the base that follows.
    wished: Vec<Value>,
}

impl Base {
    /// Whether the table may hold anything.
    pub(crate) fn is_unsure(&self) -> bool {
        self.read_in.iter().any(|scope| scope.is_undone())
    }
}

impl Remembered {
    /// Of a row that was just read.
    pub(super) fn new(values: Vec<Value>) -> Self {
        let read_in = open_scopes();
        Self {
            base: Base { values, read_in },
            writes: Vec::new(),
        }
    }

    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// Whether the last transaction that wrote the row was undone.
    pub(super) fn is_undone(&self) -> bool {
        self.writes
            .last()
            .is_some_and(|last| last.scope.is_undone())
    }

    /// Goes back to before what was undone, and so do the row's values: to what
    /// the author had given it, where that was not changed since.
    pub(super) fn undo(&mut self, values: &mut [Value]) {
        while self.is_undone() {
            let Some(Write { before, wished, .. }) = self.writes.pop() else {
                return;
            };
            let written = mem::replace(&mut self.base, before).values;
            for (value, (written, wished)) in values.iter_mut().zip(written.iter().zip(wished)) {
                if !value.differs_from(written) {
                    *value = wished;
                }
            }
        }
    }

    /// The row held `wished` and was saved, and the table has `written`.
    pub(super) fn note_save(
        &mut self,
        scope: Option<&Rc<TransactionScope>>,
        wished: Vec<Value>,
        written: Vec<Value>,
    ) {
        self.writes.retain(|write| !write.scope.is_committed());
        let before = mem::replace(
            &mut self.base,
            Base {
                values: written,
                read_in: Vec::new(),
            },
        );
        let Some(scope) = scope else {
            self.writes.clear();
            return;
        };
        match self.writes.last_mut() {
            Some(last) if Rc::ptr_eq(&last.scope, scope) => {
                let given = wished.into_iter().zip(&before.values);
                for (kept, (wished, before)) in last.wished.iter_mut().zip(given) {
                    if wished.differs_from(before) {
                        *kept = wished;
                    }
                }
            }
            _ => self.writes.push(Write {
                scope: Rc::clone(scope),
                before,
                wished,
            }),
        }
    }

    /// The row was read again, so what was not saved is forgotten.
    pub(super) fn note_refresh(&mut self, scope: Option<&Rc<TransactionScope>>, read: Vec<Value>) {
        let forgotten = self.base.values.clone();
        self.note_save(scope, forgotten, read);
    }
}
