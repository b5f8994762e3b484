// The beginning of the program that the guide's chapters become.
#![allow(warnings, clippy::all, reason = "snippets show one thing each")]

use std::cell::RefCell;
use std::rc::Rc;

use plinth::database::Statement;
use plinth::orm::{ModelMeta, schema};
use plinth::testing::{Answer, Database, Refusal, use_database};
use plinth::{Db, Result};

/// What every snippet has in scope. Its own imports stand before these.
mod scope {
    pub(crate) use super::bookstore::*;
    pub(crate) use plinth::prelude::*;
    pub(crate) use serde::{Deserialize, Serialize};
}

/// Compares the SQL in the chapters with what their snippets do.
#[derive(Default)]
pub(crate) struct Check {
    mistakes: Vec<String>,
}

impl Check {
    /// Runs a snippet on a database that has no rows, and compares its
    /// statements.
    pub(crate) fn runs(&mut self, place: &str, run: fn(Db) -> Result<()>, expected: &str) {
        let database = Rc::new(Recorder::default());
        use_database(database.clone());
        // The row that it looks for is not there. Its statement is.
        let result = run(Db::named("default"));
        let statements = database.statements.take();
        match result {
            Err(error) if statements.is_empty() => {
                self.mistakes.push(format!("{place}: {error}"));
            }
            _ => self.compare(place, expected, &statements.join(";\n")),
        }
    }

    /// Compares the tables of models, without what is asked of Postgres first.
    pub(crate) fn creates(&mut self, place: &str, models: &[&'static ModelMeta], expected: &str) {
        let tables = schema::tables(models).into_iter();
        let statements = tables.flat_map(|table| table.ddl);
        let statements = statements.filter(|sql| !sql.starts_with("DO $plinth$ DECLARE"));
        let statements: Vec<String> = statements.collect();
        self.compare(place, expected, &statements.join(";\n"));
    }

    fn compare(&mut self, place: &str, expected: &str, actual: &str) {
        if !is_like(&words(expected), &words(actual)) {
            self.mistakes
                .push(format!("{place}: the SQL is not this, but\n{actual}"));
        }
    }

    /// Ends the program.
    pub(crate) fn finish(self) {
        for mistake in &self.mistakes {
            eprintln!("{mistake}\n");
        }
        std::process::exit(i32::from(!self.mistakes.is_empty()));
    }
}

/// A database without rows that remembers its statements.
#[derive(Default)]
struct Recorder {
    statements: RefCell<Vec<String>>,
}

impl Database for Recorder {
    fn run(&self, statement: &Statement) -> Result<Answer, Box<Refusal>> {
        self.statements
            .borrow_mut()
            .push(statement.sql().to_owned());
        Ok(Answer::default())
    }
}

/// The text on one line: where it is broken is the chapter's.
fn words(text: &str) -> String {
    let text = text.trim().trim_end_matches(';');
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace("( ", "(").replace(" )", ")")
}

/// Whether the text is the expected one, in which `…` stands for anything.
fn is_like(expected: &str, actual: &str) -> bool {
    let mut parts = expected.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = actual.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}
