use std::fmt;

use super::{Db, Rows, Statement};
use crate::Result;
use crate::orm::{Intent, ModelMeta};

/// One thing to ask a database, and how its answer is read: what
/// [`Db::start`] and [`Db::pipeline`] take.
///
/// A query is one by itself, and asks for its rows. Others are made by methods
/// such as [`QuerySet::to_count`](crate::orm::QuerySet::to_count).
#[must_use = "an operation does nothing until `start` or `pipeline` takes it"]
pub struct Operation<T> {
    pub(super) request: Request,
    pub(super) read: Read<T>,
}

/// What goes to the database.
pub(super) struct Request {
    pub(super) statement: Result<Statement>,
    /// The model whose rows it is about, and what it does with them; none for
    /// SQL of the author's own, of which that is not known.
    target: Option<(&'static ModelMeta, Intent)>,
    /// Whether it locks rows, which makes sense in a transaction alone.
    locks: bool,
}

/// How the answer is read, with what else is loaded for it.
pub(super) type Read<T> = Box<dyn FnOnce(Rows, &Db) -> Result<T>>;

impl<T> Operation<T> {
    /// A statement that reads a model's rows.
    pub(crate) fn read(
        model: &'static ModelMeta,
        statement: Result<Statement>,
        read: impl FnOnce(Rows, &Db) -> Result<T> + 'static,
    ) -> Self {
        Self::new(Some((model, Intent::Read)), statement, read)
    }

    /// A statement that changes a model's rows.
    pub(crate) fn write(
        model: &'static ModelMeta,
        statement: Result<Statement>,
        read: impl FnOnce(Rows, &Db) -> Result<T> + 'static,
    ) -> Self {
        Self::new(Some((model, Intent::Write)), statement, read)
    }

    fn new(
        target: Option<(&'static ModelMeta, Intent)>,
        statement: Result<Statement>,
        read: impl FnOnce(Rows, &Db) -> Result<T> + 'static,
    ) -> Self {
        Self {
            request: Request {
                statement,
                target,
                locks: false,
            },
            read: Box::new(read),
        }
    }

    /// The same, which locks rows or not.
    pub(crate) fn locking(mut self, locks: bool) -> Self {
        self.request.locks = locks;
        self
    }
}

impl Request {
    /// The database it runs on, if it may run there; one that does not only
    /// read is noted.
    pub(super) fn database<'db>(&self, db: &'db Db, intent: Intent) -> Result<&'db str> {
        if self.locks {
            db.require_transaction()?;
        }
        match self.target {
            Some((model, _)) => db.database_for(model, intent),
            None => {
                db.note_write();
                Ok(db.name())
            }
        }
    }

    /// What it does with rows, as far as is known.
    pub(super) fn intent(&self) -> Intent {
        self.target.map_or(Intent::Write, |(_, intent)| intent)
    }
}

impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operation")
            .field(&self.request.statement)
            .finish()
    }
}

/// What can be asked of a database together with others: a query, an update, a
/// [`Statement`], an [`Operation`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an operation on a database",
    label = "not a query, an update or a statement",
    note = "pass a query itself and not its rows, as in `Book::objects().filter(…)`, \
            or what its `to_count()`, `to_first()`, `to_get()` or `to_exists()` makes"
)]
pub trait IntoOperation {
    /// What it answers.
    type Output;

    /// The statement, with how its answer is read.
    fn into_operation(self) -> Operation<Self::Output>;
}

impl<T> IntoOperation for Operation<T> {
    type Output = T;

    fn into_operation(self) -> Operation<T> {
        self
    }
}

/// Its answer is the rows.
impl IntoOperation for Statement {
    type Output = Rows;

    fn into_operation(self) -> Operation<Rows> {
        Operation::new(None, Ok(self), |rows, _| Ok(rows))
    }
}
