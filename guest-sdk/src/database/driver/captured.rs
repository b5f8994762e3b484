//! The statements of a test, for those that count them.

use std::cell::RefCell;

use crate::bindings::plinth::host::database as host;

/// What ran on this thread while somebody captured.
struct Captured {
    /// How many capture now, one inside the other.
    captures: usize,
    statements: Vec<host::Statement>,
}

thread_local! {
    static CAPTURED: RefCell<Captured> = const {
        RefCell::new(Captured { captures: 0, statements: Vec::new() })
    };
}

/// Remembers a statement, if somebody captures.
pub(super) fn note(statement: &host::Statement) {
    CAPTURED.with_borrow_mut(|captured| {
        if captured.captures > 0 {
            captured.statements.push(statement.clone());
        }
    });
}

/// Captures the statements of this thread until it is dropped.
pub(crate) struct Capture {
    start: usize,
}

impl Capture {
    pub(crate) fn begin() -> Self {
        CAPTURED.with_borrow_mut(|captured| {
            captured.captures += 1;
            Self {
                start: captured.statements.len(),
            }
        })
    }

    /// The statements since it began.
    pub(crate) fn statements(&self) -> Vec<host::Statement> {
        CAPTURED.with_borrow(|captured| captured.statements[self.start..].to_vec())
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        CAPTURED.with_borrow_mut(|captured| {
            captured.captures -= 1;
            if captured.captures == 0 {
                captured.statements.clear();
            }
        });
    }
}
