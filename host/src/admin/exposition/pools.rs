//! The pools of connections to the databases.

use std::fmt;

use super::Families;
use crate::bindings::plinth::host::database::PoolStatistics;
use crate::host::Host;
use crate::metrics::{Counter, PoolMetrics};

/// A gauge of each pool: its name, its help, its value.
type Gauge = (&'static str, &'static str, fn(&PoolStatistics) -> u32);

/// The same for what only grows.
type Growing = (&'static str, &'static str, fn(&PoolMetrics) -> &Counter);

const GAUGES: [Gauge; 7] = [
    (
        "plinth_pool_connections",
        "Connections that are open",
        |pool| pool.connections,
    ),
    (
        "plinth_pool_connections_idle",
        "Open connections that nobody uses",
        |pool| pool.idle,
    ),
    (
        "plinth_pool_connections_busy",
        "Open connections in use",
        |pool| pool.connections.saturating_sub(pool.idle),
    ),
    (
        "plinth_pool_connections_max",
        "The most there may be",
        |pool| pool.connections_max,
    ),
    (
        "plinth_pool_lanes",
        "Connections shared by single statements",
        |pool| pool.lanes,
    ),
    (
        "plinth_pool_waiting",
        "Calls that wait for a connection",
        |pool| pool.waiting,
    ),
    (
        "plinth_pool_prepared_statements",
        "Prepared statements kept",
        |pool| pool.statements,
    ),
];

const COUNTERS: [Growing; 7] = [
    (
        "plinth_pool_connections_opened",
        "Connections made",
        |pool| &pool.opened,
    ),
    (
        "plinth_pool_connections_closed",
        "Connections that ended",
        |pool| &pool.closed,
    ),
    (
        "plinth_pool_connections_lost",
        "Connections that broke",
        |pool| &pool.lost,
    ),
    (
        "plinth_pool_connect_failures",
        "Connections that could not be made",
        |pool| &pool.connect_failures,
    ),
    (
        "plinth_pool_acquire_timeouts",
        "Waits for a connection that were given up",
        |pool| &pool.acquire_timeouts,
    ),
    (
        "plinth_pool_lane_statements",
        "Statements answered on a shared connection",
        |pool| &pool.lane_statements,
    ),
    (
        "plinth_pool_lane_restarts",
        "Statements begun anew off a lane that was held",
        |pool| &pool.lane_restarts,
    ),
];

pub(super) fn pools(out: &mut Families<'_, '_>, host: &Host) -> fmt::Result {
    // Each pool once, so that its numbers are of one moment.
    let pools: Vec<_> = host
        .databases()
        .map(|(plugin, database, pool)| ([("plugin", plugin), ("database", database)], pool))
        .map(|(labels, pool)| (labels, pool.statistics(), pool.metrics()))
        .collect();
    for (name, help, value) in GAUGES {
        let mut family = out.gauge(name, help)?;
        for (labels, statistics, _) in &pools {
            family.value(*labels, value(statistics) as usize)?;
        }
    }
    for (name, help, counter) in COUNTERS {
        let mut family = out.counter(name, help)?;
        for (labels, _, metrics) in &pools {
            family.count(*labels, counter(metrics).get())?;
        }
    }
    Ok(())
}
