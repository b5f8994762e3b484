//! A driver for unit tests: it writes down what it is asked and answers what
//! it was told to.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::native::{self, Driver};
use crate::bindings::plinth::host::database as host;
use crate::{Error, Result};

#[derive(Default)]
pub(crate) struct Script {
    log: RefCell<Vec<String>>,
    databases: RefCell<Vec<String>>,
    answers: RefCell<VecDeque<host::Rows>>,
    failing: RefCell<Option<&'static str>>,
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
        self.log.borrow().clone()
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

    fn is_failing(&self, sql: &str) -> bool {
        self.failing
            .borrow()
            .is_some_and(|prefix| sql.starts_with(prefix))
    }
}

impl Driver for Script {
    fn run(&self, database: &str, statement: &host::Statement) -> Result<host::Rows> {
        self.databases.borrow_mut().push(database.to_owned());
        self.log.borrow_mut().push(statement.sql.clone());
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
    }
}
