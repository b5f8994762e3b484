//! What a Plinth plugin is written with.
//!
//! A plugin is a crate of models and handlers, compiled to a WebAssembly
//! component that the host loads. All of it is ordinary, synchronous Rust:
//!
//! ```
//! use plinth::prelude::*;
//!
//! /// Say hello.
//! #[get("/hello/{name}")]
//! fn hello(name: String) -> Json<String> {
//!     Json(format!("Hello, {name}!"))
//! }
//!
//! plinth::plugin! { routes: [hello] }
//! # fn main() {}
//! ```
//!
//! - [`http`]: handlers, what they read from a request, and what they answer.
//! - [`orm`]: models, and queries that the compiler checks.
//! - [`database`]: the databases behind them, for SQL of one's own.
//! - [`loader`]: many rows with one statement, by keys that come one at a time.
//! - [`config`]: the settings that the operator gives the plugin.
//! - [`log`]: lines for the host's log.
//! - [`prelude`]: the names that most files need.
//! - `testing`: a database for tests that run natively.
//!
//! The attributes [`get`], [`post`], [`put`], [`patch`] and [`delete`] make a
//! function a handler, and [`plugin!`] makes the crate a plugin.
//! Errors of the host and the database are an [`Error`]; what a client is told
//! is a [`Problem`](http::Problem), which an error becomes by `?`.

// The macros name the crate as plugins do.
#[cfg(test)]
extern crate self as plinth;

#[doc(hidden)]
pub mod bindings;
pub mod config;
pub mod database;
mod error;
pub mod http;
pub mod loader;
pub mod log;
pub mod orm;
mod pending;
#[doc(hidden)]
pub mod plugin;
pub mod prelude;
mod request;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use database::{Db, Interval};
pub use error::{Error, Result};
pub use jiff::Timestamp;
pub use jiff::civil::{Date, DateTime, Time};
pub use orm::{JsonRow, Model};
pub use pending::Pending;
pub use plinth_sdk_macros::{
    Choices, JsonRow, Model, Partial, create, delete, get, patch, post, put,
};
pub use request::Request;
pub use rust_decimal::Decimal;
pub use uuid::Uuid;

/// The examples of the macros, which are compiled and run with this crate.
#[cfg(doctest)]
mod macro_examples {
    #[doc = include_str!("../macros/src/docs/get.md")]
    struct Get;
    #[doc = include_str!("../macros/src/docs/post.md")]
    struct Post;
    #[doc = include_str!("../macros/src/docs/put.md")]
    struct Put;
    #[doc = include_str!("../macros/src/docs/patch.md")]
    struct Patch;
    #[doc = include_str!("../macros/src/docs/delete.md")]
    struct Delete;
    #[doc = include_str!("../macros/src/docs/model.md")]
    struct Model;
    #[doc = include_str!("../macros/src/docs/partial.md")]
    struct Partial;
    #[doc = include_str!("../macros/src/docs/choices.md")]
    struct Choices;
    #[doc = include_str!("../macros/src/docs/create.md")]
    struct Create;
    #[doc = include_str!("../macros/src/docs/json_row.md")]
    struct JsonRow;
}
