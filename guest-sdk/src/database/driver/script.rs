//! A driver for unit tests: it writes down what it is asked and answers what
//! it was told to.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::native::{self, Driver};
use crate::bindings::plinth::host::database as host;
use crate::{Error, Result};

#[derive(Default)]
pub(crate) struct Script {
    statements: RefCell<Vec<host::Statement>>,
    databases: RefCell<Vec<String>>,
    answers: RefCell<VecDeque<host::Rows>>,
    /// What copies were given, or are to give.
    copies: RefCell<VecDeque<Vec<u8>>>,
    failing: RefCell<Option<&'static str>>,
    failing_after: Cell<Option<usize>>,
}

impl Script {
    pub(crate) fn install() -> Rc<Self> {
        let script = Rc::new(Self::default());
        native::install(script.clone());
        crate::orm::begin_request(None);
        script
    }

    /// The statements so far.
    pub(crate) fn log(&self) -> Vec<String> {
        let statements = self.statements.borrow();
        statements
            .iter()
            .map(|statement| statement.sql.clone())
            .collect()
    }

    /// The timeouts of the statements that are one letter, those of `letters`.
    pub(crate) fn timeouts(&self, letters: &str) -> Vec<u32> {
        let statements = self.statements.borrow();
        let asked = statements
            .iter()
            .filter(|statement| statement.sql.len() == 1 && letters.contains(&statement.sql));
        asked.map(|statement| statement.timeout_ms).collect()
    }

    /// Makes the statement fail that comes after so many.
    pub(crate) fn fail_after(&self, statements: usize) {
        self.failing_after.set(Some(statements));
    }

    /// The databases they were on.
    pub(crate) fn databases(&self) -> Vec<String> {
        self.databases.borrow().clone()
    }

    /// Makes statements that begin so fail.
    pub(crate) fn fail(&self, prefix: &'static str) {
        *self.failing.borrow_mut() = Some(prefix);
    }

    /// Answers the next statement that is not about a transaction.
    pub(crate) fn answer(&self, rows: host::Rows, affected: u64) {
        self.answers
            .borrow_mut()
            .push_back(host::Rows { affected, ..rows });
    }

    /// Gives this to the next COPY that reads.
    pub(crate) fn answer_copy(&self, data: Vec<u8>) {
        self.copies.borrow_mut().push_back(data);
    }

    /// What the COPY before was given.
    pub(crate) fn copied(&self) -> Vec<u8> {
        self.copies.borrow_mut().pop_front().unwrap_or_default()
    }

    fn note_copy(&self, database: &str, sql: &str) {
        self.databases.borrow_mut().push(database.to_owned());
        self.statements.borrow_mut().push(host::Statement {
            sql: sql.to_owned(),
            parameter_types: Vec::new(),
            parameters: Vec::new(),
            timeout_ms: 0,
        });
    }

    fn is_failing(&self, sql: &str) -> bool {
        let is_prefix = |prefix| sql.starts_with(prefix);
        self.failing.borrow().is_some_and(is_prefix)
            || self.failing_after.get() == Some(self.statements.borrow().len() - 1)
    }
}

impl Driver for Script {
    fn run(&self, database: &str, statement: &host::Statement) -> Result<host::Rows> {
        self.databases.borrow_mut().push(database.to_owned());
        self.statements.borrow_mut().push(statement.clone());
        if self.is_failing(&statement.sql) {
            return Err(Error::database(failure(), &statement.sql));
        }
        let control = [
            "BEGIN",
            "COMMIT",
            "ROLLBACK",
            "SAVEPOINT",
            "RELEASE",
            "SET LOCAL",
        ];
        if control.iter().any(|word| statement.sql.starts_with(word)) {
            return Ok(no_rows());
        }
        let answer = self.answers.borrow_mut().pop_front();
        Ok(answer.unwrap_or_else(no_rows))
    }

    fn copy_in(&self, database: &str, sql: &str, data: &[u8]) -> Result<u64> {
        self.note_copy(database, sql);
        self.copies.borrow_mut().push_back(data.to_vec());
        let answer = self.answers.borrow_mut().pop_front();
        Ok(answer.map_or(0, |answer| answer.affected))
    }

    fn copy_out(&self, database: &str, sql: &str) -> Result<Vec<u8>> {
        self.note_copy(database, sql);
        Ok(self.copied())
    }
}

pub(crate) fn no_rows() -> host::Rows {
    host::Rows {
        column_types: Vec::new(),
        column_names: String::new(),
        affected: 0,
        count: 0,
        data: Vec::new(),
    }
}

fn failure() -> host::Error {
    host::Error {
        kind: host::ErrorKind::Server,
        message: "it was told to fail".into(),
        sqlstate: Some("40001".into()),
        detail: None,
        constraint: None,
        table: None,
        column: None,
        context: None,
    }
}
