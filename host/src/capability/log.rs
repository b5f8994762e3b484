//! `wit/log.wit`: a plugin's lines in the host's log.

use crate::bindings::plinth::host::log::{Host, Level};
use crate::state::State;

mod line;
mod rate;

pub(crate) use line::{check, is_plain, lines, one_line, one_line_of};
pub use rate::LogRate;

use line::LINE_BYTES_MAX;
use rate::Admission;

/// A longer name of where a line comes from is cut.
const MODULE_BYTES_MAX: usize = 256;

/// Writes a line with the plugin, the route and the request it belongs to.
/// A macro, because `tracing` wants the level when it compiles.
macro_rules! line {
    ($level:ident, $LEVEL:ident, $state:expr, $module:expr, $message:expr) => {
        if tracing::enabled!(target: "plinth::plugin", tracing::Level::$LEVEL)
            && admits($state, $message)
        {
            tracing::$level!(
                target: "plinth::plugin",
                plugin = %$state.granted.plugin,
                route = %$state.request.route(),
                request_id = %$state.request.id(),
                module = %one_line_of($module, MODULE_BYTES_MAX),
                "{}", one_line($message)
            )
        }
    };
}

impl Host for State {
    fn write(&mut self, level: Level, target: String, message: String) -> wasmtime::Result<()> {
        match level {
            Level::Trace => line!(trace, TRACE, self, &target, &message),
            Level::Debug => line!(debug, DEBUG, self, &target, &message),
            Level::Info => line!(info, INFO, self, &target, &message),
            Level::Warn => line!(warn, WARN, self, &target, &message),
            Level::Error => line!(error, ERROR, self, &target, &message),
        }
        Ok(())
    }
}

/// Writes what a plugin printed to its standard error, which is where a panic
/// explains itself.
pub(crate) fn stderr_line(state: &State, message: &str) {
    line!(error, ERROR, state, "stderr", message);
}

/// Whether a plugin may still log that much.
fn admits(state: &State, message: &str) -> bool {
    let granted = &state.granted;
    match granted.log_rate.admit(message.len().min(LINE_BYTES_MAX)) {
        Admission::Dropped => {
            granted.metrics.log_lines_dropped.increment();
            return false;
        }
        Admission::Written { dropped_before: 0 } => {}
        Admission::Written { dropped_before } => tracing::warn!(
            target: "plinth::log",
            plugin = %granted.plugin,
            lines = dropped_before,
            "lines of the plugin were dropped: it logs more than log_bytes_per_second_max"
        ),
    }
    true
}
