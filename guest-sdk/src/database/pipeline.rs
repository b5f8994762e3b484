use std::vec;

use super::operation::{Read, Request};
use super::{Db, IntoOperation, ParameterRow, Parameters, Rows, Statement, driver};
use crate::bindings::plinth::host::database as host;
use crate::orm::Intent;
use crate::{Error, Result};

/// How many statements [`Db::execute_many`] sends together. More save nothing,
/// and would all be in memory.
const BATCH_STATEMENTS_MAX: usize = 256;

impl Db {
    /// Runs several operations in one round trip and returns their answers, a
    /// tuple for a tuple and a `Vec` for a `Vec` or an array.
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub stock: i32 }
    /// # fn f(db: &Db) -> Result<()> {
    /// let books = Book::objects().filter(Book::stock.gt(0));
    /// let (page, count, newest) = db.pipeline((
    ///     books.clone().limit(30),
    ///     books.to_count(),
    ///     Book::objects().order_by([Book::id.desc()]).to_first(),
    /// ))?;
    /// let (page, count, newest): (Vec<Book>, i64, Option<Book>) = (page, count, newest);
    /// # Ok(()) }
    /// ```
    ///
    /// Outside a transaction they make one of their own: all take effect or none
    /// does. Inside they are part of it, and after an error it is to be given up,
    /// or the savepoint around.
    ///
    /// All are of one database; where models have several, one that changes rows
    /// has the others read where it writes.
    ///
    /// Each is sent before the one before it has answered, so none can use
    /// another's answer. What `prefetch_related` loads is loaded afterwards.
    ///
    /// # Errors
    ///
    /// That of the first that fails, and
    /// [`pipeline_index`](Error::pipeline_index) tells which that is.
    pub fn pipeline<O: Operations>(&self, operations: O) -> Result<O::Output> {
        operations.run(self)
    }

    /// Runs a statement once for each row of parameters, in few round trips, and
    /// returns how many rows they affected together. All take effect or none
    /// does.
    ///
    /// ```no_run
    /// # fn f(db: &plinth::Db, seen: &[(i64, String)]) -> plinth::Result<()> {
    /// let update = "UPDATE books SET title = $2 WHERE id = $1";
    /// db.execute_many(update, [(1_i64, "Emma"), (2_i64, "Dune")])?;
    /// db.execute_many(update, seen.iter().map(|(id, title)| (*id, title.as_str())))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When one fails; [`pipeline_index`](Error::pipeline_index) tells the row.
    /// In a transaction that is to be given up then, or the savepoint around.
    pub fn execute_many<R: ParameterRow>(
        &self,
        sql: &str,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<u64> {
        let statements = rows.into_iter().map(|row| {
            let mut parameters = Parameters::default();
            row.push_to(&mut parameters)?;
            Ok(Statement::from_parts(sql.to_owned(), parameters))
        });
        self.execute_all(&mut statements.into_iter())
    }

    fn execute_all(&self, statements: &mut dyn Iterator<Item = Result<Statement>>) -> Result<u64> {
        self.note_write();
        let first = batch(statements, 0)?;
        if first.len() < BATCH_STATEMENTS_MAX {
            return self.execute_batch(&first, 0);
        }
        self.join_or_begin_on(&self.name, |db| {
            let mut done = first.len();
            let mut affected = db.execute_batch(&first, 0)?;
            loop {
                let next = batch(statements, done)?;
                if next.is_empty() {
                    return Ok(affected);
                }
                affected += db.execute_batch(&next, done)?;
                done += next.len();
            }
        })
    }

    fn execute_batch(&self, statements: &[host::Statement], before: usize) -> Result<u64> {
        let results = self.run_statements(&self.name, statements);
        let results = results.map_err(|error| error.behind_in_pipeline(before))?;
        Ok(results.iter().map(|rows| rows.affected).sum())
    }

    /// Runs statements on a database, which is its own inside a transaction.
    fn run_statements(
        &self,
        database: &str,
        statements: &[host::Statement],
    ) -> Result<Vec<host::Rows>> {
        match &self.transaction {
            _ if statements.is_empty() => Ok(Vec::new()),
            Some(open) => open.handle.pipeline(statements),
            None if self.timeout_ms == 0 => driver::pipeline(database, statements),
            // A timeout is an option of the transaction, which takes round trips of its own.
            None => self.join_or_begin_on(database, |db| db.run_statements(database, statements)),
        }
    }
}

