//! The Plinth host as a library; the binary `plinth` is a thin shell around it.
pub mod bindings;
pub mod capability;
pub mod cli;
pub mod config;
pub mod dev;
pub mod engine;
pub mod host;
pub mod logging;
pub mod plugin;
pub mod problem;
pub mod progress;
pub mod router;
pub mod server;
pub mod state;
pub mod toolchain;
pub mod wasi;
