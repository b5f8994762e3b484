//! Connections that several requests share, each sending its single statements
//! behind those of the others.
//!
//! Under load many statements then share one write and one read, which is the
//! largest saving there is; `docs/design/database.md` has the figures.
//! A statement that turns out slow must not hold up those behind it: it is
//! cancelled on the server, where it has had no effect yet, and begun anew on a
//! connection of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use deadpool::managed::Object;

use super::connection::{Connection, Scope};
use super::connector::Connector;
use super::failure::Failure;
use super::statements::Known;
use super::want::Want;
use crate::bindings::plinth::host::database::{Error, ErrorKind, Rows, Statement};

/// With as many statements under way on every lane, another lane is opened.
const DEPTH_USUAL: usize = 4;

/// The lanes of a pool.
pub(super) struct Lanes {
    lanes: Mutex<Vec<Arc<Lane>>>,
    lanes_max: usize,
    hold_max: Duration,
    /// Held while a lane is opened, so that one is at a time.
    pub(super) opening: AtomicBool,
}

/// What a statement that may ride is told.
pub(super) enum Boarding {
    /// To take this lane.
    Take(Arc<Lane>),
    /// To take this lane; and all are so busy that there should be another.
    TakeAndOpen(Arc<Lane>),
    /// There is no lane yet, and there should be.
    Open,
    /// There are no lanes.
    None,
}

impl Lanes {
    pub(super) fn new(lanes_max: usize, hold_max: Duration) -> Self {
        Self {
            lanes: Mutex::new(Vec::new()),
            lanes_max,
            hold_max,
            opening: AtomicBool::new(false),
        }
    }

    /// The lane with the least under way.
    pub(super) fn board(&self) -> Boarding {
        if self.lanes_max == 0 {
            return Boarding::None;
        }
        let mut lanes = self.lanes();
        lanes.retain(|lane| !lane.is_over());
        let taken = lanes.iter().filter(|lane| !lane.connection().is_old());
        let count = taken.clone().count();
        let least = taken
            .map(|lane| (lane.in_flight.load(Ordering::Relaxed), lane))
            .min_by_key(|(in_flight, _)| *in_flight);
        match least {
            None => Boarding::Open,
            Some((in_flight, lane)) => {
                lane.enter();
                let lane = Arc::clone(lane);
                if in_flight >= DEPTH_USUAL && count < self.lanes_max {
                    Boarding::TakeAndOpen(lane)
                } else {
                    Boarding::Take(lane)
                }
            }
        }
    }

    pub(super) fn add(&self, connection: Object<Connector>) {
        let lane = Lane::new(connection, self.hold_max);
        self.lanes().push(Arc::new(lane));
    }

    /// How many there are, and how many of them have nothing under way.
    pub(super) fn count(&self) -> (usize, usize) {
        let lanes = self.lanes();
        let idle = lanes.iter().filter(|lane| lane.is_idle()).count();
        (lanes.len(), idle)
    }

    /// Ends what holds a lane for too long, and gives lanes back that nobody has
    /// used for a time. Tells whether any is left.
    pub(super) fn tend(&self, idle_max: Duration) -> bool {
        let mut lanes = self.lanes();
        for lane in lanes.iter().filter(|lane| lane.is_held_too_long()) {
            Lane::retire(lane);
        }
        lanes.retain(|lane| {
            let is_unused = lane.is_idle() && lane.held() > idle_max;
            !lane.is_over() && !is_unused
        });
        !lanes.is_empty()
    }

    pub(super) fn close(&self) {
        self.lanes().clear();
    }

