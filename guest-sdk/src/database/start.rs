use super::operation::Request;
use super::{Db, IntoOperation, Operation, Parameter, Rows, Statement, driver};
use crate::{Pending, Result};

impl Db {
    /// Starts a query and goes on; its answer comes when it is waited for.
    ///
    /// Two that are started together take the time of the longer one:
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "posts")]
    /// # pub struct Post { #[model(key, auto)] pub id: i64, pub title: String }
    /// # #[derive(Model)]
    /// # #[model(table = "messages")]
    /// # pub struct Message { #[model(key, auto)] pub id: i64, pub read: bool }
    /// # fn f(db: Db) -> Result<()> {
    /// let posts = db.start(Post::objects().limit(30));
    /// let unread = db.start(Message::objects().filter(!Message::read).to_count());
    /// let (posts, unread): (Vec<Post>, i64) = (posts.wait()?, unread.wait()?);
    /// # Ok(()) }
    /// ```
    ///
    /// Each is on its own: they see the database at different moments, and one
    /// that fails leaves the other alone. Statements that are to happen together
    /// are a [`pipeline`](Db::pipeline).
    ///
    /// A request may have a few dozen under way; one more fails. In a
    /// transaction, whose statements run one after the other, and in a unit test
    /// without a host, it runs at once.
    pub fn start<O: IntoOperation>(&self, operation: O) -> Pending<O::Output>
    where
        O::Output: 'static,
    {
        let Operation { request, read } = operation.into_operation();
        if self.is_in_transaction() {
            let rows = self.run_request(request);
            return Pending::ready(rows.and_then(|rows| read(rows, self)));
        }
        match self.start_request(request) {
            Ok(started) => {
                let db = self.outside();
                Pending::under_way(move || read(Rows::new(started.wait()?), &db))
            }
            Err(error) => Pending::ready(Err(error)),
        }
    }

    /// Starts one SQL statement and goes on; see [`start`](Db::start).
    ///
    /// ```no_run
    /// # fn f(db: plinth::Db) -> plinth::Result<()> {
    /// let report = db.start_query("SELECT region, sum(cents) FROM sales GROUP BY 1", &[]);
    /// let open = db.query("SELECT count(*) FROM orders WHERE NOT done", &[])?;
    /// let report = report.wait()?;
    /// # Ok(()) }
    /// ```
    pub fn start_query(
        &self,
        sql: impl Into<String>,
        parameters: &[&dyn Parameter],
    ) -> Pending<Rows> {
        match Statement::new(sql, parameters) {
            Ok(statement) => self.start(statement),
            Err(error) => Pending::ready(Err(error)),
        }
    }

    fn run_request(&self, request: Request) -> Result<Rows> {
        let database = request.database(self, request.intent())?;
        self.query_on(database, &request.statement?)
    }

    fn start_request(&self, request: Request) -> Result<driver::Started> {
        let database = request.database(self, request.intent())?;
        let mut statement = request.statement?.into_host();
        statement.timeout_ms = self.timeout_ms;
        driver::start(database, statement)
    }
}