/// The next statements, of which there were so many before.
fn batch(
    statements: &mut dyn Iterator<Item = Result<Statement>>,
    before: usize,
) -> Result<Vec<host::Statement>> {
    let statements = statements.take(BATCH_STATEMENTS_MAX).enumerate();
    statements
        .map(|(index, statement)| match statement {
            Ok(statement) => Ok(statement.into_host()),
            Err(error) => Err(error.in_pipeline(before + index)),
        })
        .collect()
}

/// What [`Db::pipeline`] runs: a tuple of up to eight operations, or a `Vec` or
/// an array of operations of one type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not several operations on a database",
    label = "not a tuple of queries",
    note = "write a tuple of queries, updates and statements, `(books, authors.to_count())`, \
            or a `Vec` of some of one type"
)]
pub trait Operations {
    /// What they answer, in their order.
    type Output;

    /// Runs them.
    #[doc(hidden)]
    fn run(self, db: &Db) -> Result<Self::Output>;
}

/// The statements of a pipeline, without what is read of them.
#[derive(Default)]
struct Requests(Vec<Request>);

impl Requests {
    fn run(self, db: &Db) -> Result<Results<'_>> {
        let database = self.database(db)?;
        let statements = self.0.into_iter().enumerate();
        let statements = statements.map(|(index, request)| match request.statement {
            Ok(statement) => Ok(statement.into_host()),
            Err(error) => Err(error.in_pipeline(index)),
        });
        let statements = statements.collect::<Result<Vec<_>>>()?;
        let rows = db.run_statements(database, &statements)?.into_iter();
        Ok(Results { db, rows, index: 0 })
    }

    /// The database of them all. Where one writes, the others read there too.
    fn database<'db>(&self, db: &'db Db) -> Result<&'db str> {
        let intents = || self.0.iter().map(Request::intent);
        let intent = intents().find(|intent| *intent == Intent::Write);
        let intent = intent.unwrap_or(Intent::Read);
        let mut first = None;
        for (index, request) in self.0.iter().enumerate() {
            let database = request.database(db, intent);
            let database = database.map_err(|error| error.in_pipeline(index))?;
            if *first.get_or_insert(database) != database {
                return Err(elsewhere(database, index));
            }
        }
        Ok(first.unwrap_or(db.name()))
    }
}

fn elsewhere(database: &str, index: usize) -> Error {
    let error = Error::invalid_query(format!(
        "it is in the database `{database}`, and what is before it in another: a pipeline is a \
         transaction, and so of one database"
    ));
    error.in_pipeline(index)
}

/// The rows of a pipeline, in order.
struct Results<'db> {
    db: &'db Db,
    rows: vec::IntoIter<host::Rows>,
    index: usize,
}

impl Results<'_> {
    fn read<T>(&mut self, read: Read<T>) -> Result<T> {
        let rows = self.next()?;
        let answer = read(rows, self.db).map_err(|error| error.in_pipeline(self.index));
        self.index += 1;
        answer
    }

    fn next(&mut self) -> Result<Rows> {
        let rows = self.rows.next().map(Rows::new);
        rows.ok_or_else(|| Error::other("the pipeline answered less than it was asked"))
    }
}

impl<O: IntoOperation> Operations for Vec<O> {
    type Output = Vec<O::Output>;

    fn run(self, db: &Db) -> Result<Self::Output> {
        let mut requests = Requests::default();
        let mut reads = Vec::with_capacity(self.len());
        for operation in self {
            let operation = operation.into_operation();
            requests.0.push(operation.request);
            reads.push(operation.read);
        }
        let mut results = requests.run(db)?;
        reads.into_iter().map(|read| results.read(read)).collect()
    }
}

impl<O: IntoOperation, const N: usize> Operations for [O; N] {
    type Output = Vec<O::Output>;

    fn run(self, db: &Db) -> Result<Self::Output> {
        Vec::from(self).run(db)
    }
}

macro_rules! tuples {
    ($(($($O:ident $index:tt),+))*) => {$(
        impl<$($O: IntoOperation),+> Operations for ($($O,)+) {
            type Output = ($($O::Output,)+);

            fn run(self, db: &Db) -> Result<Self::Output> {
                let operations = ($(self.$index.into_operation(),)+);
                let mut requests = Requests::default();
                $(requests.0.push(operations.$index.request);)+
                let mut results = requests.run(db)?;
                Ok(($(results.read(operations.$index.read)?,)+))
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

#[cfg(test)]
mod tests;
