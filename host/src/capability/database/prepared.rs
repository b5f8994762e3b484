//! The statements that a connection keeps prepared, by what they weigh.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, Column};

use super::projection::Plan;
use super::protocol::type_of;
use super::statements::Known;
use super::{error, wire};
use crate::bindings::exports::plinth::host::handler::Projection;
use crate::bindings::plinth::host::database::{Error, Statement};

/// What the statements of one connection may weigh. One of a model's takes a few
/// kilobytes; only few have hundreds of columns or thousands of parameters.
const KEPT_BYTES_MAX: usize = 4 << 20;

/// What the host and the driver keep of each parameter and of each column, beside
/// their names.
const PARAMETER_BYTES: usize = 32;
const COLUMN_BYTES: usize = 128;

/// A statement Postgres has parsed and planned. When the last of its users has
/// gone, the driver has Postgres forget it.
pub(super) struct Prepared {
    pub(super) statement: tokio_postgres::Statement,
    /// What the guest said the parameters are; another call may say otherwise.
    parameter_types: Vec<u32>,
    pub(super) column_types: Vec<u32>,
    pub(super) column_names: String,
    /// How its rows were last written.
    plan: Mutex<Option<Arc<Plan>>>,
}

impl Prepared {
    /// Has Postgres parse and plan a statement.
    pub(super) async fn new(
        client: &Client,
        statement: &Statement,
    ) -> Result<Self, tokio_postgres::Error> {
        let types: Vec<Type> = statement
            .parameter_types
            .iter()
            .map(|oid| parameter_type(*oid))
            .collect();
        let prepared = client.prepare_typed(&statement.sql, &types).await?;
        let columns = prepared.columns();
        let names: Vec<&str> = columns.iter().map(Column::name).collect();
        Ok(Self {
            parameter_types: statement.parameter_types.clone(),
            column_types: columns.iter().map(type_of).collect(),
            column_names: names.join("\0"),
            plan: Mutex::default(),
            statement: prepared,
        })
    }

    /// How its rows become text, if they last became such a text.
    pub(super) fn plan(&self, projection: &Projection) -> Option<Arc<Plan>> {
        let kept = self.last_plan();
        let plan = kept.as_ref().filter(|plan| plan.is_of(projection))?;
        Some(Arc::clone(plan))
    }

    /// The parameters of a call of it.
    pub(super) fn bind<'a>(&self, statement: &'a Statement) -> Result<Vec<wire::Raw<'a>>, Error> {
        let expected = self.statement.params().len();
        wire::parameters(&statement.parameters, expected).ok_or_else(|| {
            error::invalid(format!(
                "the buffer of parameters does not hold the {expected} values that the statement takes"
            ))
        })
    }

    fn weight_bytes(&self) -> usize {
        let parameters = self
            .parameter_types
            .len()
            .max(self.statement.params().len());
        let plan = self
            .last_plan()
            .as_ref()
            .map_or(0, |plan| plan.weight_bytes());
        size_of::<Self>()
            + parameters * PARAMETER_BYTES
            + self.column_types.len() * COLUMN_BYTES
            + 2 * self.column_names.len()
            + plan
    }

    fn last_plan(&self) -> MutexGuard<'_, Option<Arc<Plan>>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The statements that one connection keeps prepared.
pub(super) struct KeptStatements {
    kept: Mutex<Kept>,
    /// How many statements are prepared on all connections of the pool.
    count: Arc<AtomicUsize>,
}

struct Kept {
    /// With what each weighed when it was last weighed.
    by_number: LruCache<u64, (Arc<Prepared>, usize)>,
    bytes: usize,
}

impl KeptStatements {
    pub(super) fn new(statements_max: NonZeroUsize, count: Arc<AtomicUsize>) -> Self {
        Self {
            kept: Mutex::new(Kept {
                by_number: LruCache::new(statements_max),
                bytes: 0,
            }),
            count,
        }
    }

    pub(super) fn find(&self, statement: &Statement, known: &Known) -> Option<Arc<Prepared>> {
        let mut kept = self.kept();
        let (prepared, _) = kept.by_number.get(&known.number?)?;
        (prepared.parameter_types == statement.parameter_types).then(|| Arc::clone(prepared))
    }

    /// Keeps a statement, and none of those that were not used for longest while
    /// all weigh too much; perhaps not even this one.
    pub(super) fn keep(&self, known: &Known, prepared: &Arc<Prepared>) {
        if let Some(number) = known.number {
            self.change(|kept| kept.put(number, prepared));
        }
    }

    /// Keeps how the rows of a statement become text.
    pub(super) fn keep_plan(&self, known: &Known, prepared: &Arc<Prepared>, plan: Arc<Plan>) {
        *prepared.last_plan() = Some(plan);
        // It weighs more now, unless it is not kept.
        if known
            .number
            .is_some_and(|number| self.kept().holds(number, prepared))
        {
            self.keep(known, prepared);
        }
    }

    /// Forgets a statement whose plan has gone stale: after a migration it can
    /// differ from what the table is now.
    pub(super) fn forget(&self, known: &Known) {
        if let Some(number) = known.number {
            self.change(|kept| kept.take(number));
        }
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) {
        let mut kept = self.kept();
        let before = kept.by_number.len();
        change(&mut kept);
        let after = kept.by_number.len();
        self.count.fetch_add(after, Ordering::Relaxed);
        self.count.fetch_sub(before, Ordering::Relaxed);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn put(&mut self, number: u64, prepared: &Arc<Prepared>) {
        let weight = prepared.weight_bytes();
        self.take(number);
        if let Some((_, (_, gone))) = self.by_number.push(number, (Arc::clone(prepared), weight)) {
            self.bytes -= gone;
        }
        self.bytes += weight;
        while self.bytes > KEPT_BYTES_MAX
            && let Some((_, (_, gone))) = self.by_number.pop_lru()
        {
            self.bytes -= gone;
        }
    }

    fn holds(&self, number: u64, prepared: &Arc<Prepared>) -> bool {
        let found = self.by_number.peek(&number);
        found.is_some_and(|(found, _)| Arc::ptr_eq(found, prepared))
    }

    fn take(&mut self, number: u64) {
        if let Some((_, gone)) = self.by_number.pop(&number) {
            self.bytes -= gone;
        }
    }
}

impl Drop for KeptStatements {
    fn drop(&mut self) {
        let kept = self.kept().by_number.len();
        self.count.fetch_sub(kept, Ordering::Relaxed);
    }
}

/// The driver only sends the number on, so a type it doesn't know will do; the
/// number 0 lets Postgres infer the type.
fn parameter_type(oid: u32) -> Type {
    Type::from_oid(oid)
        .unwrap_or_else(|| Type::new(String::new(), oid, Kind::Simple, String::new()))
}
