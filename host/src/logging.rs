//! Log lines: to standard error, as text for people or JSON for collectors.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Filters log lines, as `RUST_LOG` does elsewhere.
const FILTER_VARIABLE: &str = "PLINTH_LOG";

/// The file watcher tells of harmless races with cargo, the driver of tables
/// that exist already.
const DEFAULT_FILTER: &str = "info,notify=error,tokio_postgres=warn";

/// Starts logging for the whole process. Later calls change nothing.
pub fn start(format: LogFormat) {
    let filter =
        EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_writer(std::io::stderr);
    // A second start finds a subscriber in place, which is as good.
    let _ = match format {
        LogFormat::Text => lines.compact().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
