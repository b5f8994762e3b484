//! Which databases the request has written to.
//!
//! A replica is behind its primary, so what a request has just written is read
//! from where it was written. It is noted only where a router decides where to
//! read.

use std::cell::RefCell;

thread_local! {
    static WRITTEN: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Forgets the request before, and says whether to note what this one writes.
pub(crate) fn begin_request(is_noted: bool) {
    WRITTEN.with_borrow_mut(|written| match (written, is_noted) {
        (Some(written), true) => written.clear(),
        (written, true) => *written = Some(Vec::new()),
        (written, false) => *written = None,
    });
}

/// Notes that the request writes to a database, or may do so.
pub(crate) fn note_write(database: &str) {
    WRITTEN.with_borrow_mut(|written| {
        if let Some(written) = written
            && !written.iter().any(|name| name == database)
        {
            written.push(database.to_owned());
        }
    });
}

/// Whether the request may have written to a database.
pub(crate) fn is_written(database: &str) -> bool {
    WRITTEN.with_borrow(|written| {
        let mut written = written.iter().flatten();
        written.any(|name| name == database)
    })
}
