//! The names of the cursors that are open in a transaction.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Db, Statement};

/// Each with the number of its statement's text and its own among those of one
/// text. They end with the transaction, those that were never given back too.
#[derive(Default)]
pub(super) struct CursorNames(RefCell<Vec<(u64, u32)>>);

/// A name that no other cursor of the transaction has.
pub(crate) struct CursorName {
    text: u64,
    number: u32,
}

impl CursorName {
    /// As SQL has it.
    pub(crate) fn sql(&self) -> String {
        format!("rows_{:x}_{}", self.text, self.number)
    }
}

impl Db {
    /// A name that only a cursor for the same statement has at another time: the
    /// host's prepared FETCH keeps the columns it had. The lowest number that is
    /// free, so that there are few to prepare.
    pub(crate) fn name_cursor(&self, query: &Statement) -> CursorName {
        let mut hasher = DefaultHasher::new();
        query.sql().hash(&mut hasher);
        let text = hasher.finish();
        let Some(open) = &self.transaction else {
            return CursorName { text, number: 0 };
        };
        let mut names = open.cursors.0.borrow_mut();
        let mut numbers = 0..;
        let number = numbers.find(|number| !names.contains(&(text, *number)));
        let number = number.expect("fewer cursors are open than there are numbers");
        names.push((text, number));
        CursorName { text, number }
    }

    /// Gives a name back, whose cursor is closed.
    pub(crate) fn forget_cursor(&self, name: &CursorName) {
        if let Some(open) = &self.transaction {
            let mut names = open.cursors.0.borrow_mut();
            names.retain(|other| *other != (name.text, name.number));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::database::{Script, TransactionOptions};

    fn begin(database: &'static str) -> Db {
        let name = Cow::Borrowed(database);
        let begun = Db::named(database).begin_on(name, TransactionOptions::new());
        begun.expect("a transaction")
    }

    #[test]
    fn the_lowest_free_number_is_given_in_each_transaction() {
        let _script = Script::install();
        let (one, other) = (begin("one"), begin("other"));
        let query = |sql: &str| Statement::new(sql, &[]).expect("a statement");
        let (books, authors) = (query("SELECT 1"), query("SELECT 2"));
        let number = |db: &Db, query| db.name_cursor(query).number;
        assert_eq!([number(&one, &books), number(&one, &books)], [0, 1]);
        assert_eq!([number(&one, &authors), number(&other, &books)], [0, 0]);
        let third = one.name_cursor(&books);
        let first = CursorName { number: 0, ..third };
        one.forget_cursor(&first);
        assert_eq!([number(&one, &books), number(&one, &books)], [0, 3]);
        one.forget_cursor(&third);
        assert_eq!([number(&one, &books), number(&other, &books)], [2, 1]);
        drop(one);
        assert_eq!(number(&begin("one"), &books), 0);
    }
}
