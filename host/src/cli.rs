//! The command line: one module per command.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::capability::log;

mod build;
mod dev;
mod doctor;
mod migrate;
mod new;
mod routes;
mod serve;
mod stop;

/// A host for web applications written as WebAssembly plugins.
///
/// A plugin is a Rust crate with models, queries and handlers. Plinth runs it in
/// a sandbox and owns the rest: HTTP, the database connections, the limits.
#[derive(Debug, Parser)]
#[command(name = "plinth", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
A first plugin, from nothing to http://127.0.0.1:8000/:
    plinth new blog && plinth dev blog

PLINTH_LOG filters log lines, for example PLINTH_LOG=warn or PLINTH_LOG=plinth::access=off,info.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new plugin that builds and serves at once.
    New(new::Args),
    /// Build a plugin, serve it, and serve each save.
    Dev(dev::Args),
    /// Build a plugin for production and print its size.
    Build(build::Args),
    /// Create what plugins need in a database: roles, schemas, tables.
    Migrate(migrate::Args),
    /// Serve the plugins that a plinth.toml names.
    Serve(serve::Args),
    /// List the routes that plugins answer.
    Routes(routes::Args),
    /// Check what building and serving plugins needs, and say what to do.
    Doctor(doctor::Args),
}

/// Runs a command to its end.
///
/// # Errors
///
/// When it fails; the message is for the person who typed it.
pub async fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::New(args) => new::run(&args),
        Command::Dev(args) => dev::run(args).await,
        Command::Build(args) => build::run(args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Routes(args) => routes::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
    }
}

/// What went wrong, for a terminal: nothing of it moves the cursor or passes for
/// something else.
pub fn explain(error: &anyhow::Error) -> String {
    log::lines(&format!("{error:#}"))
}
