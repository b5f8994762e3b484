//! Benchmarks of the Plinth host. What they print is Markdown for
//! `docs/benchmarks.md`; what they do meanwhile goes to standard error.
//!
//! - [`load`]: requests on a host and on a native server doing the same work.
//! - [`reload`]: from a plugin's new bytes to its first answer.
//! - [`size`]: the `.wasm` files of the plugins.
//! - [`seed`]: loading the bookstore's demonstration data.
//! - [`database`]: operations on the database through a guest, natively and in
//!   psycopg 3.
//! - [`soak`]: a host whose connections to Postgres are killed.
//! - [`orm`]: what queries cost in a plugin, and models in its file.
//!
//! Shared by them: [`stability`] decides which figure is a result,
//! [`timings`] holds how long single events took, [`cpu`] reads the time of
//! threads, [`connection`] asks, [`plugins`] builds, [`running_host`] serves,
//! [`report`] prints.

mod connection;
mod cpu;
mod database;
mod load;
mod orm;
mod plugins;
mod reload;
mod report;
mod running_host;
mod seed;
mod size;
mod soak;
mod stability;
mod timings;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;

// The allocator of the `plinth` binary, for it and the native server alike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the Plinth host and prints Markdown tables.
///
/// A rate is only printed as a result when it was measured in a release build,
/// over at least 3 runs of at least 5 seconds, whose jitter, (max - min) /
/// median / 2, is at most 5 %.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Load(load::Args),
    Reload(reload::Args),
    /// Builds hello and the bookstore for production and fails when one is too
    /// large.
    Size,
    Seed(seed::Args),
    Orm(orm::Args),
    Database(database::Args),
    #[command(hide = true)]
    DatabasePeer(database::PeerArgs),
    Soak(soak::Args),
    #[command(hide = true)]
    SoakHost(soak::HostArgs),
}

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<()> {
    match command {
        // A size does not depend on how the program that reads it was built.
        Command::Size => size::run(),
        // Neither does what is lost.
        Command::Soak(args) => soak::run(args),
        Command::SoakHost(args) => soak::serve(args),
        _ if cfg!(debug_assertions) => {
            bail!("a debug build measures nothing of use: run it with `cargo run --release`")
        }
        Command::Load(args) => load::run(args),
        Command::Reload(args) => reload::run(args),
        Command::Seed(args) => seed::run(args),
        Command::Orm(args) => orm::run(args),
        Command::Database(args) => database::run(args),
        Command::DatabasePeer(args) => database::serve(args),
    }
}
