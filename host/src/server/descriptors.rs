//! File descriptors: whether there are enough for all the connections that the
//! configuration allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// What the host needs besides its connections: listeners, files, the log.
const OTHERS: u64 = 128;

/// Asks the system for as many descriptors as the configuration needs, and says so
/// in the log where it does not give them.
pub(crate) fn provide(config: &Config) {
    let needed = needed(config);
    let limit = getrlimit(Resource::Nofile);
    let is_enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    if is_enough(limit.current) {
        return;
    }
    // As far as the system lets any process go by itself.
    let wanted = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(wanted),
            ..limit
        },
    );
    let current = getrlimit(Resource::Nofile).current;
    if raised.is_err() || !is_enough(current) {
        tracing::warn!(
            target: "plinth::server",
            "server.connections_max = {} and the databases' connections need {needed} file \
             descriptors, and the system gives {}: raise the limit (ulimit -n, LimitNOFILE=) or \
             lower connections_max; connections beyond it wait to be accepted",
            config.server.connections_max,
            current.map_or("any number".to_owned(), |current| current.to_string()),
        );
    }
}

fn needed(config: &Config) -> u64 {
    let databases = config.databases.values();
    let databases: usize = databases
        .map(|database| database.limits.connections_max)
        .sum();
    (config.server.connections_max as u64)
        .saturating_add(databases as u64)
        .saturating_add(OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_needs_one() {
        let mut config = Config::parse("listen = \"127.0.0.1:0\"").expect("valid");
        config.server.connections_max = 1_000;
        assert_eq!(needed(&config), 1_000 + OTHERS);
    }
}
