//! The test kit: a real host in this process, on a port of its own, with a
//! database of its own on a private Postgres; and a client that speaks HTTP.
//!
//! - [`TestHost`]: the host, with the plugins a test asks for.
//! - [`ServeProcess`]: the same in a process of its own, as an operator runs it.
//! - [`TestDatabase`]: a database for a host that has several.
//! - [`ReplicatedPostgres`]: a primary and a standby that replays its changes.
//! - [`SilentNetwork`]: a way to a server on which nothing arrives any more.
//! - [`TlsPostgres`]: a server that TLS is spoken with, on a port of its own.
//! - [`Client`], [`Answer`]: requests and what came back.
//! - [`Metrics`]: what `/metrics` says; [`log_lines`]: what the log says of a request.
//! - [`native_database`], [`NativeDatabase`]: a database for the SDK's queries without a host,
//!   for one thread or several.
//! - [`component`]: plugins, built from their sources once per process.

mod client;
mod component;
mod database;
mod host;
mod log;
mod metrics;
mod native;
mod network;
mod process;
mod replica;
mod server;
mod tls;

pub use client::{Answer, Client};
pub use component::{component, folder};
pub use database::TestDatabase;
pub use host::{Options, TestHost};
pub use log::{keep_log, log_lines};
pub use metrics::Metrics;
pub use native::{NativeDatabase, native_database};
pub use network::SilentNetwork;
pub use process::{ServeProcess, serve};
pub use replica::ReplicatedPostgres;
pub use tls::TlsPostgres;
