//! What the host counts: plain atomics that whoever counts has at hand.
//!
//! Nothing is looked up while a request is served: a plugin keeps its counters,
//! and each of its routes those of the route. They are read when the admin
//! listener is asked for `/metrics`, which is where they get their names.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};

mod histogram;

pub(crate) use histogram::Histogram;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn increment(&self) {
        self.add(1);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What became of a request, as `/metrics` tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Redirection,
    ClientError,
    ServerError,
    /// The client went away before the answer.
    Gone,
}

impl Outcome {
    pub(crate) const ALL: [Self; 5] = [
        Self::Success,
        Self::Redirection,
        Self::ClientError,
        Self::ServerError,
        Self::Gone,
    ];

    pub(crate) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            0..300 => Self::Success,
            300..400 => Self::Redirection,
            400..500 => Self::ClientError,
            _ => Self::ServerError,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
            Self::Gone => "gone",
        }
    }
}

/// The requests to one route, or to none.
#[derive(Debug, Default)]
pub(crate) struct RequestMetrics {
    outcomes: [Counter; Outcome::ALL.len()],
    pub(crate) seconds: Histogram,
}

impl RequestMetrics {
    pub(crate) fn record(&self, outcome: Outcome, took: Duration) {
        self.outcomes[outcome as usize].increment();
        self.seconds.observe(took);
    }

    pub(crate) fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].get()
    }
}

/// Why a statement gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatementFailure {
    Server,
    Busy,
    Disconnected,
    Timeout,
    TooLarge,
    Denied,
    Invalid,
    /// The request ended before the statement did.
    Abandoned,
}

impl StatementFailure {
    pub(crate) const ALL: [Self; 8] = [
        Self::Server,
        Self::Busy,
        Self::Disconnected,
        Self::Timeout,
        Self::TooLarge,
        Self::Denied,
        Self::Invalid,
        Self::Abandoned,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Busy => "busy",
            Self::Disconnected => "disconnected",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Abandoned => "abandoned",
        }
    }
}

/// The statements of a plugin.
#[derive(Debug, Default)]
pub(crate) struct StatementMetrics {
    pub(crate) sent: Counter,
    /// Calls refused because their request had sent `statements_max`.
    pub(crate) over_limit: Counter,
    failures: [Counter; StatementFailure::ALL.len()],
    pub(crate) seconds: Histogram,
}

impl StatementMetrics {
    pub(crate) fn failed(&self, failure: StatementFailure) {
        self.failures[failure as usize].increment();
    }

    pub(crate) fn failures(&self, failure: StatementFailure) -> u64 {
        self.failures[failure as usize].get()
    }
}

/// The connections of a plugin's pool to a database.
#[derive(Debug, Default)]
pub(crate) struct PoolMetrics {
    pub(crate) opened: Counter,
    /// Those that have ended, the lost ones among them.
    pub(crate) closed: Counter,
    /// Those that broke.
    pub(crate) lost: Counter,
    /// Attempts at a connection that failed.
    pub(crate) connect_failures: Counter,
    /// Waits for a connection that were given up.
    pub(crate) acquire_timeouts: Counter,
    /// Statements that had their result on a shared connection.
    pub(crate) lane_statements: Counter,
    /// Statements begun anew elsewhere, because one held their lane for too long.
    pub(crate) lane_restarts: Counter,
}

/// Why a call into a plugin gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallFailure {
    Busy,
    WallTime,
    CpuTime,
    Memory,
    BadReply,
    Trap,
}

impl CallFailure {
    pub(crate) const ALL: [Self; 6] = [
        Self::Busy,
        Self::WallTime,
        Self::CpuTime,
        Self::Memory,
        Self::BadReply,
        Self::Trap,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::WallTime => "wall_time",
            Self::CpuTime => "cpu_time",
            Self::Memory => "memory",
            Self::BadReply => "bad_reply",
            Self::Trap => "trap",
        }
    }
}

type RouteKey = (Method, String);

/// What is counted of a plugin. It outlives the plugin's versions, so that a
/// reload sets nothing back to zero.
#[derive(Debug, Default)]
pub struct PluginMetrics {
    pub(crate) instances_created: Counter,
    pub(crate) log_lines_dropped: Counter,
    pub(crate) statements: StatementMetrics,
    failures: [Counter; CallFailure::ALL.len()],
    /// Those of the versions alive; a route that no version has any more is
    /// forgotten, so that reloads can't add up.
    routes: Mutex<HashMap<RouteKey, Weak<RequestMetrics>>>,
}

impl PluginMetrics {
    pub(crate) fn failed(&self, failure: CallFailure) {
        self.failures[failure as usize].increment();
    }

    pub(crate) fn failures(&self, failure: CallFailure) -> u64 {
        self.failures[failure as usize].get()
    }

    /// The counters of a route, for the router to keep.
    pub(crate) fn route(&self, method: &Method, template: &str) -> Arc<RequestMetrics> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (method.clone(), template.to_owned());
        if let Some(known) = routes.get(&key).and_then(Weak::upgrade) {
            return known;
        }
        routes.retain(|_, known| known.strong_count() > 0);
        let new = Arc::new(RequestMetrics::default());
        routes.insert(key, Arc::downgrade(&new));
        new
    }
}

/// All that a host counts.
#[derive(Debug)]
pub struct Metrics {
    pub(crate) began: SystemTime,
    /// Requests that no route answered.
    pub(crate) unrouted: RequestMetrics,
    plugins: BTreeMap<String, Arc<PluginMetrics>>,
}

impl Metrics {
    /// Counters for these plugins, all at zero.
    pub(crate) fn new<'n>(plugins: impl IntoIterator<Item = &'n String>) -> Self {
        let plugins = plugins.into_iter();
        Self {
            began: SystemTime::now(),
            unrouted: RequestMetrics::default(),
            plugins: plugins.map(|name| (name.clone(), Arc::default())).collect(),
        }
    }

    /// The counters of a plugin.
    pub(crate) fn plugin(&self, name: &str) -> Arc<PluginMetrics> {
        self.plugins.get(name).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_keeps_its_counters_while_a_version_has_it() {
        let metrics = PluginMetrics::default();
        let first = metrics.route(&Method::GET, "/a");
        first.record(Outcome::Success, Duration::ZERO);
        let again = metrics.route(&Method::GET, "/a");
        assert_eq!(again.count(Outcome::Success), 1);
        let other = metrics.route(&Method::POST, "/a");
        assert_eq!(other.count(Outcome::Success), 0);
        drop((first, again));
        let new = metrics.route(&Method::GET, "/a");
        assert_eq!(new.count(Outcome::Success), 0);
    }

    #[test]
    fn routes_of_versions_gone_are_forgotten() {
        let metrics = PluginMetrics::default();
        for number in 0..100 {
            metrics.route(&Method::GET, &format!("/{number}"));
        }
        let kept = metrics.routes.lock().expect("whole").len();
        assert_eq!(kept, 1);
    }

    #[test]
    fn a_status_is_of_its_class() {
        for (status, name) in [(200, "2xx"), (304, "3xx"), (499, "4xx"), (503, "5xx")] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(Outcome::of(status).name(), name);
        }
        // The counters are found by the variant's number.
        for (number, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, number);
        }
        for (number, failure) in StatementFailure::ALL.into_iter().enumerate() {
            assert_eq!(failure as usize, number);
        }
        for (number, failure) in CallFailure::ALL.into_iter().enumerate() {
            assert_eq!(failure as usize, number);
        }
    }
}
