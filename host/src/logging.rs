//! Log lines: to standard error, as text for people or JSON for collectors.

use std::io::{BufWriter, IsTerminal};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::LogFormat;

/// Filters log lines, as `RUST_LOG` does elsewhere.
const FILTER_VARIABLE: &str = "PLINTH_LOG";

/// The file watcher tells of harmless races with cargo, the driver of tables
/// that exist already.
const DEFAULT_FILTER: &str = "info,notify=error,tokio_postgres=warn";

/// Lines that wait to be written. When they are more, whoever logs waits too: a
/// line is late rather than lost.
const LINES_MAX: usize = 10_000;

/// Starts logging for the whole process, each line written at once. Later calls
/// change nothing.
pub fn start(format: LogFormat) {
    start_with(format, std::io::stderr);
}

/// Starts logging for the whole process, with a thread that writes the lines, as
/// many as there are at once: written one by one, they cost a small request as
/// much as its answer does.
pub fn start_buffered(format: LogFormat) -> Flush {
    let builder = NonBlockingBuilder::default()
        .lossy(false)
        .buffered_lines_limit(LINES_MAX)
        .thread_name("plinth-log");
    let (writer, guard) = builder.finish(BufWriter::new(std::io::stderr()));
    start_with(format, writer);
    Flush(guard)
}

/// Writes the lines that wait, when it is dropped.
#[must_use = "dropped at once, it ends the log"]
pub struct Flush(#[expect(dead_code, reason = "held for its drop")] WorkerGuard);

fn start_with<W>(format: LogFormat, writer: W)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter =
        EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_writer(writer);
    // A second start finds a subscriber in place, which is as good.
    let _ = match format {
        LogFormat::Text => lines.compact().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
