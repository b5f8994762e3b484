//! The Plinth host as a library; the program `plinth` is a thin shell around it.
//!
//! The way of a request:
//!
//! - [`server`]: takes connections and reads requests within their limits.
//! - [`router`]: finds the plugin and the route for a method and a path.
//! - [`plugin`]: loads plugins, and calls their instances within their limits.
//! - [`capability`]: what a plugin can ask of the host, one module per WIT
//!   interface; [`wasi`] is the little that Rust's own library needs.
//! - [`problem`]: the answers that are no success.
//! - [`tally`]: what a request has asked of the host.
//!
//! What they stand on:
//!
//! - [`config`]: `plinth.toml`, every limit named and checked once.
//! - [`host`]: the engine, the databases and the plugins of a running host.
//! - [`isolation`]: a Postgres role and a schema for each plugin.
//! - [`engine`]: the wasm engine's settings and its clock.
//! - [`bindings`]: what is generated from `wit/`; [`state`]: a store's data.
//! - [`logging`]: log lines; [`metrics`]: what is counted; [`admin`] serves it
//!   to operators.
//!
//! For people:
//!
//! - [`cli`]: the command line, one module per command.
//! - [`dev`]: building plugins, watching them, a private Postgres.
//! - [`toolchain`]: the `wasm32-wasip2` target.
//! - [`progress`]: steps on the terminal.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use plinth_host::{config::Config, host::Host, server};
//!
//! # async fn embed() -> anyhow::Result<()> {
//! let config = Config::read("plinth.toml".as_ref())?;
//! let listener = server::bind(config.listen).await?;
//! let host = Arc::new(Host::start(config).await?);
//! server::serve(host, listener, std::future::pending()).await;
//! # Ok(()) }
//! ```

pub mod admin;
pub mod bindings;
pub mod budget;
pub mod capability;
pub mod cli;
pub mod config;
pub mod dev;
pub mod engine;
pub mod host;
pub mod isolation;
pub mod logging;
pub mod metrics;
pub mod parsers;
pub mod plugin;
pub mod problem;
pub mod progress;
mod recent;
pub mod router;
pub mod server;
pub mod state;
pub mod tally;
pub mod toolchain;
pub mod wasi;
