//! Lines for the host's log, which adds the plugin, the route and the request.
//!
//! ```
//! use plinth::log;
//!
//! let (title, copies) = ("Emma", 3);
//! log::info!("{copies} copies of {title} sold");
//! ```
//!
//! In a unit test, away from a host, the lines go to the standard error.

use std::fmt;

pub use crate::bindings::plinth::host::log::Level;

#[doc(inline)]
pub use crate::{
    __log_debug as debug, __log_error as error, __log_info as info, __log_trace as trace,
    __log_warn as warn,
};

/// Writes a line of the given level; the macros of this module are shorter.
///
/// ```
/// use plinth::log::{self, Level};
///
/// log::write(Level::Info, "shop::checkout", format_args!("{} sold", 3));
/// ```
pub fn write(level: Level, target: &str, message: fmt::Arguments<'_>) {
    match message.as_str() {
        Some(text) => host::write(level, target, text),
        None => host::write(level, target, &message.to_string()),
    }
}

#[cfg(target_family = "wasm")]
use crate::bindings::plinth::host::log as host;

#[cfg(not(target_family = "wasm"))]
mod host {
    use super::Level;

    pub(super) fn write(level: Level, target: &str, message: &str) {
        eprintln!("{level:?} {target}: {message}");
    }
}

/// Writes an error: something is broken and somebody should look at it.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_error {
    ($($message:tt)+) => {
        $crate::log::write($crate::log::Level::Error, module_path!(), format_args!($($message)+))
    };
}

/// Writes a warning: it works, but probably not as it was meant.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_warn {
    ($($message:tt)+) => {
        $crate::log::write($crate::log::Level::Warn, module_path!(), format_args!($($message)+))
    };
}

/// Writes what happened, for whoever runs the host.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_info {
    ($($message:tt)+) => {
        $crate::log::write($crate::log::Level::Info, module_path!(), format_args!($($message)+))
    };
}

/// Writes a detail, for whoever develops the plugin.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug {
    ($($message:tt)+) => {
        $crate::log::write($crate::log::Level::Debug, module_path!(), format_args!($($message)+))
    };
}

/// Writes each step.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_trace {
    ($($message:tt)+) => {
        $crate::log::write($crate::log::Level::Trace, module_path!(), format_args!($($message)+))
    };
}
