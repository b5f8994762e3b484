//! Routers: which database a model's rows are read from and written to.

use std::cell::Cell;
use std::fmt;

use super::meta::ModelMeta;
use crate::database::{self, DEFAULT, is_written};

/// Chooses a database for models that name none, Django's database router.
///
/// `None` leaves the choice open, which is `default`. A plugin says which router
/// it has:
///
/// ```no_run
/// use plinth::orm::{DatabaseRouter, ModelMeta};
/// use plinth::prelude::*;
///
/// #[derive(Model)]
/// #[model(table = "visits")]
/// pub struct Visit {
///     #[model(key, auto)]
///     pub id: i64,
///     pub path: String,
/// }
///
/// /// Statistics have a database of their own.
/// struct Statistics;
///
/// impl DatabaseRouter for Statistics {
///     fn db_for_read(&self, model: &ModelMeta) -> Option<&'static str> {
///         (model.table == "visits").then_some("statistics")
///     }
///
///     fn db_for_write(&self, model: &ModelMeta) -> Option<&'static str> {
///         self.db_for_read(model)
///     }
/// }
///
/// plinth::plugin! { router: Statistics, models: [Visit] }
/// # fn main() {}
/// ```
///
/// The order in which a database is found, the first that applies:
///
/// 1. [`Db::using`](crate::Db::using) and [`Db::named`](crate::Db::named);
/// 2. `#[model(database = "…")]`;
/// 3. the router;
/// 4. `default`.
///
/// Reads inside a transaction ask [`db_for_write`](Self::db_for_write) too, and
/// so do those after a write to that database in the same request: what was
/// written may not have reached another. SQL of the plugin's own counts as a
/// write, because nobody but Postgres knows what it does.
///
/// Models that refer to each other, or that one query asks about, belong in one
/// database; a query over two is refused.
///
/// A table is created where `#[model(database = "…")]` says, and without it in
/// `default`; a router that puts models elsewhere leaves their tables to the
/// operator.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a database router",
    note = "implement `plinth::orm::DatabaseRouter` for it, or write `router: PrimaryReplica`"
)]
pub trait DatabaseRouter: Sync {
    /// The database to read a model's rows from.
    fn db_for_read(&self, _model: &ModelMeta) -> Option<&'static str> {
        None
    }

    /// The database to write a model's rows to, and to read them from where they
    /// have to be as they were written.
    fn db_for_write(&self, _model: &ModelMeta) -> Option<&'static str> {
        None
    }
}

/// Reads from the database `replica` and writes to `default`.
///
/// Reads inside a transaction, and after a write in the same request, go to
/// `default` as well, so that a request sees what it has done.
///
/// ```no_run
/// use plinth::orm::PrimaryReplica;
///
/// plinth::plugin! { router: PrimaryReplica }
/// # fn main() {}
/// ```
///
/// The next request reads from the replica again, which may be behind by then.
/// A model whose rows must always be as they are says
/// `#[model(database = "default")]`, and a single query `db.using("default")`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PrimaryReplica;

impl DatabaseRouter for PrimaryReplica {
    fn db_for_read(&self, _model: &ModelMeta) -> Option<&'static str> {
        Some("replica")
    }
}

thread_local! {
    static ROUTER: Cell<Option<&'static dyn DatabaseRouter>> = const { Cell::new(None) };
}

/// Has the router choose from now on, for a request that has written nothing.
pub(crate) fn begin_request(router: Option<&'static dyn DatabaseRouter>) {
    ROUTER.set(router);
    database::begin_request(router.is_some());
}

/// The database of a model's rows; of those that only `default` or a model has
/// chosen, this is a branch.
pub(super) fn database_of(model: &ModelMeta, may_be_behind: bool) -> &'static str {
    match (model.database, ROUTER.get()) {
        (Some(database), _) => database,
        (None, Some(router)) => chosen(router, model, may_be_behind),
        (None, None) => DEFAULT,
    }
}

fn chosen(router: &dyn DatabaseRouter, model: &ModelMeta, may_be_behind: bool) -> &'static str {
    let primary = router.db_for_write(model).unwrap_or(DEFAULT);
    if !may_be_behind || is_written(primary) {
        return primary;
    }
    router.db_for_read(model).unwrap_or(DEFAULT)
}

impl fmt::Debug for dyn DatabaseRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseRouter")
    }
}
