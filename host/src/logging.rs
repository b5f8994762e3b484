//! Log lines: to standard error, as text for people or JSON for collectors.

use std::io::IsTerminal;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

mod queue;

pub(crate) use queue::dropped;

use queue::LineQueue;

/// Filters log lines, as `RUST_LOG` does elsewhere.
const FILTER_VARIABLE: &str = "PLINTH_LOG";

/// What is logged where the variable says nothing else.
const DEFAULT_FILTER: &str = "info";

/// What is logged of libraries that the variable does not name: the file watcher
/// tells of harmless races with cargo, and the driver whatever a plugin has
/// Postgres say, and at `debug` the values of statements.
const QUIET: [(&str, &str); 2] = [("notify", "error"), ("tokio_postgres", "warn")];

/// How long the end of the program waits for its last lines.
const FLUSHED_WITHIN: Duration = Duration::from_secs(1);

/// Starts logging for the whole process, with a thread that writes the lines.
/// Nobody waits for it: lines that are not read fast enough are dropped, and
/// counted. Later calls change nothing.
pub fn start(format: LogFormat) -> Flush {
    let filter = std::env::var(FILTER_VARIABLE).unwrap_or_default();
    let filter = EnvFilter::try_new(with_quiet(&filter))
        .unwrap_or_else(|_| EnvFilter::new(with_quiet(DEFAULT_FILTER)));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let queue = LineQueue::default();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_writer(queue.clone());
    // A second start finds a subscriber in place, which is as good.
    let started = match format {
        LogFormat::Text => lines.compact().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if started.is_ok() {
        queue
            .write_to(std::io::stderr())
            .expect("a thread can be started");
    }
    Flush(queue)
}

/// Waits for the last lines, when it is dropped, and not for long.
#[must_use = "dropped at the end of the program"]
pub struct Flush(LineQueue);

impl Drop for Flush {
    fn drop(&mut self) {
        self.0.flush(FLUSHED_WITHIN);
    }
}

fn with_quiet(filter: &str) -> String {
    let filter = if filter.is_empty() {
        DEFAULT_FILTER
    } else {
        filter
    };
    let quiet = QUIET.into_iter().filter(|(name, _)| !filter.contains(name));
    let quiet = quiet.map(|(name, level)| format!(",{name}={level}"));
    filter.to_owned() + &quiet.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_quiet_unless_they_are_named() {
        for (filter, expected) in [
            ("", "info,notify=error,tokio_postgres=warn"),
            (
                "plinth::access=off,info",
                "plinth::access=off,info,notify=error,tokio_postgres=warn",
            ),
            (
                "debug,tokio_postgres=info",
                "debug,tokio_postgres=info,notify=error",
            ),
        ] {
            assert_eq!(with_quiet(filter), expected);
        }
    }
}