    fn lanes(&self) -> MutexGuard<'_, Vec<Arc<Lane>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is shared. It goes back to the pool with its last user, or
/// is closed.
pub(super) struct Lane {
    /// Only `drop` takes it.
    connection: Option<Object<Connector>>,
    in_flight: AtomicUsize,
    opened: Instant,
    /// When the statement that is running now could begin, or the last one
    /// ended; in microseconds since it was opened.
    held_since_us: AtomicU64,
    hold_max: Duration,
    is_retired: AtomicBool,
}

/// Why a statement on a lane came to nothing.
pub(super) enum Bumped {
    /// It must be run elsewhere; here it had no effect.
    Elsewhere(Statement),
    Failed(Error),
}

impl Lane {
    fn new(connection: Object<Connector>, hold_max: Duration) -> Self {
        Self {
            connection: Some(connection),
            in_flight: AtomicUsize::new(0),
            opened: Instant::now(),
            held_since_us: AtomicU64::new(0),
            hold_max,
            is_retired: AtomicBool::new(false),
        }
    }

    /// Runs a statement of which [`Lanes::board`] was told.
    pub(super) fn ride(
        self: Arc<Self>,
        statement: Statement,
        known: Arc<Known>,
        want: Want,
    ) -> Ride {
        Ride(Some(Box::pin(async move {
            let run = self
                .connection()
                .run(&statement, &known, Scope::Outside, &want);
            let outcome = run.await;
            let time = self.leave();
            match outcome {
                Err(Failure::Canceled(_)) if self.is_retired() => {
                    // Those behind the one that held the lane can be hit too, for no fault of theirs.
                    if time > self.hold_max / 2 {
                        known.took_too_long(time);
                    }
                    Err(Bumped::Elsewhere(statement))
                }
                Err(failure) => {
                    let error = Error::from(failure);
                    if error.kind == ErrorKind::TooLarge {
                        // The server goes on sending rows that nobody wants.
                        known.took_too_long(self.hold_max);
                        Self::retire(&self);
                    }
                    Err(Bumped::Failed(error))
                }
                Ok(rows) => {
                    known.took(time);
                    Ok(rows)
                }
            }
        })))
    }

    /// Takes no more statements, and has the server stop the one that runs.
    fn retire(self: &Arc<Self>) {
        if self.is_retired.swap(true, Ordering::AcqRel) {
            return;
        }
        let lane = Arc::clone(self);
        tokio::spawn(async move {
            lane.connection().stop(|| lane.is_idle()).await;
        });
    }

    fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("only drop takes it")
    }

    fn enter(&self) {
        if self.in_flight.fetch_add(1, Ordering::AcqRel) == 0 {
            self.held_since_us.store(self.now_us(), Ordering::Relaxed);
        }
    }

    /// Tells how long the statement that has ended held the lane.
    fn leave(&self) -> Duration {
        let now = self.now_us();
        let since = self.held_since_us.swap(now, Ordering::Relaxed);
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
        Duration::from_micros(now.saturating_sub(since))
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn held(&self) -> Duration {
        let since = self.held_since_us.load(Ordering::Relaxed);
        Duration::from_micros(self.now_us().saturating_sub(since))
    }

    fn is_held_too_long(&self) -> bool {
        !self.is_idle() && self.held() > self.hold_max
    }

    fn is_idle(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) == 0
    }

    fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::Acquire)
    }

    /// One that is old takes no more statements, and is over when those that it
    /// has are done.
    fn is_over(&self) -> bool {
        let connection = self.connection();
        self.is_retired() || connection.is_closed() || connection.is_old() && self.is_idle()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // It is not told when the server has heard of a cancellation, which may be as late as in
        // the next borrower's statement: so there is no next borrower.
        if let Some(connection) = self.connection.take()
            && self.is_retired()
        {
            drop(Object::take(connection));
        }
    }
}

type Riding = Pin<Box<dyn Future<Output = Result<Rows, Bumped>> + Send>>;

/// A statement on a lane. One that nobody waits for any more is read to its
/// end, because others are behind it.
pub(super) struct Ride(Option<Riding>);

impl Future for Ride {
    type Output = Result<Rows, Bumped>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let riding = self.0.as_mut().expect("not polled after its end");
        let outcome = riding.as_mut().poll(context);
        if outcome.is_ready() {
            self.0 = None;
        }
        outcome
    }
}

impl Drop for Ride {
    fn drop(&mut self) {
        if let (Some(riding), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(riding);
        }
    }
}
