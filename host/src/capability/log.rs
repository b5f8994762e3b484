//! `wit/log.wit`: a plugin's lines in the host's log.

use std::borrow::Cow;

use crate::bindings::plinth::host::log::{Host, Level};
use crate::state::State;

/// A longer line is cut: a plugin must not fill the disk with one call.
const LINE_BYTES_MAX: usize = 16 << 10;

/// Writes a line with the plugin, the route and the request it belongs to.
/// A macro, because `tracing` wants the level when it compiles.
macro_rules! line {
    ($level:ident, $state:expr, $module:expr, $message:expr) => {
        tracing::$level!(
            target: "plinth::plugin",
            plugin = %$state.granted.plugin,
            route = %$state.request.route(),
            request_id = %$state.request.id(),
            module = %one_line($module),
            "{}", one_line($message)
        )
    };
}

impl Host for State {
    fn write(&mut self, level: Level, target: String, message: String) -> wasmtime::Result<()> {
        match level {
            Level::Trace => line!(trace, self, &target, &message),
            Level::Debug => line!(debug, self, &target, &message),
            Level::Info => line!(info, self, &target, &message),
            Level::Warn => line!(warn, self, &target, &message),
            Level::Error => line!(error, self, &target, &message),
        }
        Ok(())
    }
}

/// Writes what a plugin printed to its standard error, which is where a panic
/// explains itself.
pub(crate) fn stderr_line(state: &State, message: &str) {
    line!(error, state, "stderr", message);
}

/// A text as one line of bounded length: a plugin, or what it logs of a client,
/// must not write lines that look like the host's own.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    let short = &text[..text.floor_char_boundary(LINE_BYTES_MAX)];
    if short.contains(char::is_control) {
        Cow::Owned(short.escape_debug().to_string())
    } else {
        Cow::Borrowed(short)
    }
}

/// Reads any bytes: see [`crate::parsers`].
pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let line = one_line(&text);
    assert!(!line.contains(char::is_control), "{line:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let long = "é".repeat(LINE_BYTES_MAX);
        assert_eq!(one_line(&long).len(), LINE_BYTES_MAX);
        assert_eq!(one_line(&format!("a{long}")).len(), LINE_BYTES_MAX - 1);
        assert_eq!(one_line("short"), "short");
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(
            one_line("a\nINFO plinth::access: b"),
            "a\\nINFO plinth::access: b"
        );
        assert_eq!(one_line("\x1b[2J"), "\\u{1b}[2J");
    }
}
