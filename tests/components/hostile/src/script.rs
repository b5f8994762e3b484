//! A handler that does to the database whatever the test says, in the order in
//! which it says so.

use plinth::bindings::plinth::host::database::{
    self, Error, Pending, Rows, Statement, Transaction,
};
use plinth::prelude::*;
use serde::Deserialize;

use super::PLAIN;

/// One thing to do.
#[derive(Clone, Deserialize)]
#[serde(default)]
pub(crate) struct Step {
    way: String,
    sql: String,
    /// So many parameters are said to be there, each of this type.
    types: usize,
    ty: u32,
    /// The buffer of parameters is so long, of this byte.
    parameters: usize,
    byte: u8,
    timeout_ms: u32,
    times: usize,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            way: "query".into(),
            sql: "SELECT 1".into(),
            types: 0,
            ty: 25,
            parameters: 0,
            byte: 0,
            timeout_ms: 0,
            times: 1,
        }
    }
}

impl Step {
    fn statement(&self, number: usize) -> Statement {
        Statement {
            sql: self.sql.replace("{n}", &number.to_string()),
            parameter_types: vec![self.ty; self.types],
            parameters: vec![self.byte; self.parameters],
            timeout_ms: self.timeout_ms,
        }
    }
}

/// What is open, which ends with the request unless a step has ended it.
#[derive(Default)]
struct Open {
    transactions: Vec<Transaction>,
    pending: Vec<Pending>,
}

/// Does the steps, and says what came of each: of many of a kind, of the last.
#[post("/script")]
pub(crate) fn script(steps: Json<Vec<Step>>) -> String {
    let mut open = Open::default();
    let outcomes: Vec<String> = steps.0.iter().map(|step| open.all(step)).collect();
    outcomes.join("\n")
}

impl Open {
    fn all(&mut self, step: &Step) -> String {
        let mut last = Ok(String::new());
        for number in 0..step.times {
            last = self.once(step, number);
        }
        last.unwrap_or_else(|message| format!("refused: {message}"))
    }

    fn once(&mut self, step: &Step, number: usize) -> Result<String, String> {
        let statement = step.statement(number);
        let told = |error: Error| error.message;
        let rows = |rows: Rows| format!("{} rows, {} bytes", rows.count, rows.data.len());
        let transaction = self.transactions.last();
        match (&*step.way, transaction) {
            ("begin", _) => {
                let begun = Transaction::begin("default", PLAIN).map_err(told)?;
                self.transactions.push(begun);
                Ok("begun".into())
            }
            ("commit", Some(_)) => {
                let last = self.transactions.pop().expect("there is one");
                Transaction::commit(last).map_err(told)?;
                Ok("committed".into())
            }
            ("start", _) => {
                let pending = Pending::start("default", &statement).map_err(told)?;
                self.pending.push(pending);
                Ok("started".into())
            }
            ("wait", _) => {
                let pending = self.pending.pop().ok_or("nothing is under way")?;
                Pending::wait(pending).map(rows).map_err(told)
            }
            ("query", None) => database::query("default", &statement)
                .map(rows)
                .map_err(told),
            ("query", Some(transaction)) => transaction.query(&statement).map(rows).map_err(told),
            ("execute", None) => database::execute("default", &statement)
                .map(|count| format!("{count} affected"))
                .map_err(told),
            ("execute", Some(transaction)) => transaction
                .execute(&statement)
                .map(|count| format!("{count} affected"))
                .map_err(told),
            ("pipeline", transaction) => {
                let statements = vec![statement; 10];
                let outcome = match transaction {
                    None => database::pipeline("default", &statements),
                    Some(transaction) => transaction.pipeline(&statements),
                };
                let told = |failure: database::PipelineError| failure.error.message;
                outcome
                    .map(|all| format!("{} results", all.len()))
                    .map_err(told)
            }
            ("copy out", Some(transaction)) => {
                transaction.copy_out(&statement.sql).map_err(told)?;
                let mut bytes = 0;
                loop {
                    match transaction.copy_read().map_err(told)? {
                        piece if piece.is_empty() => return Ok(format!("{bytes} bytes")),
                        piece => bytes += piece.len(),
                    }
                }
            }
            ("copy in", Some(transaction)) => {
                transaction.copy_in(&statement.sql).map_err(told)?;
                Ok("open".into())
            }
            ("copy write", Some(transaction)) => {
                transaction
                    .copy_write(&statement.parameters)
                    .map_err(told)?;
                Ok("written".into())
            }
            ("compute", _) => {
                let begun = std::time::Instant::now();
                while begun.elapsed().as_millis() < step.timeout_ms.into() {}
                Ok("computed".into())
            }
            (way, _) => Err(format!("no way {way:?}, or no transaction")),
        }
    }
}
